"""Training the first stage of triage, the fast path, from board messages.

The vocabulary, the rarity of its terms and the latent space are learned from all messages, near-copies once; the
heads from labels; calibration, threshold and abstention from scores of messages held out of training. Folds
never part near-copies, and what copies a held-out message does not teach. The test set of the board (``key_matter_dev.csv``) is not read here.

Labels of the second and third round were chosen with a model, so a figure over the first three rounds, on which
everything is decided, belongs to a harder and richer sample than the board. The same figures over held-out messages
of the first round alone and of the whole board stand beside it, by the same models, which learned from the other
folds' labels of all rounds.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from ml.triage.files import HEADS, write_folder
from ml.triage.heads import Decision, Head
from ml.triage.labels import CLASSES, URGENCIES
from ml.triage.model import TriageModel
from training.triage_corpus import Corpus, Rows, read_corpus
from training.triage_evaluation import (
    Bools,
    Figure,
    Floats,
    best_threshold,
    calibration,
    calibration_error,
    f1_figure,
    macro_f1_figure,
    over_folds,
    urgency_figures,
)
from training.triage_heads import fit_choice_head, fit_key_head, fit_urgency_head, side_by_side
from training.triage_labels import FOLDER

FIRST_ROUND: Final = "first round "
WHOLE_BOARD: Final = "whole board "
"""What figures over other samples than the decisive one begin with."""
CHOICES: Final = tuple(name for name in HEADS if name not in ("key", "urgency"))
FOLDS: Final = 5
REPEATS: Final = 3
MISSED_BELOW: Final = 0.05
"""Of the held-out messages under the band of abstention at most this share were key matters."""
PRECISE_ABOVE: Final = 0.85
"""Of those above the band at least this share were."""

Progress = Callable[[int, int], None]
"""Called with the number of steps done and their total."""

Split = tuple[Rows, Rows]


@dataclass(frozen=True)
class TriageReport:
    """What training used and measured.

    Attributes:
        messages: distinct messages from which vocabulary and latent space were learned.
        labels: labelled messages of the board, of which `key_matters` are key matters.
        key_matters: see `labels`.
        first_round: how many of the labels are of the first round.
        topics: distinct messages with a topic.
        features: columns of the model.
        figures: by name, on held-out messages of the rounds that decide; those of other samples have their name in front.
        folder: where the model was written.
        site: how many messages of a site were learnt from besides.
    """

    messages: int
    labels: int
    key_matters: int
    first_round: int
    topics: int
    features: int
    figures: dict[str, Figure]
    folder: Path
    site: int = 0


def train_triage(
    data_folder: Path,
    *,
    out: Path,
    labels: Path = FOLDER,
    site: Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> TriageReport:
    """Train on the board messages in ``data_folder`` and the label files in ``labels``; write the model to ``out``.

    ``site``: what people of an office decided about their own messages (``cunjian intake labels``); heads learn from it
    and no figure is measured on it. The same data, labels and seed give the same bytes. ``out`` then holds the model's
    files, ``metrics.json`` and SHA256SUMS, and ``TriageModel.load(out)`` reads it.

    Raises:
        FileNotFoundError: a board file is missing.
        LabelError: a label is unknown, unsettled, or names a message that is not in the data; ``site`` is no such file.
    """
    steps = _Steps(progress, total=3 + REPEATS + len(HEADS))
    corpus = read_corpus(data_folder, labels=labels, site=site, seed=seed, step=steps.done)
    keys = corpus.keys
    figures, scores = _cross_validate_key(corpus, keys, seed=seed, steps=steps)
    for name in CHOICES:
        figures |= _cross_validate_choice(corpus, name, seed=seed)
        steps.done()
    pressing, urgencies = _urgencies(corpus, seed=seed)
    steps.done()
    figures |= pressing
    heads = {name: fit_head(corpus, name, _all_of(corpus, name), seed=seed) for name in ("key", *CHOICES)}
    heads["urgency"] = urgencies
    report = TriageReport(
        messages=corpus.distinct,
        labels=len(keys),
        key_matters=int(keys.sum()),
        first_round=int(corpus.first_round.sum()),
        topics=len(corpus.questions["topic"].rows),
        features=corpus.matrix.shape[1],
        figures=figures,
        folder=out,
        site=corpus.site,
    )
    model = TriageModel(corpus.vocabulary, heads, decide(keys[corpus.decisive], scores[corpus.decisive]))
    write_folder(out, {**model.to_files(), "metrics.json": metrics_file(report)})
    steps.done()
    return report


def decide(keys: Bools, scores: Floats) -> Decision:
    """Return calibration, threshold and band of abstention from held-out scores."""
    slope, offset = calibration(keys, scores)
    probability = Decision(slope, offset, threshold=0.5, unsure_from=0.0, unsure_to=1.0).probability(scores)
    order = np.argsort(probability)
    ranked, found = probability[order], keys[order]
    counts = np.arange(1, len(found) + 1)
    share_up_to = np.cumsum(found) / counts
    share_from = np.cumsum(found[::-1])[::-1] / counts[::-1]
    threshold = best_threshold(keys, probability)
    return Decision(
        slope,
        offset,
        threshold=threshold,
        unsure_from=min(float(ranked[share_up_to <= MISSED_BELOW].max(initial=0.0)), threshold),
        unsure_to=max(float(ranked[share_from >= PRECISE_ABOVE].min(initial=1.0)), threshold),
    )


def folds(answers: NDArray[np.str_], groups: Rows, *, seed: int) -> list[Split]:
    """Return `FOLDS` splits that keep the shares of answers and never part a group."""
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # a field with fewer answers than folds is known, and no error
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        return list(splitter.split(np.zeros(len(answers)), answers, groups))


class _Steps:
    def __init__(self, progress: Progress | None, *, total: int) -> None:
        self._progress, self._total, self._count = progress, total, 0

    def done(self) -> None:
        self._count += 1
        if self._progress is not None:
            self._progress(self._count, self._total)


def fit_head(corpus: Corpus, name: str, chosen: Rows, *, seed: int) -> Head:
    """Fit one head on some of the messages whose answer is known."""
    question = corpus.questions[name]
    extended = corpus.extended(question.rows[chosen])
    answers = question.answers[chosen]
    if name == "key":
        return fit_key_head(
            extended, answers == "1", sure=question.sure[chosen], space=corpus.space, seed=seed
        )
    weights = question.weights[chosen]
    if name in URGENCIES:
        return fit_urgency_head(
            extended, answers == "1", weights=weights, urgency=name, space=corpus.space, seed=seed
        )
    return fit_choice_head(extended, answers, weights=weights, space=corpus.space, seed=seed)


def splits_of(corpus: Corpus, name: str, *, seed: int) -> list[Split]:
    """Return `folds` of a question's board messages; `with_written` completes a training part."""
    question = corpus.questions[name]
    board = np.flatnonzero(~question.written)
    splits = folds(question.answers[board], corpus.groups[question.rows[board]], seed=seed)
    return [(board[train], board[test]) for train, test in splits]


def with_written(corpus: Corpus, name: str, train: Rows) -> Rows:
    """Return a training part of the board's messages with all others that answer the question.

    Left out are copies of the board's messages that are held out: their answers would be known.
    """
    question = corpus.questions[name]
    groups = corpus.groups[question.rows]
    held_out = ~question.written
    held_out[train] = False
    copies = np.isin(groups, groups[held_out])
    return np.concatenate([train, np.flatnonzero(question.written & ~copies)])


def _all_of(corpus: Corpus, name: str) -> Rows:
    return np.arange(len(corpus.questions[name].rows))


def _samples(corpus: Corpus, name: str) -> dict[str, Bools]:
    """Return on which held-out messages figures are measured, by the beginning of the figure's name."""
    board = ~corpus.questions[name].written
    if name not in ("key", "nature", "field"):
        return {"": board}
    samples = {"": corpus.decisive}
    if corpus.first_round.any() and not corpus.first_round.all():
        samples[FIRST_ROUND] = corpus.first_round
    if not corpus.decisive.all():
        samples[WHOLE_BOARD] = np.ones_like(corpus.decisive)
    written = np.zeros(len(board) - len(corpus.rounds), dtype=np.bool_)
    return {prefix: np.concatenate([counted, written]) for prefix, counted in samples.items()}


def _cross_validate_key(
    corpus: Corpus, keys: Bools, *, seed: int, steps: _Steps
) -> tuple[dict[str, Figure], Floats]:
    """Return figures over folds and repeats, and each message's mean score by models that never saw it."""
    rows = corpus.questions["key"].rows
    by_name: dict[str, list[float]] = {}
    mean_scores = np.zeros(len(keys))
    for repeat in range(REPEATS):
        splits = splits_of(corpus, "key", seed=seed + repeat)
        scores = np.zeros(len(keys))
        for train, test in splits:
            head = fit_head(corpus, "key", with_written(corpus, "key", train), seed=seed)
            scores[test] = head.scores(corpus.features_of(rows[test]))[:, 0]
        for prefix, counted in _samples(corpus, "key").items():
            for name, value in _key_figures(keys, scores, splits, counted=counted, decisive=corpus.decisive):
                by_name.setdefault(prefix + name, []).append(value)
        mean_scores += scores / REPEATS
        steps.done()
    return {name: over_folds(values) for name, values in by_name.items()}, mean_scores


def _key_figures(
    keys: Bools, scores: Floats, splits: list[Split], *, counted: Bools, decisive: Bools
) -> Iterator[tuple[str, float]]:
    """Yield the figures of each fold over its messages that are `counted`.

    Threshold and calibration come from the held-out scores of the decisive messages of the other folds.
    """
    for train, fold in splits:
        others = train[decisive[train]]
        decision = decide(keys[others], scores[others])
        test = fold[counted[fold]]
        probability = decision.probability(scores[test])
        unsure = decision.unsure(probability)
        yield "key F1", float(f1_score(keys[test], probability >= decision.threshold))
        yield "key average precision", float(average_precision_score(keys[test], scores[test]))
        yield "key calibration error", calibration_error(keys[test], probability)
        yield "share abstained", float(unsure.mean())


def _cross_validate_choice(corpus: Corpus, name: str, *, seed: int) -> dict[str, Figure]:
    """Return macro-F1 over all held-out answers, bootstrapped: rare labels are missing from single folds.

    Of the official classes each has its F1, too.
    """
    question = corpus.questions[name]
    answered = np.empty_like(question.answers)
    for train, test in splits_of(corpus, name, seed=seed):
        head = fit_head(corpus, name, with_written(corpus, name, train), seed=seed)
        answered[test] = head.answers(corpus.features_of(question.rows[test]))
    figures = {
        f"{prefix}{name} macro-F1": macro_f1_figure(
            question.answers[counted], answered[counted], seed=seed, rounds=200
        )
        for prefix, counted in _samples(corpus, name).items()
    }
    if name == "class":
        truth, said = question.answers[~question.written], answered[~question.written]
        figures |= {f"class {one} F1": f1_figure(truth == one, said == one, seed=seed) for one in CLASSES}
    return figures


def _urgencies(corpus: Corpus, *, seed: int) -> tuple[dict[str, Figure], Head]:
    """Return figures of every urgency on held-out messages, and one head that says so from a score of zero on.

    Each fold is decided with the threshold that is best on the others.
    """
    figures: dict[str, Figure] = {}
    heads: list[Head] = []
    for urgency in URGENCIES:
        question = corpus.questions[urgency]
        board = ~question.written
        truth = question.answers == "1"
        scores, said = np.zeros(len(truth)), np.zeros(len(truth), dtype=np.bool_)
        splits = splits_of(corpus, urgency, seed=seed)
        for train, test in splits:
            head = fit_head(corpus, urgency, with_written(corpus, urgency, train), seed=seed)
            scores[test] = head.scores(corpus.features_of(question.rows[test]))[:, 0]
        for train, test in splits:
            said[test] = scores[test] >= best_threshold(truth[train], scores[train])
        figures |= urgency_figures(urgency, truth[board], said[board], scores[board], seed=seed)
        head = fit_head(corpus, urgency, _all_of(corpus, urgency), seed=seed)
        shift = best_threshold(truth[board], scores[board])
        heads.append(Head(head.labels, head.weights, head.intercepts - shift))
    return figures, side_by_side(heads)


def metrics_file(report: TriageReport) -> bytes:
    """Return what training used and measured as JSON."""
    content = {name: value for name, value in asdict(report).items() if name != "folder"}
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"
