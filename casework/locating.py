"""Which village a message speaks of, by the names of places. Pure; unsure is None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SHORTEST_NAME: Final = 3


def locate(text: str, places: Mapping[str, str]) -> str | None:
    """Division code of the one place that the text names, or None when it names none or several.

    places: code → name. A longer code wins over the divisions it lies in ("清溪镇石桥村" is the village). Names of
    fewer than three characters occur by chance and are not looked for.
    """
    named = {code for code, name in places.items() if len(name) >= _SHORTEST_NAME and name in text}
    innermost = {
        code for code in named if not any(other != code and other.startswith(code) for other in named)
    }
    return innermost.pop() if len(innermost) == 1 else None
