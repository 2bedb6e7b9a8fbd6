"""Training of what reads messages: the taggers of names and of parties; weights go out as JSON.

    python -m training.extraction DATA FOLDER     DATA/complaints holds the board files

writes tagger.json (names) and party_tagger.json (who is accused, who writes) to FOLDER.

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
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pycrfsuite

from ml.extraction.folding import fold
from ml.extraction.parties import PARTIES, party_features
from ml.extraction.spans import Kind
from ml.extraction.tagging import KINDS, OUTSIDE, features_of
from training.label_files import Parties, Span, load_parties, load_spans, load_written, span_text

FEWEST: Final = 8
"""A character or word feature counts only if so many messages or addresses have it."""
_LEAST_WEIGHT: Final = 0.01
_LEXICAL: Final = re.compile(r"(?:s:)?(?:c-?\d|b-?\d|w(?:[+-]1)?)=")
_NUMBER: Final = re.compile(r"=.*\d{3}")


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


def messages_with_parties(texts: dict[str, str], parties: Iterable[Parties]) -> dict[str, Tagged]:
    """Messages by id with the labels of who is accused and who writes; the accused goes first where both lie."""
    rows = {}
    for one in parties:
        folded = fold(texts[one.message_id])
        labels = [OUTSIDE] * len(folded)
        for kind, offsets in ((Kind.SENDER, one.sender), (Kind.ACCUSED, one.accused)):
            if offsets and offsets[1] <= len(folded):
                start, end = offsets
                labels[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
        rows[one.message_id] = Tagged(party_features(folded, features_of(folded)), labels)
    return rows


def written_with_parties() -> list[Tagged]:
    """The written village messages with the labels of who is accused: short ones, as villagers write them."""
    texts, parties = {}, []
    for message in load_written():
        start = message.text.find(message.accused)
        texts[message.message_id] = message.text
        accused = (start, start + len(message.accused)) if message.accused else None
        parties.append(Parties(message.message_id, accused, None))
    return list(messages_with_parties(texts, parties).values())


def parties_of_spans(spans: Iterable[Span]) -> list[Parties]:
    """The accused and the sender of messages whose spans were read."""
    places: dict[str, dict[str, tuple[int, int]]] = {}
    for span in spans:
        found = places.setdefault(span.message_id, {})
        if span.kind in PARTIES:
            found[span.kind] = (span.start, span.end)
    return [Parties(i, found.get(Kind.ACCUSED), found.get(Kind.SENDER)) for i, found in places.items()]


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


def train_tagger(rows: Sequence[Tagged], *, l1: float = 0.5, l2: float = 0.1) -> str:
    """JSON of the weights that fit the rows. Lexical features of fewer than `FEWEST` rows, and numbers, are left out."""
    counts = Counter(
        name for row in rows for name in {n for names in row.features for n in names if _LEXICAL.match(n)}
    )
    known = {name for name, count in counts.items() if count >= FEWEST and not _NUMBER.search(name)}
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": l1, "c2": l2, "max_iterations": 100, "feature.possible_transitions": True})
    for row in rows:
        kept = [[n for n in names if not _LEXICAL.match(n) or n in known] for names in row.features]
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
        if abs(weight) >= _LEAST_WEIGHT:
            states.setdefault(feature, {})[str(number[label])] = round(weight, 3)
    moves = [[round(info.transitions.get((before, label), 0.0), 3) for label in labels] for before in labels]
    return json.dumps(
        {"labels": labels, "moves": moves, "states": dict(sorted(states.items()))},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def main(data: Path, folder: Path) -> None:
    spans = [span for span in load_spans() if is_development(span.message_id)]
    parties = load_parties()
    wanted = {span.message_id for span in spans} | {one.message_id for one in parties}
    texts = read_texts(data / "complaints", wanted)
    rows = tagged_messages({span.message_id: texts[span.message_id] for span in spans}, spans)
    (folder / "tagger.json").write_text(train_tagger(list(rows.values())), encoding="utf-8")
    told = messages_with_parties(texts, [*parties, *parties_of_spans(spans)])
    taught = [*told.values(), *written_with_parties()]
    (folder / "party_tagger.json").write_text(train_tagger(taught), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
