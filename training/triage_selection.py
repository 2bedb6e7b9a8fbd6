"""How the messages of ``training/labels`` were chosen, in four rounds.

The first round drew at random within three kinds, before there was a model. The second drew mostly what the first
round's model was unsure of, and what it had seldom seen. The third took all that the second's model held possible, and
fewer of the rest the less likely. The fourth took all that was left. Kept so that the samples can be drawn again and their bias
be known; training does not call it. It reads the messages as they were published (not normalised), because the
choice was made on those.
"""

from __future__ import annotations

import csv
import random
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from ml.triage import TriageModel
from ml.triage.near_duplicates import group_near_duplicates
from training.board import read_board

SEED: Final = 20_261_122
SHARES: Final = {"misconduct": 520, "village": 320, "other": 360}
"""Messages chosen of each kind; a message is of the first kind whose words it holds."""

SECOND_SEED: Final = 20_261_123
SECOND_SHARES: Final = {"unsure": 380, "village money": 330, "likely": 170, "random": 120}
"""Messages chosen of each kind, in this order; a message is of the first kind that takes it."""
LIKELIEST: Final = 600
"""The kind "likely" is drawn from so many messages of highest probability."""

THIRD_SEED: Final = 20_261_128
THIRD_SHARES: Final = {0.2: None, 0.1: 720, 0.02: 263, 0.0: 100}
"""From which probability (up to the one before) how many messages are taken at random; None takes all."""

FOURTH_SEED: Final = 20_261_130

_FILES: Final = (("topics", "id"), ("hot", "msg_id"), ("replies", "msg_id"))
_MISCONDUCT = re.compile(
    "贪污|受贿|行贿|侵占|挪用|截留|克扣|虚报|冒领|优亲厚友|关系户|内定|暗箱|黑箱|串标|围标|回扣|吃拿卡要|乱收费|保护伞|包庇|勾结"
    "|打击报复|弄虚作假|举报|检举|滥用职权|以权谋私|收红包|送礼|不公开|账目|公款|违规收费|强制收费|私分|中饱私囊|渎职|徇私|失职"
    "|乱摊派|徇情|强征|强拆"
)
_VILLAGE = re.compile(
    "村支书|村主任|村委|村干部|村民|组长|低保|五保|贫困户|扶贫|危房改造|征地|补偿款|补偿费|土地流转|承包地|林地|粮补|种粮补贴|合作社"
    "|集体土地|集体资产|集体资金|村务公开|选举|宅基地|合作医疗|养老金|残疾|救助|水库移民|退耕还林|居委会|社区主任|拆迁"
)

_VILLAGE_MONEY = re.compile(
    "集体资金|集体资产|村集体|账目|村务公开|财务公开|选举|换届|贿选|种粮补贴|粮食补贴|粮补|退耕还林|惠农|农机补贴|低保|五保|贫困户|扶贫"
    "|危房|村支书|村主任|村干部|村长|组长|发包|承包款|租金|招标|投标|采购|工程款|移民补助|一事一议|公益林|土地流转"
)


def select_messages(data_folder: Path) -> list[str]:
    """Return the ids of the 1,200 messages, in the order in which readers got them (300 each)."""
    pools: dict[str, list[str]] = {kind: [] for kind in SHARES}
    distinct = list(_distinct(data_folder))
    generator = random.Random(SEED)  # noqa: S311 - a seeded sample, not a secret
    generator.shuffle(distinct)
    for message_id, text in distinct:
        pools[_kind(text)].append(message_id)
    chosen = [message_id for kind, share in SHARES.items() for message_id in pools[kind][:share]]
    generator.shuffle(chosen)
    return chosen


def select_second_round(data_folder: Path, *, labelled: Collection[str], first: TriageModel) -> list[str]:
    """Return the ids of the 1,000 messages of the second round, in the order in which readers got them (250 each).

    Args:
        data_folder: holds the board files and the test set.
        labelled: ids of the first round; they are not chosen again.
        first: the model trained on those alone. Another model chooses other messages.
    """
    rest = [(message_id, text) for message_id, text in _published(data_folder) if message_id not in labelled]
    results = first.predict(["\n".join(text) for _, text in rest])
    probability = [result.key_probability for result in results]
    threshold = first.decision.threshold
    generator = random.Random(SECOND_SEED)  # noqa: S311 - a seeded sample, not a secret
    rows = list(range(len(rest)))
    generator.shuffle(rows)
    pools: dict[str, Iterable[int]] = {
        "unsure": sorted(rows, key=lambda row: abs(probability[row] - threshold)),
        "village money": [row for row in rows if _VILLAGE_MONEY.search("".join(rest[row][1]))],
        "likely": sorted(rows, key=lambda row: -probability[row])[:LIKELIEST],
        "random": rows,
    }
    chosen: dict[int, None] = {}
    for kind, share in SECOND_SHARES.items():
        fresh = (row for row in pools[kind] if row not in chosen)
        chosen.update(dict.fromkeys(list(islice(fresh, share))))
    order = list(chosen)
    generator.shuffle(order)
    return [rest[row][0] for row in order]


def select_third_round(data_folder: Path, *, labelled: Collection[str], second: TriageModel) -> list[str]:
    """Return the ids of the 2,610 messages of the third round, in the order in which readers got them (435 each).

    Args:
        data_folder: holds the board files and the test set.
        labelled: ids of both rounds before; they are not chosen again.
        second: the model trained on those. Another model chooses other messages.
    """
    rest = [(message_id, text) for message_id, text in _published(data_folder) if message_id not in labelled]
    probability = [result.key_probability for result in second.predict(["\n".join(text) for _, text in rest])]
    generator = random.Random(THIRD_SEED)  # noqa: S311 - a seeded sample, not a secret
    rows = list(range(len(rest)))
    generator.shuffle(rows)
    chosen: list[int] = []
    below = float("inf")
    for at_least, share in THIRD_SHARES.items():
        chosen += [row for row in rows if at_least <= probability[row] < below][:share]
        below = at_least
    generator.shuffle(chosen)
    return [rest[row][0] for row in chosen]


def select_fourth_round(data_folder: Path, *, labelled: Collection[str]) -> list[str]:
    """Return the ids of the 7,502 messages of the fourth round, in an order of which every eighth went to one reader.

    One message of each group of near-copies of which none is labelled yet, if it has something to read.
    """
    board = read_board(data_folder)
    groups = group_near_duplicates([message.masked for message in board])
    seen = {group for message, group in zip(board, groups, strict=True) if message.message_id in labelled}
    texts = {
        f"{source}:{row[id_column]}": f"{row['subject'] or ''}{row['detail'] or ''}"
        for source, id_column in _FILES
        for row in pq.read_table(data_folder / f"board_{source}.parquet").to_pylist()
    }
    chosen = []
    for message, group in zip(board, groups, strict=True):
        if group not in seen:
            seen.add(group)
            if len(re.sub(r"\W", "", texts[message.message_id])) >= 12:
                chosen.append(message.message_id)
    random.Random(FOURTH_SEED).shuffle(chosen)  # noqa: S311 - a seeded sample, not a secret
    return chosen


def _kind(text: str) -> str:
    if _MISCONDUCT.search(text):
        return "misconduct"
    return "village" if _VILLAGE.search(text) else "other"


def _distinct(data_folder: Path) -> Iterator[tuple[str, str]]:
    """Yield id and text of the messages to choose from."""
    return ((message_id, "".join(text)) for message_id, text in _published(data_folder))


def _published(data_folder: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield id, subject and detail of messages that begin like no earlier one and like none of the test set."""
    with (data_folder / "key_matter_dev.csv").open(encoding="utf-8", newline="") as file:
        tested = {_bare(row["subject"] + row["detail"])[:80] for row in csv.DictReader(file)}
    seen: set[str] = set()
    for source, id_column in _FILES:
        for row in pq.read_table(data_folder / f"board_{source}.parquet").to_pylist():
            text = (row["subject"] or "").strip(), re.sub(r"\s+", " ", row["detail"] or "").strip()
            bare = _bare("".join(text))
            if len(bare) >= 12 and bare[:60] not in seen and bare[:80] not in tested:
                seen.add(bare[:60])
                yield f"{source}:{row[id_column]}", text


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text)).lower()
