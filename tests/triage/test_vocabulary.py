"""Nothing rare is in the shipped vocabulary, and an n-gram is never mistaken for another."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.triage.mask_terms import SURNAMES
from ml.triage.masking import PLACEHOLDERS
from ml.triage.model import BASE, TriageModel
from ml.triage.ngrams import LONGEST, Characters, key_of
from ml.triage.vocabulary import FLOOR, Vocabulary

SHIPPED = json.loads((BASE / "vocabulary.json").read_bytes())
TERMS = {**SHIPPED["ngrams"], **SHIPPED["words"]}


def test_no_shipped_term_was_seen_in_fewer_than_ten_messages() -> None:
    assert min(TERMS.values()) >= 10
    assert max(TERMS.values()) <= SHIPPED["messages"]


def test_shipped_terms_hold_no_digit_and_latin_letters_only_alone() -> None:
    assert not [term for term in TERMS if re.search(r"\d", term)]
    assert not [term for term in TERMS if len(term) > 1 and re.search(r"[a-z]", term)]


def test_no_shipped_word_is_a_surname_before_a_title() -> None:
    titled = re.compile(rf"[{SURNAMES}](?:书记|市长|县长|厅长|局长|主任|某)")
    assert [word for word in SHIPPED["words"] if titled.fullmatch(word)] == []


@pytest.mark.parametrize(
    "place", ["湖南", "北京", "长沙", "西地省", "星沙", "松雅湖", "泉塘", "楚江", "伊景园", "梅溪湖"]
)
def test_places_of_the_training_data_are_not_shipped(place: str) -> None:
    assert place not in TERMS


def test_a_rare_or_unmasked_term_is_refused() -> None:
    with pytest.raises(ValueError, match="9 messages"):
        Vocabulary(100, {"村": FLOOR - 1}, {})
    with pytest.raises(ValueError, match="mask the text"):
        Vocabulary(100, {"a3": 50}, {})


def test_the_shipped_model_has_a_weight_for_every_feature_and_stays_small() -> None:
    model = TriageModel.load()
    expected = 2 * len(model.features.names)  # of the whole message and of its opening
    assert {len(head.weights) for head in model.heads.values()} == {expected}
    files = model.to_files()
    fast = replace(model, second=None).to_files()
    assert sum(map(len, fast.values())) < 4 * 2**20
    assert sum(map(len, files.values())) < 42 * 2**20


def ngram_of(key: int) -> str:
    return key.to_bytes(2 * LONGEST, "big").decode("utf-16-be").rstrip("\0")


@given(st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0xD7FF), min_size=1, max_size=LONGEST))
def test_an_ngram_and_its_key_are_one_to_one(ngram: str) -> None:
    assert ngram_of(key_of(ngram)) == ngram


@pytest.mark.parametrize("ngram", ["", "补偿款不公", "😡"])
def test_what_does_not_fit_a_key_is_refused(ngram: str) -> None:
    if ngram == "😡":
        assert ngram_of(key_of(ngram)) == ngram  # two 16-bit units
    else:
        with pytest.raises(ValueError, match="1 to 4"):
            key_of(ngram)


@given(
    st.lists(st.text(alphabet="村民款" + "".join(PLACEHOLDERS), max_size=9), max_size=6),
    st.integers(1, LONGEST),
)
def test_ngrams_of_a_batch_are_those_of_each_text(texts: list[str], size: int) -> None:
    keys, rows = Characters.of(texts).ngrams(size)
    found = sorted((int(row), ngram_of(int(key))) for key, row in zip(keys, rows, strict=True))
    expected = [
        (row, text[start : start + size])
        for row, text in enumerate(texts)
        for start in range(len(text) - size + 1)
    ]
    assert found == sorted(expected)
