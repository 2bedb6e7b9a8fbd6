"""A challenger's report: one page for people, without network or scripts, and the same figures as JSON.

Plots are SVG drawn by the template from those figures: no font is needed for Chinese labels, equal figures give
equal bytes, and presentation attributes pass the console's content policy. No id of an official or a village and no
name of a person is in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ml.kinds import KIND_NAMES
from ml.reports import write_report
from training.registry import Registered, log_report
from training.study import Room, Study, named

ORDER_NAMES: Final[Mapping[str, str]] = {
    "risk": "风险模型",
    "anomaly": "异常模型",
    "tender": "招标模型",
    "directional": "报价指标的方向分",
    "hits": "疑点个数",
    "random": "随机次序",
}
ANSWER_NAMES: Final[Mapping[str, str]] = {
    "pass": "通过",
    "fail": "未通过",
    "cannot_tell": "说不清",
    "not_applicable": "不适用",
}
DIMENSION_NAMES: Final[Mapping[str, str]] = {"town": "乡镇", "peers": "村型与规模", "field": "线索所在领域"}
VERDICT_NAMES: Final[Mapping[str, str]] = {
    "over": "提示偏多",
    "under": "提示偏少",
    "even": "未见偏差",
    "too_few": "件数太少",
}


def publish_report(study: Study, registered: Registered, *, room: Room, mlruns: Path, key: bytes) -> Path:
    """Write the report of a registered challenger under the home and beside its run; return its folder."""
    figures = report_json(study, registered, room=room)
    folder = write_report(
        room.home,
        registered.kind,
        registered.version,
        figures=json_bytes(figures),
        page=report_page(figures),
        key=key,
    )
    log_report(registered, folder, mlruns=mlruns)
    return folder


def report_json(study: Study, registered: Registered, *, room: Room) -> dict[str, Any]:
    """Everything the page shows, as JSON: NaN is null, dates are ISO."""
    content: dict[str, Any] = plain(study)
    content |= {
        "kind": registered.kind,
        "name": KIND_NAMES[registered.kind],
        "version": registered.version,
        "run_id": registered.run_id,
        "reported_on": room.today.isoformat(),
        "gates": [plain(verdict) for verdict in study.verdicts],
        "may_be_promoted": study.may_be_promoted,
        "slices": [plain(one) | {"label": named(one, room.places)} for one in study.slices],
    }
    del content["verdicts"]
    return content


def report_page(figures: Mapping[str, Any]) -> str:
    """The page of `report_json`."""
    page = _ENVIRONMENT.get_template("report.html")
    return page.render(
        report=figures,
        orders=ORDER_NAMES,
        answers=ANSWER_NAMES,
        dimensions=DIMENSION_NAMES,
        verdicts=VERDICT_NAMES,
    )


def json_bytes(figures: Mapping[str, Any]) -> bytes:
    text = json.dumps(figures, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return text.encode() + b"\n"


def plain(value: object) -> Any:
    """A value as JSON has it; what is not a finite number is null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(item) for name, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else value


def _number(value: float | None, digits: int = 3) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{value:.0%}"


def _interval(estimate: Mapping[str, Any] | None) -> str:
    """A value with its interval; what could not be told is a dash."""
    if estimate is None or estimate["value"] is None:
        return "—"
    if estimate["low"] is None or estimate["high"] is None:
        return _number(estimate["value"])
    return f"{estimate['value']:.3f}（{estimate['low']:.3f} 至 {estimate['high']:.3f}）"


_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("training"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {"number": _number, "percent": _percent, "interval": _interval}
