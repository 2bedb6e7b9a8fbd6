"""Triage beside its peers: readers' agreement, cross-validation, the test set, masking, speed.

    python -m benchmarks.triage DATA     DATA/complaints holds the board files

The peers are trained on the same labels and get the unmasked text: character TF-IDF with a linear SVM and a tuned
threshold, a count of words of misconduct, and fastText where it is installed. The test set has 200 messages and decides nothing alone: mind the
intervals (bootstrap over messages; over folds the middle 95 %).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import average_precision_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from benchmarks import triage_fasttext
from benchmarks.printing import print_table
from ml.triage.files import SUMS
from ml.triage.lexicon import DEEDS
from ml.triage.masking import mask
from ml.triage.model import TriageModel, TriageResult
from ml.triage.near_duplicates import group_near_duplicates
from ml.triage.spam import FOLDER as FILTER
from ml.triage.text import normalise
from training.board import JudgedMessage, read_board, read_test_set, whole_text
from training.triage import FIRST_ROUND, FOLDS, REPEATS, WHOLE_BOARD, TriageReport, folds, train_triage
from training.triage_corpus import Rows
from training.triage_evaluation import (
    Bools,
    Figure,
    Floats,
    best_threshold,
    macro_f1_figure,
    over_folds,
    ranking_figures,
)
from training.triage_labels import (
    FIRST,
    LAST,
    ROUNDS,
    Reading,
    agreement,
    load_readings,
    load_second_readings,
    of_round,
    round_of,
    second_agreement,
    settled_labels,
)
from training.triage_spam import train_spam

SHORT = (60, 80)
"""Characters of an SMS for the measure of speed."""
MEASURED = 1_000
"""Messages of a kind for the measure of speed."""

Scorer = Callable[[list[str]], Floats]


@dataclass(frozen=True)
class Labelled:
    """The labelled messages, normalised and unmasked."""

    texts: list[str]
    keys: Bools
    groups: Rows
    rounds: NDArray[np.str_]

    @property
    def decisive(self) -> Bools:
        """Return on which messages thresholds are decided, as for our own model."""
        return np.asarray(self.rounds != LAST, dtype=np.bool_)

    @property
    def samples(self) -> dict[str, Bools]:
        """Return on which messages figures are given, by what their names begin with."""
        return {"": self.decisive, FIRST_ROUND: self.rounds == FIRST, WHOLE_BOARD: self.rounds != ""}


def main(data: Path) -> None:
    """Print every figure of triage beside its peers; half an hour on one core."""
    complaints = data / "complaints"
    _print_agreement(load_readings())
    labelled = _read_labelled(complaints)
    _print_cross_validation(complaints, labelled)
    _print_beside_peers(labelled, read_test_set(complaints))
    _print_masking(data / "divisions")
    print_speed(_shipped(), complaints)
    _print_spam(complaints)


def _print_agreement(readings: list[Reading]) -> None:
    print("Readers, messages read twice")
    for name, some in {
        "all rounds": readings,
        **{name: of_round(readings, name) for name in ROUNDS},
    }.items():
        for found in agreement(some):
            print(
                f"  {name}: {found.question:7} {found.share:.1%} equal, kappa {found.kappa:.3f},"
                f" {found.messages} messages"
            )
    for name, both_sure in {"second readings": False, "second readings, both sure": True}.items():
        found = second_agreement(readings, load_second_readings(), both_sure=both_sure)
        print(f"  {name}: key {found.share:.1%} equal, kappa {found.kappa:.3f}, {found.messages} messages")


def _read_labelled(complaints: Path) -> Labelled:
    readings = load_readings()
    answers = settled_labels(readings)
    round_of_message = {reading.message_id: round_of(reading.reader) for reading in readings}
    messages = [message for message in read_board(complaints) if message.message_id in answers]
    return Labelled(
        [message.normalised for message in messages],
        np.array([answers[message.message_id].key for message in messages]),
        group_near_duplicates([message.masked for message in messages]),
        np.array([round_of_message[message.message_id] for message in messages]),
    )


# --- cross-validation --------------------------------------------------------------------------------------


def _print_cross_validation(complaints: Path, labelled: Labelled) -> None:
    if not triage_fasttext.available():
        print("  fastText is not installed; it is not among the peers")
    print(f"\nCross-validation, {FOLDS} folds x {REPEATS} seeds, {len(labelled.keys)} labels")
    with tempfile.TemporaryDirectory() as folder:
        report = train_triage(complaints, out=Path(folder))
        again = TriageModel.load(Path(folder)).to_files()
    _print_report(report)
    same = again == _shipped()["fast path"].to_files()
    print(f"  trained again, the shipped fast path is {'equal byte for byte' if same else 'DIFFERENT'}")
    for name, train in PEERS.items():
        scored = _scored(train, labelled)
        for sample, counted in labelled.samples.items():
            f1, precision = _cross_validated(scored, labelled, counted=counted)
            print(f"  peer: {name}: {sample}F1 {f1}, average precision {precision}")


def _shipped() -> dict[str, TriageModel]:
    """Return both stages of the shipped model by name."""
    shipped = TriageModel.load()
    return {"fast path": replace(shipped, second=None), "shipped model, both stages": shipped}


def _print_report(report: TriageReport) -> None:
    print(
        f"  {report.messages} distinct messages, {report.features} features, {report.key_matters} key matters"
    )
    for name, figure in report.figures.items():
        print(f"  {name}: {figure}")


def _scored(
    train: Callable[[list[str], Bools], Scorer], labelled: Labelled
) -> list[tuple[Floats, list[tuple[Rows, Rows]]]]:
    """Return held-out scores and splits of each repeat."""
    answers = labelled.keys.astype(int).astype(str)
    every = [folds(answers, labelled.groups, seed=seed) for seed in range(REPEATS)]
    return [(_held_out(train, labelled, splits), splits) for splits in every]


def _cross_validated(
    scored: list[tuple[Floats, list[tuple[Rows, Rows]]]], labelled: Labelled, *, counted: Bools
) -> tuple[Figure, Figure]:
    """Return F1 and average precision over the counted messages of each fold; thresholds come from the others."""
    keys, f1, precision = labelled.keys, [], []
    for scores, splits in scored:
        for train, fold in splits:
            others = train[labelled.decisive[train]]
            threshold = best_threshold(keys[others], scores[others])
            test = fold[counted[fold]]
            f1.append(float(f1_score(keys[test], scores[test] >= threshold)))
            precision.append(float(average_precision_score(keys[test], scores[test])))
    return over_folds(f1), over_folds(precision)


def _held_out(
    train: Callable[[list[str], Bools], Scorer], labelled: Labelled, splits: list[tuple[Rows, Rows]]
) -> Floats:
    scores = np.zeros(len(labelled.keys))
    for others, test in splits:
        score = train([labelled.texts[row] for row in others], labelled.keys[others])
        scores[test] = score([labelled.texts[row] for row in test])
    return scores


# --- peers -------------------------------------------------------------------------------------------------


def _train_svm(texts: list[str], keys: Bools) -> Scorer:
    ngrams = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    model = make_pipeline(ngrams, LinearSVC(random_state=0)).fit(texts, keys)
    return lambda unseen: np.asarray(model.decision_function(unseen), dtype=np.float64)


def _train_words(_texts: list[str], _keys: Bools) -> Scorer:
    words = [word for group in DEEDS.values() for word in group.words]
    return lambda unseen: np.array([float(sum(word in text for word in words)) for text in unseen])


PEERS = {"character TF-IDF 1-4 + LinearSVC": _train_svm, "count of words of misconduct": _train_words}
if triage_fasttext.available():
    PEERS["fastText, words and pairs"] = triage_fasttext.train_fasttext


# --- test set ----------------------------------------------------------------------------------------------


def print_test_set(stages: Mapping[str, TriageModel], test: list[JudgedMessage]) -> list[TriageResult]:
    """Print F1, precision, recall and average precision of each stage; return the answers of the last one."""
    keys = np.array([message.key for message in test])
    print(
        f"\nTest set: {len(test)} messages, {keys.sum()} key matters, never trained on, decided on or chosen by"
    )
    for name, model in stages.items():
        results = model.predict([message.text for message in test])
        probability = np.array([result.key_probability for result in results])
        _print_ranking(name, keys, probability, threshold=(model.second or model).decision.threshold)
    return results


def _print_beside_peers(labelled: Labelled, test: list[JudgedMessage]) -> None:
    keys = np.array([message.key for message in test])
    results = print_test_set(_shipped(), test)
    for name, train in PEERS.items():
        splits = folds(labelled.keys.astype(int).astype(str), labelled.groups, seed=0)
        scores = _held_out(train, labelled, splits)
        threshold = best_threshold(labelled.keys[labelled.decisive], scores[labelled.decisive])
        score = train(labelled.texts, labelled.keys)
        _print_ranking(f"peer: {name}", keys, score([m.text for m in test]), threshold=threshold)
    decided = np.array([not result.abstain for result in results])
    right = np.array([result.key for result in results]) == keys
    print(f"  abstains on {1 - decided.mean():.1%}; right on {right[decided].mean():.1%} of the others")
    _print_choice("nature", [m.natures for m in test], [result.nature for result in results])
    _print_choice("field", [m.fields for m in test], [result.field for result in results])


def _print_ranking(name: str, keys: Bools, scores: Floats, *, threshold: float) -> None:
    figures = ranking_figures(keys, scores, threshold=threshold, seed=0)
    print(f"  {name}: " + ", ".join(f"{measure} {figure}" for measure, figure in figures.items()))


def _print_choice(name: str, truths: list[tuple[str, ...]], answers: list[str]) -> None:
    first = np.array([truth[0] for truth in truths])
    either = np.array([a if a in truth else truth[0] for truth, a in zip(truths, answers, strict=True)])
    given = np.array(answers)
    for what, truth in (("first reader", first), ("either reader's answer is right", either)):
        figure = macro_f1_figure(truth, given, seed=0)
        print(f"  {name} macro-F1, {what}: {figure}; {np.mean(truth == given):.1%} equal")


# --- masking and speed -------------------------------------------------------------------------------------

_SENTENCES = (
    "我是{}的村民，村支书{}侵占征地补偿款，账目从不公开。",
    "举报{}村主任{}为亲戚办低保，请查处。",
    "咨询{}的医保缴费问题，联系人{}，谢谢。",
)
_FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN_NAMES = (
    "建国|志强|秀英|桂兰|伟|芳|海燕|玉梅|德明|小红|春生|国栋|丽华|永红|文斌|冬梅|勇|金凤|学军|佳怡".split("|")
)


def _print_masking(divisions: Path) -> None:
    """Print how far the probability moves when village and person are exchanged for real and usual names."""
    generator = np.random.default_rng(0)
    names = pq.read_table(divisions / "villages_28_provinces.parquet", columns=["name"])["name"].to_pylist()
    villages = [name.removesuffix("村委会").rstrip("村") + "村" for name in names if name.endswith("村委会")]
    people = [family + given for family in _FAMILY_NAMES for given in _GIVEN_NAMES]
    pairs = list(zip(generator.choice(villages, 2_000), generator.choice(people, 2_000), strict=True))
    model = TriageModel.load()
    print("\nMasking: 2,000 real village names with usual personal names, put into sentences")
    for sentence in _SENTENCES:
        probability = np.array(
            [r.key_probability for r in model.predict([sentence.format(*pair) for pair in pairs])]
        )
        moved = np.abs(probability - np.median(probability)) > 0.01
        print(
            f"  “{sentence}”: probability {np.median(probability):.2f}, moved by over 0.01 in {moved.mean():.2%}"
        )


def print_speed(stages: Mapping[str, TriageModel], complaints: Path) -> None:
    """Print messages a second, by the clock and by the processor time that one core gave; ``stages`` by name.

    The encoder of the last one is measured alone too, if it has one.
    """
    hot = pq.read_table(complaints / "board_hot.parquet", columns=["subject", "detail"]).to_pylist()
    board = [whole_text(row["subject"], row["detail"]) for row in hot][:MEASURED]
    sms = pq.read_table(complaints / "sms_spam.parquet", columns=["text"])["text"].to_pylist()
    short = [text for text in sms if text and SHORT[0] <= len(text) <= SHORT[1]][:MEASURED]
    rows = [
        [stage, kind, *speed(model.predict, texts)]
        for stage, model in stages.items()
        for kind, texts in (("board", board), ("SMS", short))
    ]
    if second := [*stages.values()][-1].second:
        masked = [mask(normalise(text)) for text in board]
        rows.append(["encoder alone, 8 bits", "board", *speed(second.encoder.outputs, masked)])
    print_table("Speed", ["stage", "messages", "characters", "a second", "a second of processor time"], rows)


def speed(read: Callable[[Sequence[str]], object], texts: list[str]) -> list[str]:
    read(texts[:20])
    clock, processor = time.perf_counter(), time.process_time()
    read(texts)
    seconds = time.perf_counter() - clock, time.process_time() - processor
    return [f"{sum(map(len, texts)) / len(texts):.0f}", *(f"{len(texts) / one:,.0f}" for one in seconds)]


def _print_spam(complaints: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = train_spam(complaints, out=Path(folder))
        same = (Path(folder) / SUMS).read_bytes() == (FILTER / SUMS).read_bytes()
    print(
        f"\nSpam filter: {found.spam_recall:.1%} of {found.spam} held-out spam SMS caught,"
        f" {found.ham_flagged:.2%} of {found.ham} others; of {found.key_matters} labelled key matters"
        f" {found.key_matters_flagged}, of all labelled messages {found.labelled_flagged}"
    )
    print(f"  trained again, the shipped filter is {'equal byte for byte' if same else 'DIFFERENT'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
