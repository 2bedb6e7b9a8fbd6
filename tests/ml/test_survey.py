"""Precision, prevalence and recall of the list: right on average, and intervals that cover what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from ml.sampling import Candidate, draw
from ml.survey import LEAST_CASES, Answer, estimate, kappa, share

NAN = float("nan")


def weeks_of_verification(seed: int, *, weeks: int, rate: float, villages: int = 120, undecided: float = 0.0):
    """A made-up county verified for some weeks, scores worth something; the answer and the true figures."""
    random = np.random.default_rng(seed)
    top, quota, propensity, below = [], [], [], 0
    listed = wrong = total = listed_wrong = 0
    for week in range(weeks):
        truth = random.uniform(size=villages) < rate
        risk = random.normal(size=villages) + 1.5 * truth
        candidates = [
            Candidate(id=f"{n:04d}", town=f"t{n % 4}", risk=float(risk[n]), anomaly=0.0)
            for n in range(villages)
        ]
        drawn = draw(candidates, capacity={f"t{n}": 2 for n in range(4)}, seed=seed * 1_000 + week)
        for case in drawn.cases:
            label = float(truth[int(case.id)])
            seen = NAN if random.uniform() < undecided else label
            if case.by == "score":
                top.append(seen)
                listed += 1
                listed_wrong += int(label)
            else:
                quota.append(seen)
                propensity.append(case.propensity)
        below += sum(drawn.below)
        wrong += int(truth.sum())
        total += villages
    answer = Answer(np.array(top), np.array(quota), np.array(propensity), below)
    return answer, {"prevalence": wrong / total, "recall": listed_wrong / wrong}


@pytest.mark.parametrize(("weeks", "rate", "undecided"), [(4, 0.1, 0.0), (26, 0.1, 0.0), (26, 0.04, 0.2)])
def test_intervals_and_bounds_cover_the_truth(weeks, rate, undecided):
    """120 made-up histories: at least 95 % minus three standard errors of them are covered."""
    histories = 120
    covered = dict.fromkeys(("prevalence", "recall"), 0)
    for seed in range(histories):
        answer, truth = weeks_of_verification(seed, weeks=weeks, rate=rate, undecided=undecided)
        told = estimate(answer)
        for name, value in truth.items():
            figure = getattr(told, name)
            covered[name] += figure.low <= value <= figure.high
    least = 0.95 - 3 * np.sqrt(0.95 * 0.05 / histories)
    assert min(covered.values()) / histories >= least, covered


def test_the_estimates_are_right_on_average():
    figures = [estimate(weeks_of_verification(seed, weeks=40, rate=0.1)[0]) for seed in range(24)]
    truths = [weeks_of_verification(seed, weeks=40, rate=0.1)[1] for seed in range(24)]
    for name in ("prevalence", "recall"):
        told = np.array([getattr(figure, name).value for figure in figures])
        true = np.array([truth[name] for truth in truths])
        assert not np.isnan(told).any()
        assert abs(np.mean(told - true)) < 4 * np.std(told - true) / np.sqrt(len(told)) + 0.01


def test_unweighted_the_share_would_be_too_high():
    """The quota draws more where more is expected: without weights it speaks for nobody."""
    weighted, plain = [], []
    for seed in range(8):
        answer, _ = weeks_of_verification(seed, weeks=40, rate=0.1)
        weighted.append(share(answer.quota, weights=1 / answer.propensity).value)
        plain.append(share(answer.quota).value)
    assert np.nanmean(plain) > np.nanmean(weighted)


def test_few_cases_give_a_bound_on_one_side_and_no_number():
    none = share(np.zeros(8))
    assert (none.bound, none.low, none.cases) == ("at_most", 0.0, 8)
    assert np.isnan(none.value)
    assert none.high == pytest.approx(1 - 0.05 ** (1 / 8))  # the exact bound for no success in eight
    all_of_them = share(np.ones(8))
    assert (all_of_them.bound, all_of_them.high) == ("at_least", 1.0)
    assert all_of_them.low == pytest.approx(0.05 ** (1 / 8))
    assert share(np.array([NAN, NAN])).bound == "unknown"


def test_many_cases_give_an_interval():
    told = share(np.array([1.0] * 12 + [0.0] * 28))
    assert told.bound == "both"
    assert (told.value, told.cases, told.confirmed) == (0.3, 40, 12)
    assert told.low == pytest.approx(0.1656, abs=1e-3)
    assert told.high == pytest.approx(0.4653, abs=1e-3)


def test_recall_needs_the_quota():
    """The list alone cannot say what it misses."""
    told = estimate(Answer(np.ones(50), np.array([]), np.array([]), 300))
    assert told.precision.bound == "at_least"
    assert told.recall.bound == told.prevalence.bound == "unknown"


def test_nothing_found_anywhere_does_not_make_up_a_recall():
    told = estimate(Answer(np.zeros(50), np.zeros(40), np.full(40, 0.05), 800))
    assert told.precision.bound == told.below.bound == "at_most"
    assert told.recall.bound == "unknown"
    assert told.prevalence.bound == "at_most"


def test_kappa_is_cohens_and_silent_for_few():
    random = np.random.default_rng(0)
    first = random.choice(["confirmed", "refuted"], size=60).tolist()
    second = [one if random.uniform() < 0.8 else "refuted" for one in first]
    told = kappa(first, second)
    assert told.value == pytest.approx(cohen_kappa_score(first, second))
    assert told.low < told.value < told.high
    assert told.confirmed == sum(one == other for one, other in zip(first, second, strict=True))
    assert kappa(first[: LEAST_CASES - 1], second[: LEAST_CASES - 1]).bound == "unknown"
    assert kappa(["refuted"] * 60, ["refuted"] * 60).bound == "unknown"
