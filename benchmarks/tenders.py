"""Bid screens on tenders that were judged collusive or not, in three places: our models beside their peers.

    python -m benchmarks tenders                    # all places, five repeats
    python -m benchmarks.tenders <data> brazil 5    # one place, so many repeats

Trained per place, five stratified folds by tender, repeated; only amounts are read: dates, sites and ids of firms
and tenders leak the label. Balanced accuracy and AUC of `ml.tenders.TenderModel` beside LightGBM and a random
forest, both with balanced classes, each (a) on the eight screens of García Rodríguez et al. (2022) and (b) on all
of `features.tender.screens`, in the same folds. The yes/no of ours is settled inside the training folds.

Intervals are of the difference to the better peer on all screens: over repeats (Student's t; repeats share their
tenders, so it says how much the dealing of folds matters) and over tenders drawn with replacement (what matters for
other tenders of the place).

Chosen with these places in view: the weights of the directional score, the four members of the model with their
settings, and the votes that tenders give. To show how far that could flatter, "one member chosen elsewhere" is the
single member that does best in the other two places. "New sites" (Italy) deals out whole sites: tenders of a site
and day have nearly the same bidders, and folds by tender let a model remember them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from benchmarks.printing import print_table
from features.tender import BIDS, SCREENS, screens
from ml.tender_members import MEMBERS
from ml.tenders import TenderModel, screen_score

PLACES: Final = {"brazil": "Brazil", "italy": "Italy", "ch_gr_sg": "Switzerland GR/SG"}
ANCHORS: Final = {"brazil": 0.855, "italy": 0.826, "ch_gr_sg": 0.655}
"""Published-style balanced accuracy of the better of LightGBM and random forest."""
REPEATS: Final = 5
FOLDS: Final = 5
SEEDS: Final = 10
RESAMPLES: Final = 400

OURS, BOOSTED, FOREST = "ours", "LightGBM", "random forest"
FEW, ALL = "8 screens", "all screens"

Folds = Iterator[tuple[np.ndarray, np.ndarray]]
Scores = dict[str, np.ndarray]
"""Per model the score of every tender in every repeat, shape (repeats, tenders); from 0.5 on "collusive"."""


def main(data: Path, *, places: tuple[str, ...] = tuple(PLACES), repeats: int = REPEATS) -> None:
    """Measure the places and print the tables."""
    path = data / "tenders" / "bid_rigging_cases.parquet"
    if not path.exists():
        print(f"{path} is not there: nothing measured")
        return
    bids = pd.read_parquet(
        path, columns=["dataset", "tender", "competitor", "bid_value", "collusive", "site"]
    )
    bids = bids.rename(columns={"competitor": "bidder", "bid_value": "amount"})
    unsupervised, trained, differences, members = [], [], [], {}
    for place in places:
        found, truth, sites = _of_place(bids[bids["dataset"] == place])
        unsupervised.append(directional_line(PLACES[place], found, truth))
        scores = cross_validated(found, truth, repeats=repeats)
        members[place] = scores
        trained += [
            _row(PLACES[place], name, truth, scores[name], ANCHORS[place]) for name in _models(scores)
        ]
        differences.append(_difference(PLACES[place], truth, scores))
        if place == "italy":
            grouped = cross_validated(found, truth, repeats=min(repeats, 2), sites=sites)
            trained += [
                _row("Italy, new sites", name, truth, grouped[name], None) for name in _models(grouped)
            ]
    truths = {place: _of_place(bids[bids["dataset"] == place])[1] for place in places}
    _print(unsupervised, trained, differences, _chosen_elsewhere(members, truths))


def cross_validated(
    found: pd.DataFrame, truth: np.ndarray, *, repeats: int, sites: np.ndarray | None = None
) -> Scores:
    """Scores of every tender by models that had not seen it (nor its site, if `sites` are given)."""
    inputs = {FEW: found[[BIDS, *SCREENS]], ALL: found}
    scores = {
        f"{model}, {on}": np.full((repeats, len(truth)), np.nan)
        for on in inputs
        for model in (OURS, BOOSTED, FOREST)
    }
    scores |= {member: np.full((repeats, len(truth)), np.nan) for member in MEMBERS}
    for repeat in range(repeats):
        for train, test in _folds(found, truth, sites=sites, seed=repeat):
            for on, screens_of in inputs.items():
                own = TenderModel(random_state=repeat).fit(screens_of.iloc[train], truth[train])
                scores[f"{OURS}, {on}"][repeat, test] = own.score(screens_of.iloc[test])
                typical = screens_of.iloc[train].median()
                learn, judge = (screens_of.iloc[rows].fillna(typical).fillna(0.0) for rows in (train, test))
                for name, peer in _peers(repeat).items():
                    fitted = peer.fit(learn, truth[train])
                    scores[f"{name}, {on}"][repeat, test] = np.asarray(fitted.predict_proba(judge))[:, 1]
            parts = own.members(found.iloc[test])
            for column, member in enumerate(MEMBERS):
                scores[member][repeat, test] = parts[:, column]
    return scores


def directional_line(name: str, found: pd.DataFrame, truth: np.ndarray) -> list[str]:
    """One line of the table without labels."""
    filled = found[[BIDS, *SCREENS]]
    filled = filled.fillna(filled.median())
    forests = [-IsolationForest(random_state=seed).fit(filled).score_samples(filled) for seed in range(SEEDS)]
    scores: dict[str, list[np.ndarray]] = {
        "ours": [screen_score(found)],
        "forest": forests,
        "cv": [-filled["CV"].to_numpy()],
    }
    drawn = {key: _resampled(roc_auc_score, truth, values[0]) for key, values in scores.items()}
    means = {key: np.mean([roc_auc_score(truth, s) for s in values]) for key, values in scores.items()}
    return [
        name,
        str(len(truth)),
        f"{truth.mean():.0%}",
        *(f"{means[key]:.3f} ± {drawn[key].std():.3f}" for key in ("ours", "forest", "cv")),
        f"{means['ours'] - means['cv']:+.3f} ± {(drawn['ours'] - drawn['cv']).std():.3f}",
    ]


def _of_place(bids: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Screens, labels, and the sites, which serve to deal out folds only."""
    found = screens(bids[["tender", "bidder", "amount"]])
    about = bids.groupby("tender")[["collusive", "site"]].max().loc[found.index]
    return found, about["collusive"].to_numpy(dtype=np.float64), about["site"].to_numpy()


def _folds(found: pd.DataFrame, truth: np.ndarray, *, sites: np.ndarray | None, seed: int) -> Folds:
    if sites is None:
        yield from StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(found, truth)
    else:
        yield from StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(found, truth, sites)


def _peers(seed: int) -> dict[str, lgb.LGBMClassifier | RandomForestClassifier]:
    return {
        BOOSTED: lgb.LGBMClassifier(class_weight="balanced", random_state=seed, n_jobs=1, verbosity=-1),
        FOREST: RandomForestClassifier(300, class_weight="balanced", random_state=seed, n_jobs=1),
    }


def _models(scores: Scores) -> list[str]:
    return [name for name in scores if name not in MEMBERS]


def _called(truth: np.ndarray, score: np.ndarray) -> float:
    return float(balanced_accuracy_score(truth, score >= 0.5))


def _row(place: str, model: str, truth: np.ndarray, scores: np.ndarray, anchor: float | None) -> list[str]:
    accuracy = np.array([_called(truth, score) for score in scores])
    area = np.array([roc_auc_score(truth, score) for score in scores])
    to_anchor = "" if anchor is None else f"{100 * (accuracy.mean() - anchor):+.1f}"
    return [
        place,
        model,
        *(f"{100 * v.mean():.1f} ± {100 * v.std(ddof=1):.1f}" for v in (accuracy, area)),
        to_anchor,
    ]


def _difference(place: str, truth: np.ndarray, scores: Scores) -> list[str]:
    """Ours less the better peer on all screens, with 95 % intervals over repeats and over tenders."""
    line = [place]
    for measure in (_called, roc_auc_score):
        means = {p: np.mean([measure(truth, s) for s in scores[f"{p}, {ALL}"]]) for p in (BOOSTED, FOREST)}
        peer = max(means, key=lambda name: means[name])
        pairs = list(zip(scores[f"{OURS}, {ALL}"], scores[f"{peer}, {ALL}"], strict=True))
        gains = np.array([measure(truth, ours) - measure(truth, theirs) for ours, theirs in pairs])
        half = t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        drawn = np.mean(
            [_resampled(measure, truth, a) - _resampled(measure, truth, b) for a, b in pairs], axis=0
        )
        low, high = np.percentile(drawn, [2.5, 97.5])
        line += [
            f"{100 * gains.mean():+.1f} ({peer})",
            f"{100 * (gains.mean() - half):+.1f} … {100 * (gains.mean() + half):+.1f}",
            f"{100 * low:+.1f} … {100 * high:+.1f}",
        ]
    return line


def _chosen_elsewhere(members: dict[str, Scores], truths: dict[str, np.ndarray]) -> list[list[str]]:
    """Per place the one member that has the best mean AUC in the other places, beside the vote."""
    area = {
        place: {
            name: np.mean([roc_auc_score(truths[place], s) for s in scores[name]])
            for name in (*MEMBERS, f"{OURS}, {ALL}")
        }
        for place, scores in members.items()
    }
    rows = []
    for place in members if len(members) > 1 else ():
        others = [other for other in members if other != place]
        chosen = max(MEMBERS, key=lambda name: sum(area[other][name] for other in others))
        own = area[place]
        rows.append([PLACES[place], chosen, f"{100 * own[chosen]:.1f}", f"{100 * own[f'{OURS}, {ALL}']:.1f}"])
    return rows


def _resampled(measure: Callable[..., float], truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The measure over tenders drawn with replacement, the same draws for every score."""
    random = np.random.default_rng(0)
    rows = [random.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES)]
    return np.array([measure(truth[part], score[part]) for part in rows if 0 < truth[part].mean() < 1])


def _print(
    unsupervised: list[list[str]],
    trained: list[list[str]],
    differences: list[list[str]],
    elsewhere: list[list[str]],
) -> None:
    print_table(
        "Without labels: AUC per tender (± standard error over tenders)",
        [
            "place",
            "tenders",
            "collusive",
            "directional score",
            "isolation forest",
            "low CV alone",
            "score − CV",
        ],
        unsupervised,
    )
    print_table(
        "Trained per place, 5 folds by tender: percent, mean ± standard deviation over repeats",
        ["place", "model", "balanced accuracy", "AUC", "accuracy − anchor"],
        trained,
    )
    print_table(
        "Ours − better peer on all screens, points, 95 % intervals",
        ["place", "balanced accuracy", "over repeats", "over tenders", "AUC", "over repeats", "over tenders"],
        differences,
    )
    if elsewhere:
        print_table(
            "AUC of one member chosen in the other places",
            ["place", "member", "its AUC", "the vote"],
            elsewhere,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), places=tuple(sys.argv[2].split(",")), repeats=int(sys.argv[3]))
