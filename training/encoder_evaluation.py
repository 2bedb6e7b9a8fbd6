"""Figures of the two stages and their cascade, on held-out scores: each fold measured with what the others decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve

from training.encoder import Cascade, HeldOut, decide_cascade
from training.encoder_net import KEY
from training.triage_evaluation import Bools, Figure, Floats, calibration_error, over_folds

RECALL: Final = 0.90
PRECISION: Final = 0.95
READ_SHARES: Final = (0.2, 0.3)

Rule = Callable[[Bools, Floats, Floats], Cascade]
"""Makes a cascade of keys, fast and encoder scores."""

RULES: Final[Mapping[str, Rule]] = {
    "fast path": lambda keys, fast, _: decide_cascade(keys, fast, fast * 0),
    "encoder alone": lambda keys, _, encoder: decide_cascade(keys, encoder * 0, encoder, ask_all=True),
    "both on all": lambda keys, fast, encoder: decide_cascade(keys, fast, encoder, ask_all=True),
    "cascade": decide_cascade,
}


def held_out_figures(held_out: HeldOut) -> dict[str, Figure]:
    """Return `stage_figures` of the held-out messages on which everything is decided."""
    return stage_figures(held_out, counted=held_out.decisive)


def stage_figures(held_out: HeldOut, *, counted: Bools) -> dict[str, Figure]:
    """Return the figures of each of `RULES` over the ``counted`` messages, by "rule: measure"."""
    keys, fast, encoder = held_out.keys, held_out.fast[KEY][:, 0], held_out.encoder[KEY][:, 0]
    values: dict[str, list[float]] = {}
    for name, rule in RULES.items():
        for train, fold in held_out.splits:
            others = train[held_out.decisive[train]]
            cascade = rule(keys[others], fast[others], encoder[others])
            test = fold[counted[fold]]
            odds, learned = cascade.odds(fast, encoder), cascade.decision
            probability = learned.probability(odds)
            found = fold_figures(
                keys[test],
                probability[test],
                threshold=learned.threshold,
                confident=confidence_for(keys[others], probability[others]),
            )
            for measure, value in found:
                values.setdefault(f"{name}: {measure}", []).append(value)
            if name == "cascade":
                share = float(cascade.asks(fast[test]).mean())
                values.setdefault("cascade: share read by the encoder", []).append(share)
    return {name: over_folds(found) for name, found in values.items()}


def fold_figures(
    keys: Bools, probability: Floats, *, threshold: float, confident: float
) -> Iterator[tuple[str, float]]:
    """Yield the figures of some messages by name; ``confident``: see `confidence_for`."""
    yield "F1", float(f1_score(keys, probability >= threshold))
    yield "average precision", float(average_precision_score(keys, probability))
    yield "precision at 90 % recall", precision_at_recall(keys, probability)
    yield "calibration error", calibration_error(keys, probability)
    sure = _confidence(probability) >= confident
    yield "needs no second look", float(sure.mean())
    yield "right among those", float(((probability >= 0.5) == keys)[sure].mean()) if sure.any() else 1.0
    for share in READ_SHARES:
        yield f"lost when the top {share:.0%} are read", lost_outside_top(keys, probability, share)


def precision_at_recall(keys: Bools, scores: Floats) -> float:
    """Return the best precision at a threshold that finds at least `RECALL` of the key matters."""
    precision, reached, _ = precision_recall_curve(keys, scores)
    return float(precision[reached >= RECALL].max())


def lost_outside_top(keys: Bools, scores: Floats, share: float) -> float:
    """Return the share of key matters that are not among the ``share`` of messages with the highest scores."""
    read = np.argsort(-scores, kind="stable")[: round(share * len(scores))]
    return float(1 - keys[read].sum() / keys.sum())


def confidence_for(keys: Bools, probability: Floats) -> float:
    """Return how far from one half a probability must be so that `PRECISION` of such answers are right."""
    confidence = _confidence(probability)
    order = np.argsort(-confidence, kind="stable")
    right = ((probability >= 0.5) == keys)[order]
    share = np.cumsum(right) / np.arange(1, len(right) + 1)
    reaching = confidence[order][share >= PRECISION]
    return float(reaching.min()) if len(reaching) else 1.0


def _confidence(probability: Floats) -> Floats:
    return np.asarray(np.abs(probability - 0.5), dtype=np.float64)
