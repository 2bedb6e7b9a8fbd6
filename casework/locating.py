"""Which division a message speaks of, by the names of the register. Pure; unsure is None."""

from __future__ import annotations

import re
from typing import Final

from ml.extraction.folding import fold
from ml.extraction.gazetteer import Gazetteer
from ml.extraction.spans import Places, Span

_VILLAGE: Final = 12
_BODY: Final = re.compile(
    r"的?(?:人民)?(?:政府|党委|党工委|纪委|纪检|人大|办事处|书记|镇长|乡长|县长|区长|主任|领导|干部|工作人员|派出所|司法所|财政所"
    r"|经管站|农经站|民政|国土|自然资源|林业站|信访|副|委书记|委(?!托|屈|员会))"
)


def locate(text: str, places: Gazetteer, *, office: str = "") -> str | None:
    """Division code of the one place that the text names, or None when it names none or several.

    A longer code wins over the divisions it lies in ("清溪镇石桥村" is the village); of villages with one name the one
    in the town that is named too, else the one below the ``office`` that received the message. But who writes of a
    body or the head of a larger division (清溪镇政府, 清溪镇党委书记) must not be read there: then that division is meant,
    whatever village is named besides.
    """
    folded = fold(text)
    spans = [span for span in places.spans(folded, office=office) if isinstance(span.value, Places)]
    bodies = {
        code
        for span in spans
        if _BODY.match(folded, span.end)
        for code in _codes(span)
        if len(code) < _VILLAGE
    }
    if bodies:
        outermost = {code for code in bodies if not any(o != code and code.startswith(o) for o in bodies)}
        return outermost.pop() if len(outermost) == 1 else None
    named = {code for span in spans for code in _codes(span)}
    innermost = {
        code for code in named if not any(other != code and other.startswith(code) for other in named)
    }
    return innermost.pop() if len(innermost) == 1 else None


def _codes(span: Span) -> tuple[str, ...]:
    return span.value.codes if isinstance(span.value, Places) else ()
