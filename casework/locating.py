"""Which division a message speaks of, or a person means, by the names of the register. Pure; unsure is None."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Final

from casework.errors import BadInput
from casework.mentioning import merely_mentioned
from casework.roles import TOWN, VILLAGE, is_division
from ml.extraction.folding import fold
from ml.extraction.gazetteer import Gazetteer
from ml.extraction.spans import Places, Span

_MOST_SHOWN: Final = 6
_MATTERS: Final = "|".join(
    (
        "农业", "农村", "农技", "农机", "农经", "经管", "财经", "经济", "经发", "扶贫", "振兴", "社保", "劳动", "人社", "医保", "残联",
        "妇联", "工会", "水利", "水务", "林业", "畜牧", "兽医", "土地", "规划", "城建", "村建", "村镇", "建设", "环保", "环卫", "安监",
        "应急", "综治", "政法", "维稳", "财政", "文化", "广电", "教育", "计生", "卫计", "党政", "党建", "组织", "宣传", "武装", "统战",
        "退役", "便民", "政务", "服务", "事务", "综合", "执法", "城管", "拆迁", "征收", "征地", "招商", "三资", "代理", "会计",
    )
)  # fmt: skip
_OFFICES: Final = rf"(?:{_MATTERS})(?:(?![款钱]|补贴|项目|工程|银行|信用社)[\u4e00-\u9fff]){{0,8}}?(?:办公室|办(?!理|法|事|了|的|完|成)|所(?!以|有|谓|得|说|在)|站(?!出|在|起)|中心|科|(?<!入)股(?![份金东权])|局|大队|(?<![全一大内外局])部(?!分)|专干)"
"""An office of a town by its matters: 扶贫办, 农业服务中心, 社保所."""
_BODY: Final = re.compile(
    r"[里上]?的?(?:人民)?(?:政府|党委|党工委|纪工委|纪委|纪检|人大|办事处|办公室|书记|镇长|乡长|县长|区长|主任|主席|部长|领导|干部|工作人员"
    r"|派出所|司法所|民政|国土|自然资源|信访|副|委书记|委(?!托|屈|员会)|分管|主管|[包驻挂联]村"
    rf"|{_OFFICES})"
)
_BARE: Final = re.compile(
    r"镇长(?!期(?!间)|久|远)|(?<!家)乡长(?!期(?!间)|久|远)|街道办(?!理|事(?!处)|证|手续)"
    r"|(?:(?<![集城])镇街?|(?<![城家故下返回同])乡|街道)(?![里上]?的?(?:人大代表|副[食业产]))" + _BODY.pattern
)


def locate(text: str, places: Gazetteer, *, office: str = "", about: str | None = None) -> str | None:
    """Division code of the one place that the text names, or None when it names none or several.

    A longer code wins over the divisions it lies in ("清溪镇石桥村" is the village); of villages with one name the one
    in the town that is named too, else the one below the ``office`` that received the message. But who writes of a
    body or the head of a larger division (清溪镇政府, 清溪镇党委书记) must not be read there: then that division is meant,
    whatever village is named besides. Without a name (镇长, 镇纪委书记) it is the town of the villages that are named, if
    that is one and below the office.

    about: the division that the form or the channel gave. It stands, unless the text speaks of a body above it.
    """
    folded = fold(text)
    spans = [span for span in places.spans(folded, office=office) if isinstance(span.value, Places)]
    spoken_of, mere = _mentions(folded, spans)
    said = [span for span in spans if span not in mere] or spans
    named = {about} if about else {code for span in said for code in _codes(span)}
    bodies = _bodies(spoken_of, named, office=office)
    if about:
        bodies = {code for code in bodies if code != about and about.startswith(code)}
    if bodies:
        outermost = {code for code in bodies if not any(o != code and code.startswith(o) for o in bodies)}
        return outermost.pop() if len(outermost) == 1 else None
    innermost = {
        code for code in named if not any(other != code and other.startswith(code) for other in named)
    }
    return innermost.pop() if len(innermost) == 1 else None


def place_given(written: str, names: Mapping[str, str]) -> str:
    """Division code that a person wrote down: itself, or the name of one village or town, or of town and village.

    names: code → name of the divisions of the office. Raises `BadInput` for a name that none of them has, or several.
    """
    given = fold(written).strip()
    if is_division(given):
        return given
    known = {code: name for code, name in names.items() if len(code) in (TOWN, VILLAGE)}
    gazetteer = Gazetteer.of(known)

    def called(name: str) -> list[str]:
        full = {code for code in known if known[code] == name}.union(gazetteer.codes.get(name, ()))
        return sorted(full or gazetteer.short.get(name, ()))

    towns = [code for code, name in known.items() if len(code) == TOWN and given.startswith(name)]
    found = called(given) or [
        code for town in towns for code in called(given.removeprefix(known[town])) if code.startswith(town)
    ]
    if not found:
        raise BadInput(
            "about", "没有找到这个名称：请填辖区内村（社区）或乡镇（街道）的名称，或 9 位、12 位区划代码"
        )
    if len(found) > 1:
        shown = "；".join(
            f"{names.get(code[:TOWN], '') if len(code) > TOWN else ''}{names[code]} {code}"
            for code in found[:_MOST_SHOWN]
        )
        more = "等" if len(found) > _MOST_SHOWN else ""
        raise BadInput("about", f"有 {len(found)} 处同名，请填区划代码：{shown}{more}")
    return found[0]


def _mentions(folded: str, spans: Sequence[Span]) -> tuple[list[Span | None], list[Span]]:
    """Mentions of bodies and heads that are spoken of, as the span of the name (清溪镇政府, 清溪镇长), None without one (镇长);
    and the names of those that are merely mentioned."""
    bare = {found.start(): found.end() for found in _BARE.finditer(folded)}
    found: list[tuple[int, int, Span | None]] = []
    for span in spans:
        inside = [start for start in bare if span.start <= start < span.end]
        ends = [bare.pop(start) for start in inside]
        if body := _BODY.match(folded, span.end):
            ends.append(body.end())
        if ends:
            found.append((span.start, max(ends), span))
    found += [(start, end, None) for start, end in bare.items()]
    found.sort(key=lambda one: one[:2])
    judged = merely_mentioned(folded, [(start, end) for start, end, _ in found])
    told = list(zip(found, judged, strict=True))
    spoken_of = [span for (_, _, span), is_mere in told if not is_mere]
    return spoken_of, [span for (_, _, span), is_mere in told if is_mere and span is not None]


def _bodies(spoken_of: Sequence[Span | None], named: Set[str], *, office: str) -> set[str]:
    """Larger divisions of which a body or head is spoken of: those named with it, and without a name the town of the
    named villages."""
    bodies = {code for span in spoken_of if span for code in _codes(span) if len(code) < VILLAGE}
    towns = {code[:TOWN] for code in named if len(code) == VILLAGE} if None in spoken_of else set()
    if len(towns) == 1:
        bodies |= {code for code in towns if code.startswith(office) and code != office}
    return bodies


def _codes(span: Span) -> tuple[str, ...]:
    return span.value.codes if isinstance(span.value, Places) else ()
