"""Training the tagger: rare words are no features, halves are fixed, weights survive the way through JSON."""

from __future__ import annotations

import json

from ml.extraction.folding import fold
from ml.extraction.tagging import Tagger, features_of, spans_of
from training.extraction import (
    FEWEST,
    is_development,
    messages_with_parties,
    parties_of_spans,
    tagged_messages,
    train_tagger,
)
from training.label_files import Parties, Span, load_parties, load_spans


def rows(number):
    texts = {
        f"topics:{n}": f"我是{name}村的村民，反映修路的事"
        for n, name in enumerate(["清水", "高坡", "柳林", "石桥"] * (number // 4))
    }
    spans = [Span(message_id, 2, 5, "village", "") for message_id in texts]
    return tagged_messages(texts, spans)


def test_spans_become_labels_of_characters():
    tagged = rows(4)["topics:0"]
    assert list(tagged.labels[:6]) == ["O", "O", "B-village", "I-village", "I-village", "O"]
    assert len(tagged.features) == len(tagged.labels)


def test_what_it_was_taught_it_finds_elsewhere_and_words_of_few_messages_are_no_features():
    # 24 messages: each village stands in 6 of them, fewer than are needed.
    weights = train_tagger(list(rows(24).values()))
    states = json.loads(weights)["states"]
    assert FEWEST > 6
    assert not [name for name in states if "清水" in name or "石桥" in name or name in {"c0=清", "c0=柳"}]
    text = "我是白云村的村民，反映修路的事"
    labels = Tagger.from_json(weights).tag(features_of(fold(text)))
    assert [text[s.start : s.end] for s in spans_of(fold(text), labels)] == ["白云村"]


def test_parties_become_labels_and_the_accused_goes_first():
    text = "举报村支书乱收费\n我是石桥村的村民"
    told = Parties("topics:1", (2, 5), (11, 14))
    overlapping = Parties("topics:2", (2, 5), (0, 5))
    nobody = Parties("topics:3", None, None)
    rows = messages_with_parties({f"topics:{n}": text for n in (1, 2, 3)}, [told, overlapping, nobody])
    assert list(rows["topics:1"].labels[:6]) == ["O", "O", "B-accused", "I-accused", "I-accused", "O"]
    assert list(rows["topics:1"].labels[11:14]) == ["B-sender", "I-sender", "I-sender"]
    assert list(rows["topics:2"].labels[:5]) == [
        "B-sender",
        "I-sender",
        "B-accused",
        "I-accused",
        "I-accused",
    ]
    assert set(rows["topics:3"].labels) == {"O"}
    assert parties_of_spans(
        [Span("topics:4", 2, 5, "accused", ""), Span("topics:4", 0, 1, "date", "2020")]
    ) == [Parties("topics:4", (2, 5), None)]


def test_messages_read_for_their_parties_are_no_messages_of_the_spans():
    parties = {one.message_id for one in load_parties()}
    assert len(parties) == 700
    assert not parties & {span.message_id for span in load_spans()}


def test_both_halves_hold_messages():
    halves = {
        message_id: is_development(message_id) for message_id in {span.message_id for span in load_spans()}
    }
    assert (len(halves), sum(halves.values())) == (205, 109)
