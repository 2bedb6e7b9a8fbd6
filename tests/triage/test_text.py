"""One spelling for what people type in many ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.triage.text import MAX_CHARACTERS, normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("村幹部貪污補償款，舉報！", "村干部贪污补偿款,举报!"),
        ("ＡＢＣ１２３％", "abc123%"),
        ("<p>低保<b>不公</b></p><script>alert(1)</script>", "低保不公"),
        ("收入&lt;支出 &amp; 亏损", "收入<支出&亏损"),
        ("村 务\u3000公\n开 \t 了", "村务公开了"),
        ("please help  me", "please help me"),
        ("气死了😡👨‍👩‍👧！\u200b\ufeff", "气死了!"),
        ("\x00\x1b[31m红\x07包", "[31m红包"),
        ("", ""),
        (" \n\t ", ""),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text(max_size=500))
def test_any_text_becomes_short_text_of_the_basic_plane(text: str) -> None:
    result = normalise(text)
    assert len(result) <= MAX_CHARACTERS
    assert all(ord(character) <= 0xFFFF and not 0xD800 <= ord(character) <= 0xDFFF for character in result)
    assert result == result.strip()


def test_a_very_long_text_is_read_up_to_the_limit() -> None:
    assert normalise("补偿款不公开" * 1_000_000) == ("补偿款不公开" * MAX_CHARACTERS)[:MAX_CHARACTERS]
