"""Texts of models that a county could write, for tests: the labour model under an id of the county's own."""

from __future__ import annotations

from supervision.catalogue import MODELS_FOLDER

SHIPPED = "labour_more_than_a_day"
OWN = "labour_full_day_twice"


def draft_text(*, model_id: str = OWN, version: int = 1, **replaced: str) -> str:
    """The text of the shipped labour model with another id and version, and words replaced (old=new pairs)."""
    text = (MODELS_FOLDER / "labour" / f"{SHIPPED}.yaml").read_text(encoding="utf-8")
    text = text.replace(f"id: {SHIPPED}", f"id: {model_id}").replace("version: 1", f"version: {version}")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


def stricter_text(*, model_id: str = OWN, version: int = 1) -> str:
    """The same with a limit of two half days instead of three; its boundary case moves along."""
    return draft_text(
        model_id=model_id,
        version=version,
        **{
            "max_half_days: {value: 3": "max_half_days: {value: 2",
            "person_key: B, work_date: 2025-05-01, job: 修路, half_days: 1": (
                "person_key: C, work_date: 2025-05-01, job: 修路, half_days: 1"
            ),
        },
    )
