"""Triage beside its peers: readers' agreement, cross-validation, the held-back test set, speed.

    python -m benchmarks.triage DATA     DATA/complaints holds the board files

The peers are trained on the same labels: character TF-IDF with a linear SVM and a tuned threshold, and a list of
words of misconduct. The test set (200 messages, 64 key matters or so) decides nothing alone: see its intervals.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from ml.triage.lexicon import DEEDS
from ml.triage.masking import mask
from ml.triage.model import TriageModel
from ml.triage.near_duplicates import group_near_duplicates
from ml.triage.text import normalise
from training.board import TestMessage, read_board, read_test_set, whole_text
from training.triage import FOLDS, REPEATS, folds
from training.triage_evaluation import best_threshold, macro_f1, over_folds, ranking_figures
from training.triage_labels import agreement, load_readings, settled_labels

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Scorer = Callable[[list[str]], Floats]

_DEED_WORDS = [word for group in DEEDS.values() for word in group.words]


@dataclass(frozen=True)
class Labelled:
    """The labelled messages, normalised and unmasked: peers get all that the writers wrote."""

    texts: list[str]
    keys: Bools
    groups: NDArray[np.int64]


def main(data: Path) -> None:
    """Print every figure of triage beside its peers."""
    complaints = data / "complaints"
    _print_agreement()
    labelled = _read_labelled(complaints)
    _print_cross_validation(labelled)
    _print_test_set(labelled, read_test_set(complaints))
    _print_speed(complaints)


def _print_agreement() -> None:
    print("readers, messages read twice")
    for found in agreement(load_readings()):
        print(f"  {found.question:8} {found.share:.1%} equal, kappa {found.kappa:.3f} ({found.messages} messages)")


def _read_labelled(complaints: Path) -> Labelled:
    answers = settled_labels(load_readings())
    messages = [message for message in read_board(complaints) if message.message_id in answers]
    return Labelled(
        [message.normalised for message in messages],
        np.array([answers[message.message_id].key for message in messages]),
        group_near_duplicates([message.masked for message in messages]),
    )


def _print_cross_validation(labelled: Labelled) -> None:
    print(f"key matter, {FOLDS} folds x {REPEATS} seeds over {len(labelled.keys)} labels, middle 95 % of folds")
    print("  this model: see ml/triage/base/metrics.json, printed here as shipped")
    print("   ", (Path(sys.modules[TriageModel.__module__].__file__ or "").parent / "base" / "metrics.json").read_text())
    for name, fit in _PEERS.items():
        f1, precision = [], []
        for seed in range(REPEATS):
            splits = folds(labelled.keys.astype(int).astype(str), labelled.groups, seed=seed)
            scores = _held_out(fit, labelled, splits)
            for others, test in splits:
                threshold = best_threshold(labelled.keys[others], scores[others])
                f1.append(float(f1_score(labelled.keys[test], scores[test] >= threshold)))
                precision.append(float(average_precision_score(labelled.keys[test], scores[test])))
        print(f"  {name}: F1 {over_folds(f1)}, average precision {over_folds(precision)}")
