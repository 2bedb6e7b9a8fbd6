"""fastText as a peer of triage, where it is installed (``fasttext-wheel``); it is no dependency of anything."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rjieba

from training.triage_evaluation import Bools, Floats

Scorer = Callable[[list[str]], Floats]


def available() -> bool:
    """Return whether fastText is installed."""
    return importlib.util.find_spec("fasttext") is not None


def train_fasttext(texts: list[str], keys: Bools) -> Scorer:
    """Train on words and pairs of words; one thread, so that the same data give the same model."""
    import fasttext  # noqa: PLC0415  # only where it is installed

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = (f"__label__{int(key)} {_words(text)}\n" for text, key in zip(texts, keys, strict=True))
        path.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(path), epoch=25, lr=0.5, wordNgrams=2, dim=50, minCount=2, bucket=200_000, thread=1, verbose=0
        )

    def score(unseen: list[str]) -> Floats:
        # Its own predict() fails under NumPy 2; what lies below it does not.
        found = [model.f.predict(_words(text) + "\n", 2, 0.0, "strict") for text in unseen]
        return np.array([{label: share for share, label in one}["__label__1"] for one in found])

    return score


def _words(text: str) -> str:
    return " ".join(" ".join(rjieba.cut(text)).split())
