"""Registered versions as training leaves them in a home: a signed bundle and a signed report, without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from casework.promotions import Registry
from ml.bundle import bundle_folder, write_bundle
from ml.reports import write_report
from registers.pseudonyms import load_key
from tests.casework_world import COUNTY
from training.gates import GATES
from training.report import json_bytes

KIND = "risk_village"
DEFINITION = "d" * 16


def registry_of(home: Path, *, definition: str = DEFINITION) -> Registry:
    return Registry(
        home=home, office=COUNTY, key=load_key(home, "signing"), definitions=lambda: {KIND: definition}
    )


def gates(**answers: str) -> list[dict[str, Any]]:
    """All gates, passed but for those named."""
    return [
        {
            "gate": gate.id,
            "name": gate.name,
            "answer": answers.get(gate.id, "pass"),
            "sentence": f"{gate.name}的说明。",
            "why": gate.why,
            "hard": gate.hard,
        }
        for gate in GATES.values()
    ]


def add_version(
    home: Path,
    version: str,
    *,
    kind: str = KIND,
    champion: str | None = None,
    found: Sequence[Mapping[str, Any]] | None = None,
    reported_on: str = "2026-11-20",
    definition: str = DEFINITION,
    page: str = "<!doctype html><title>报告</title>",
) -> None:
    """A version with bundle and report; `champion`: the version that the report compares it with."""
    key = load_key(home, "signing")
    about: dict[str, object] = {"kind": kind, "version": version, "definition_hash": definition}
    write_bundle(bundle_folder(home, kind, version), {"model.json": version.encode()}, about, key=key)
    figures = {
        "kind": kind,
        "version": version,
        "as_of": "2026-10-31",
        "reported_on": reported_on,
        "simulated": True,
        "gates": list(found if found is not None else gates()),
        "champion": {"version": champion, "compared": None} if champion else None,
        "cases": [],
        "data": {"verified": 40, "drawn": 40, "confirmed": 20, "refuted": 20},
        "unknown": ["没有被选中核查的对象究竟如何，本报告不知道。"],
    }
    write_report(home, kind, version, figures=json_bytes(figures), page=page, key=key)
