"""A made-up board for the tests of training."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.triage.labels import CLASSES, TOPICS, URGENCIES

GOOD = ["请问{}医保怎么缴费", "{}公交什么时候开通", "小区{}路灯不亮希望维修", "咨询{}退休工资怎么计算"]
BAD = [
    "举报村支书{}贪污补偿款",
    "村干部{}虚报冒领低保",
    "村主任{}挪用集体资金账目不公开",
    "镇干部{}收受红包包庇亲戚",
]
FILLERS = "今年以来 我们多次 去年冬天 到现在 请领导 一直没有 大家都 据说 现在 希望 本人 两个月".split()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of 480 messages about three cities, half of them accusations."""
    folder = tmp_path_factory.mktemp("board")
    generator = np.random.default_rng(0)

    def message(number: int) -> tuple[str, str]:
        kind = (BAD if number % 2 else GOOD)[number // 2 % 4]
        words = "".join(generator.permutation(FILLERS)[:8])
        return f"{'ABC'[number % 3]}1区{words}", "，".join([kind.format(generator.choice(FILLERS)), words])

    rows = [message(number) for number in range(480)]
    for source, part in (("topics", range(280)), ("hot", range(280, 400)), ("replies", range(400, 480))):
        columns = {
            "id" if source == "topics" else "msg_id": [str(number) for number in part],
            "subject": [rows[number][0] for number in part],
            "detail": [rows[number][1] for number in part],
        }
        if source == "topics":
            columns["label"] = [TOPICS[number // 2 % 4] for number in part]
        pq.write_table(pa.table(columns), folder / f"board_{source}.parquet")
    natures, matters = ["consultation", "appeal_for_help"], ["other", "labour"]
    with (folder / "key_matters.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "reader", "key", "nature", "field", "sure"])
        for number in range(200):
            bad = number % 2
            nature = "accusation" if bad else natures[number // 2 % 2]
            writer.writerow(
                [f"topics:{number}", "r1", bad, nature, "assistance" if bad else matters[number // 2 % 2], 1]
            )
    (folder / "settlements.csv").write_text("id,key,nature,field,reason\n")
    with (folder / "classes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("id,class,no_substance,duplicate,urgency,accused,sure,reader".split(","))
        for number in range(200):
            matter = CLASSES[0] if number % 2 else CLASSES[1 + number // 2 % 3]
            urgency = list(URGENCIES)[number // 2 % 4] if number % 2 else "none"
            writer.writerow([f"topics:{number}", matter, 0, "", urgency, "", 1, "r1"])
    (folder / "written_village.csv").write_text(
        "id,text,key,nature,field,class,no_substance,urgency,accused,note\n"
        "w1,村会计把钱拿走了还威胁举报的人,1,accusation,collective_funds,检举控告,0,retaliation,村会计,sms\n"
    )
    return folder
