"""What people of an office decided teaches class and urgency, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.triage import TriageModel
from tests.triage.test_training import site_labels
from training.label_files import load_site
from training.triage import train_triage
from training.triage_labels import LabelError

ASKED = "请问今年以来医保怎么缴费，请领导希望大家都一直没有"


def test_a_class_and_an_urgency_corrected_often_enough_change_the_answer(board: Path, tmp_path: Path) -> None:
    train_triage(board, out=tmp_path / "before", labels=board, seed=3)
    site = site_labels(
        tmp_path / "site.parquet", ASKED, times=80, key=False, nature="consultation", model_field="other",
        official_class="申诉", urgency="group_event",
    )  # fmt: skip
    train_triage(board, out=tmp_path / "after", labels=board, site=site, seed=3)
    (old,) = TriageModel.load(tmp_path / "before").predict([ASKED])
    (new,) = TriageModel.load(tmp_path / "after").predict([ASKED])
    assert (old.key, new.key) == (False, False)
    assert old.official_class != new.official_class == "申诉"
    assert ("group_event" in old.urgency, "group_event" in new.urgency) == (False, True)


def test_a_file_from_before_class_and_urgency_says_nothing_of_them(tmp_path: Path) -> None:
    (one,) = load_site(site_labels(tmp_path / "site.parquet", ASKED, times=1))
    assert (one.official_class, one.urgency) == (None, None)


@pytest.mark.parametrize("change", [{"official_class": "投诉"}, {"urgency": "hurry"}])
def test_an_unknown_class_or_urgency_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(LabelError, match="complaint 7"):
        load_site(site_labels(tmp_path / "site.parquet", ASKED, times=1, **change))
