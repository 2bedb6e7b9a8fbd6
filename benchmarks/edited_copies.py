"""Edited copies of real messages, as people edit what they pass on. Made, not collected; every edit is described.

Each copy gets one to four edits, drawn with a seed:
  typos       1 to 3 % of the characters replaced by another character of the same message
  drop        one sentence left out, never the longest (messages of three sentences and more)
  add         one sentence of the writer's own put in, out of eight
  reorder     two neighbouring sentences exchanged
  wide        full-width digits, letters and punctuation
  names       a name put in after a title, or the signature changed
  greeting    a greeting in front, or thanks behind
  spaces      spaces and line breaks strewn in
  traditional some characters in their traditional form
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

from ml.triage.traditional import TO_SIMPLIFIED

_OWN: Final = (
    "请领导重视。", "我们已经反映过好几次了。", "希望尽快给一个答复。", "这件事大家都知道。", "请为老百姓做主。",
    "我在外地打工，电话不一定接得到。", "请不要把我的名字告诉别人。", "村里很多人都可以作证。",
)  # fmt: skip
_GREETINGS: Final = ("尊敬的领导：您好！", "书记您好，", "纪委的同志你们好：", "你好，", "有关部门：")
_THANKS: Final = ("谢谢！", "望回复。", "此致敬礼", "盼复，谢谢领导。")
_NAMES: Final = ("李建国", "王秀英", "张伟", "刘洋", "陈桂兰", "赵铁柱")
_SENTENCE: Final = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]?")
_TO_TRADITIONAL: Final = {chr(simple): chr(old) for old, simple in TO_SIMPLIFIED.items()}

Edit = Callable[[str, random.Random], str]


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE.findall(text) if part]


def _typos(text: str, draw: random.Random) -> str:
    characters = list(text)
    for place in draw.sample(range(len(text)), max(1, round(len(text) * draw.uniform(0.01, 0.03)))):
        characters[place] = draw.choice(text)
    return "".join(characters)


def _drop(text: str, draw: random.Random) -> str:
    parts = _sentences(text)
    if len(parts) > 2:
        longest = max(range(len(parts)), key=lambda place: len(parts[place]))
        parts.pop(draw.choice([place for place in range(len(parts)) if place != longest]))
    return "".join(parts)


def _add(text: str, draw: random.Random) -> str:
    parts = _sentences(text)
    parts.insert(draw.randint(0, len(parts)), draw.choice(_OWN))
    return "".join(parts)


def _reorder(text: str, draw: random.Random) -> str:
    parts = _sentences(text)
    if len(parts) > 1:
        place = draw.randrange(len(parts) - 1)
        parts[place : place + 2] = reversed(parts[place : place + 2])
    return "".join(parts)


def _wide(text: str, _draw: random.Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _names(text: str, draw: random.Random) -> str:
    name = draw.choice(_NAMES)
    titled = re.sub(r"(书记|主任|局长|厅长)", rf"{name[0]}\1", text, count=1)
    return titled if titled != text else f"{text}（{name}）"


def _greeting(text: str, draw: random.Random) -> str:
    return draw.choice(_GREETINGS) + text if draw.random() < 0.5 else text + draw.choice(_THANKS)


def _spaces(text: str, draw: random.Random) -> str:
    return "".join(c + draw.choice([" ", "\n", "　"]) if draw.random() < 0.05 else c for c in text)


def _traditional(text: str, draw: random.Random) -> str:
    return "".join(_TO_TRADITIONAL.get(c, c) if draw.random() < 0.3 else c for c in text)


EDITS: Final[tuple[Edit, ...]] = (
    _typos, _drop, _add, _reorder, _wide, _names, _greeting, _spaces, _traditional,
)  # fmt: skip


def edited(text: str, *, seed: int, most: int = 4) -> str:
    """The message with one to ``most`` different edits; the same seed gives the same copy."""
    draw = random.Random(seed)  # noqa: S311
    for edit in draw.sample(EDITS, draw.randint(1, most)):
        text = edit(text, draw)
    return text
