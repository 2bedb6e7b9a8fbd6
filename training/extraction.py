"""Training of what reads messages: the tagger of names and the marks of the accused; weights go out as JSON.

    python -m training.extraction DATA FOLDER     DATA/complaints holds the board files; writes tagger.json, parties.json

The trainer is CRFsuite (python-crfsuite, MIT): conditional random fields (Lafferty et al. 2001) by L-BFGS. It is needed
for training only.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
import pycrfsuite
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from ml.extraction.folding import fold
from ml.extraction.parties import candidates, score
from ml.extraction.reading import read
from ml.extraction.spans import Kind
from ml.extraction.tagging import KINDS, OUTSIDE, Tagger, features_of
from training.label_files import Span, load_spans, load_written, span_text

FEWEST: Final = 8
"""A character or word feature counts only if so many messages or addresses have it."""
PartyRow = list[tuple[list[str], bool]]
_FOLDS: Final = 5
_LEAST_WEIGHT: Final = 0.1
_ANY_DAY: Final = date(2020, 1, 8)  # who is accused does not hang on the day
_LEXICAL: Final = re.compile(r"(?:c-?\d|b-?\d|w(?:[+-]1)?)=")
_OF_ADDRESS: Final = {
    "prov": Kind.PLACE, "city": Kind.PLACE, "district": Kind.PLACE, "town": Kind.PLACE, "road": Kind.PLACE,
    "community": Kind.VILLAGE,
}  # fmt: skip


@dataclass(frozen=True)
class Tagged:
    """A text with a label for each character."""

    features: Sequence[Sequence[str]]
    labels: Sequence[str]


def is_development(message_id: str) -> bool:
    """Whether a message belongs to the half that rules and weights are developed on, by the hash of its id."""
    return int(hashlib.sha256(message_id.encode()).hexdigest(), 16) % 2 == 0


def tagged_messages(texts: dict[str, str], spans: Iterable[Span]) -> dict[str, Tagged]:
    """Messages by id with the labels of their spans of `KINDS`."""
    labels = {message_id: [OUTSIDE] * len(text) for message_id, text in texts.items()}
    for span in spans:
        if span.message_id in labels and span.kind in KINDS:
            row = labels[span.message_id]
            row[span.start : span.end] = [f"B-{span.kind}", *[f"I-{span.kind}"] * (span.end - span.start - 1)]
    return {
        message_id: Tagged(features_of(fold(text)), labels[message_id][: len(fold(text))])
        for message_id, text in texts.items()
    }


def read_texts(folder: Path, wanted: set[str]) -> dict[str, str]:
    """Texts of the wanted messages, as spans count in them."""
    texts = {}
    for source, id_column in (("topics", "id"), ("hot", "msg_id"), ("replies", "msg_id")):
        table = pq.read_table(folder / f"board_{source}.parquet", columns=[id_column, "subject", "detail"])
        for row_id, subject, detail in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if (message_id := f"{source}:{row_id}") in wanted:
                texts[message_id] = span_text(subject, detail)
    return texts


def read_addresses(folder: Path, split: str) -> list[tuple[str, list[str]]]:
    """Addresses of one part of ``address_ner.parquet`` with the tag of each character."""
    table = pq.read_table(folder / "address_ner.parquet").filter(
        pq.read_table(folder / "address_ner.parquet")["split"].to_numpy() == split
    )
    rows = []
    for tokens, tags in zip(table["tokens"].to_pylist(), table["bio_tags"].to_pylist(), strict=True):
        text, labels = "", []
        for token, tag in zip(tokens.split(" "), tags.split(" "), strict=True):
            text += token
            labels += [tag, *[tag.replace("B-", "I-")] * (len(token) - 1)]
        rows.append((text, labels))
    return rows


def tagged_address(text: str, tags: Sequence[str]) -> Tagged:
    """An address with its tags mapped to kinds: what lies above a village is one place, a community a village."""
    kinds = [_OF_ADDRESS.get(tag.partition("-")[2]) for tag in tags]
    labels, before = [], None
    for kind in kinds:
        labels.append(OUTSIDE if kind is None else f"{'I' if kind == before else 'B'}-{kind}")
        before = kind
    return Tagged(features_of(fold(text)), labels)


def train_tagger(rows: Sequence[Tagged], *, l1: float = 0.5, l2: float = 0.1, iterations: int = 100) -> str:
    """JSON of the weights that fit the rows. Lexical features of fewer than `FEWEST` rows are left out."""
    counts = Counter(
        name for row in rows for name in {n for names in row.features for n in names if _LEXICAL.match(n)}
    )
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {"c1": l1, "c2": l2, "max_iterations": iterations, "feature.possible_transitions": True}
    )
    for row in rows:
        kept = [[n for n in names if not _LEXICAL.match(n) or counts[n] >= FEWEST] for names in row.features]
        trainer.append(kept, list(row.labels))
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        trainer.train(str(model))
        return _as_json(model)


def _as_json(model: Path) -> str:
    tagger = pycrfsuite.Tagger()
    tagger.open(str(model))
    info = tagger.info()
    labels = sorted(info.labels)
    number = {label: place for place, label in enumerate(labels)}
    states: dict[str, dict[str, float]] = {}
    for (feature, label), weight in info.state_features.items():
        if abs(weight) >= 0.01:
            states.setdefault(feature, {})[str(number[label])] = round(weight, 3)
    moves = [[round(info.transitions.get((before, label), 0.0), 3) for label in labels] for before in labels]
    return json.dumps(
        {"labels": labels, "moves": moves, "states": dict(sorted(states.items()))},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def fit_parties(texts: dict[str, str], spans: Sequence[Span], rows: dict[str, Tagged]) -> dict[str, float]:
    """Weights of the marks of an accused: logistic regression on candidates of messages and of the written set.

    Messages are read by taggers that did not learn from them. "always" is shifted so that 0 stands for the probability
    with the best F1 by cross-validation over the messages.
    """
    folds = [sorted(rows)[number::_FOLDS] for number in range(_FOLDS)]
    taggers = [
        Tagger.from_json(train_tagger([rows[i] for i in rows if i not in kept])) for kept in map(set, folds)
    ]
    named = {
        span.message_id: texts[span.message_id][span.start : span.end]
        for span in spans
        if span.kind == "accused"
    }
    read_rows = [
        [_party_rows(texts[i], named.get(i, ""), tagger) for i in ids]
        for ids, tagger in zip(folds, taggers, strict=True)
    ]
    written = [_party_rows(message.text, message.accused, None) for message in load_written()]
    scored: list[tuple[NDArray[np.float64], list[bool]]] = []
    for number, kept in enumerate(read_rows):
        others = [row for n, part in enumerate(read_rows) if n != number for row in part]
        weights = _fit_marks([*others, *written])
        scored += [
            (np.array([score(marks, weights) for marks, _ in row]), [right for _, right in row])
            for row in kept
        ]
    threshold = max(
        np.arange(-2.0, 2.0, 0.1), key=lambda cut: _best_f1(scored, float(cut), wanted=len(named))
    )
    weights = _fit_marks([row for part in read_rows for row in part] + written)
    weights["always"] -= float(threshold)
    return {
        mark: round(weight, 2) for mark, weight in sorted(weights.items()) if abs(weight) >= _LEAST_WEIGHT
    }


def _party_rows(text: str, named: str, tagger: Tagger | None) -> PartyRow:
    """Marks of each candidate and whether it is the one."""
    folded, wanted = fold(text), fold(named)
    reading = read(text, as_of=_ANY_DAY, tagger=tagger)
    found = candidates(folded, reading.spans, reading.misdeeds, writer=reading.sender)
    return [
        (marks, bool(wanted) and _is_same(folded[span.start : span.end], wanted)) for span, marks in found
    ]


def _is_same(one: str, other: str) -> bool:
    return one in other or other in one


def _fit_marks(rows: Sequence[PartyRow]) -> dict[str, float]:
    pairs = [(dict.fromkeys(marks, 1.0), right) for row in rows for marks, right in row]
    vectors = DictVectorizer()
    given = vectors.fit_transform([marks for marks, _ in pairs])
    model = LogisticRegression(C=0.3, max_iter=1_000, fit_intercept=False).fit(
        given, [right for _, right in pairs]
    )
    return dict(zip(vectors.get_feature_names_out(), map(float, model.coef_[0]), strict=True))


def _best_f1(scored: Sequence[tuple[NDArray[np.float64], list[bool]]], cut: float, *, wanted: int) -> float:
    proposed = [
        right[int(scores.argmax())] for scores, right in scored if len(scores) and scores.max() >= cut
    ]
    return 2 * sum(proposed) / max(1, len(proposed) + wanted)


def main(data: Path, folder: Path) -> None:
    spans = [span for span in load_spans() if is_development(span.message_id)]
    texts = read_texts(data / "complaints", {span.message_id for span in spans})
    rows = tagged_messages(texts, spans)
    (folder / "tagger.json").write_text(train_tagger(list(rows.values())), encoding="utf-8")
    weights = fit_parties(texts, spans, rows)
    (folder / "parties.json").write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
