"""The shipped weights hold no names; the path through the labels is the best one."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from itertools import pairwise, product

import numpy as np
import pytest
import rjieba

from ml.extraction.people import people
from ml.extraction.spans import Kind
from ml.extraction.tagging import Tagger, features_of, shipped_tagger, spans_of
from ml.triage import mask_terms as terms

NO_NAMES = {"谢谢", "高三", "幼儿园", "二中"}
"""Words that the dictionary of jieba holds for names."""
NO_BEGINNINGS = {"江镇", "关单", "司,", "安局", "程的", "司的"}
"""Pairs that begin with the character of a surname, out of 相关单位, 公司, 公安局, 工程的 and a changed name of a town."""
WEIGHTS = ("tagger.json", "party_tagger.json")


def lexical(prefix, weights):
    stored = json.loads((files("ml.extraction") / weights).read_text(encoding="utf-8"))["states"]
    return {match[1] for name in stored if (match := re.fullmatch(rf"(?:s:)?{prefix}=(.+)", name))}


def found_in(text):
    return spans_of(text, shipped_tagger().tag(features_of(text)))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_no_weight_holds_a_name_of_a_person(weights):
    words = lexical(r"w(?:[+-]1)?", weights)
    assert len(words) > 30
    for word in words - NO_NAMES:
        tagged_as_name = rjieba.tag(word)[0][1] in {"nr", "nrt", "nrfg"}
        assert len(word) == 1 or not tagged_as_name, word
        assert not [span for span in people(word) if span.kind == Kind.PERSON], word
    pairs = lexical(r"b-?\d", weights)
    common = {pair for pair in pairs if pair[0] in terms.SURNAMES and not rjieba.has_word(pair)}
    assert common <= NO_BEGINNINGS


@pytest.mark.parametrize("weights", WEIGHTS)
def test_no_weight_holds_a_number_of_a_person(weights):
    assert not [word for word in lexical(r"[wb][+-]?\d?", weights) if re.search(r"\d{3}", word)]


def test_viterbi_finds_the_best_of_all_paths():
    rng = np.random.default_rng(7)
    labels = ("B-place", "I-place", "O")
    states = {name: rng.normal(size=3).astype(np.float32) for name in "abcd"}
    tagger = Tagger(labels, states, rng.normal(size=(3, 3)).astype(np.float32))
    features = [["a"], ["b", "c"], ["d", "unknown"], [], ["a", "d"]]

    def weight(path):
        stays = sum(
            sum((states[n][label] for n in names if n in states), 0.0)
            for names, label in zip(features, path, strict=True)
        )
        return stays + sum(tagger.moves[a, b] for a, b in pairwise(path))

    best = max(product(range(3), repeat=5), key=weight)
    assert tagger.tag(features) == [labels[number] for number in best]


def test_every_character_has_its_features():
    text = "石桥村的路\n第二行，村支书😀"
    assert len(features_of(text)) == len(text)
    assert features_of("") == []


def test_a_span_without_chinese_characters_is_none():
    assert found_in("please ignore this 123") == []


def test_a_village_that_no_register_knows_is_found():
    text = "我是沧水镇水井坳村的农民，村里的路没修。"
    assert "水井坳村" in {text[s.start : s.end] for s in found_in(text) if s.kind == Kind.VILLAGE}
