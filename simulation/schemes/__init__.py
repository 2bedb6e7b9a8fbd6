"""Planted wrongdoing: each scheme follows a description of how such things happen, never a model's query.

In a village with wrongdoing one official plots, and several schemes hang together through that official.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from simulation.schemes.assets import rent_below_market, rent_uncollected
from simulation.schemes.assistance import (
    allowances_of_others,
    benefit_after_death,
    farmland_over_holding,
    firm_owner_on_allowance,
    kin_on_allowance,
    startup_without_business,
)
from simulation.schemes.labour import invented_labour, official_draws_labour, overreported_days
from simulation.schemes.money import (
    blank_seal,
    contract_without_meeting,
    invoice_twice,
    money_to_private_account,
    pay_over_standard,
)
from simulation.schemes.plots import Plot, Scheme
from simulation.schemes.works import kin_firm_purchases, split_works
from simulation.village import Post, Village

SCHEMES: Final = (
    Scheme("benefit_after_death", benefit_after_death, {"member": 4, "accountant": 3, "secretary": 1}, 0.35),
    Scheme(
        "firm_owner_on_allowance", firm_owner_on_allowance, {"member": 4, "secretary": 2, "director": 2}, 0.45
    ),
    Scheme("kin_on_allowance", kin_on_allowance, {"secretary": 8, "director": 6, "member": 6}, 0.65),
    Scheme("allowances_of_others", allowances_of_others, {"member": 4, "accountant": 3}, 0.5),
    Scheme("startup_without_business", startup_without_business, {"member": 3, "director": 2}, 0.3),
    Scheme(
        "farmland_over_holding",
        farmland_over_holding,
        {"secretary": 3, "accountant": 3, "director": 3, "member": 2},
        0.4,
    ),
    Scheme("invented_labour", invented_labour, {"director": 3, "accountant": 4, "secretary": 2}, 0.45),
    Scheme("overreported_days", overreported_days, {"director": 3, "accountant": 3, "member": 2}, 0.35),
    Scheme(
        "official_draws_labour", official_draws_labour, {"director": 3, "member": 4, "secretary": 1}, 0.55
    ),
    Scheme("pay_over_standard", pay_over_standard, {"secretary": 3, "director": 3, "accountant": 3}, 0.3),
    Scheme("split_works", split_works, {"secretary": 5, "director": 5}, 0.55),
    Scheme("kin_firm_purchases", kin_firm_purchases, {"secretary": 4, "director": 4, "accountant": 1}, 0.5),
    Scheme("rent_below_market", rent_below_market, {"secretary": 5, "director": 4}, 0.6),
    Scheme("rent_uncollected", rent_uncollected, {"secretary": 4, "director": 4, "accountant": 2}, 0.6),
    Scheme("contract_without_meeting", contract_without_meeting, {"secretary": 5, "director": 3}, 0.5),
    Scheme("blank_seal", blank_seal, {"secretary": 2, "accountant": 5}, 0.3),
    Scheme("invoice_twice", invoice_twice, {"accountant": 6, "secretary": 3, "director": 3}, 0.2),
    Scheme("money_to_private_account", money_to_private_account, {"accountant": 5, "secretary": 3}, 0.4),
)
PLOTTERS: Final = {"secretary": 38, "director": 24, "accountant": 23, "member": 15}
MONTHS_LEFT: Final = 9  # a plot begins at least this long before the period ends


def plot(village: Village, *, rate: float) -> None:
    """Plant wrongdoing in this village with probability `rate`: one official, one to six schemes."""
    rnd = village.rnd
    if rnd.random() >= rate:
        return
    post = _plotter(village)
    span = (village.period.end - village.period.start).days - MONTHS_LEFT * 30
    begin = max(village.period.start, post.start) + timedelta(days=round(span * rnd.random() * 0.8))
    wanted = 1 + min(5, int(rnd.expovariate(0.6)))
    boldness = rnd.betavariate(1.7, 2.0)
    for scheme in _by_affinity(village, post):
        if wanted == 0:
            break
        intensity = min(0.98, max(0.02, rnd.gauss(boldness, 0.12)))
        start = min(begin + timedelta(days=rnd.randint(0, 150)), village.period.end - timedelta(days=200))
        truth = scheme.plant(Plot(village, post.resident, start, intensity))
        if truth is not None:
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
