"""Planted wrongdoing: each scheme follows a description of how such things happen, never a model's query.

In a village with wrongdoing one official plots, and several schemes hang together through that official.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from simulation.schemes.catalogue import SCHEMES
from simulation.schemes.plots import Plot, Scheme
from simulation.village import Post, Village

__all__ = ["SCHEMES", "plot"]

PLOTTERS: Final = {"secretary": 38, "director": 24, "accountant": 23, "member": 15}
FEWEST_SCHEMES = 1  # one official's; a test that wants to see every scheme raises them
MOST_SCHEMES = 6
MONTHS_LEFT: Final = 9  # a plot begins at least this long before the period ends


def plot(village: Village, *, rate: float) -> None:
    """Plant wrongdoing in this village with probability `rate`: one official, one to six schemes."""
    rnd = village.rnd
    if rnd.random() >= rate:
        return
    post = _plotter(village)
    span = (village.period.end - village.period.start).days - MONTHS_LEFT * 30
    begin = max(village.period.start, post.start) + timedelta(days=round(span * rnd.random() * 0.8))
    wanted = FEWEST_SCHEMES + min(MOST_SCHEMES - FEWEST_SCHEMES, int(rnd.expovariate(0.6)))
    boldness = rnd.betavariate(1.7, 2.0)
    for scheme in _by_affinity(village, post):
        if wanted == 0:
            break
        intensity = min(0.98, max(0.02, rnd.gauss(boldness, 0.12)))
        start = min(begin + timedelta(days=rnd.randint(0, 150)), village.period.end - timedelta(days=200))
        truth = scheme.plant(Plot(village, post.resident, start, intensity))
        if truth is not None:
            truth.field = scheme.field
            truth.conspicuous = scheme.shows * (0.35 + 0.65 * intensity)
            village.truth.append(truth)
            wanted -= 1


def _plotter(village: Village) -> Post:
    """An official in office through most of the period."""
    late = village.period.end - timedelta(days=200)
    serving = [post for post in village.posts if post.post in PLOTTERS and post.held(late)]
    return village.rnd.choices(serving, [PLOTTERS[post.post] for post in serving])[0]


def _by_affinity(village: Village, post: Post) -> list[Scheme]:
    """All schemes in random order, those that lie near the post first."""
    return sorted(
        SCHEMES, key=lambda scheme: -(scheme.posts.get(post.post, 0.4) ** 0.5) * village.rnd.random()
    )
