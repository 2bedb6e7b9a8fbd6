"""Bodies of requests and answers about models that counties write, and about their trial runs."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import EventRow
from casework.states import DraftState
from supervision.drafts import MOST_CHARACTERS

MOST_TOWNS = 20_000
_CHANGE = {"gained": 3, "kept": 12, "lost": 1}


class _Body(BaseModel):
    """Read from a row when it answers; refuses what it does not know when it asks."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Change(_Body):
    gained: int = Field(ge=0, description="草稿新增的疑点", examples=[3])
    kept: int = Field(ge=0, description="与现行版本相同的疑点", examples=[12])
    lost: int = Field(ge=0, description="草稿不再提示的疑点", examples=[1])


class TrialDayRow(Change):
    as_of: date = Field(examples=["2026-09-30"])
    levels: dict[str, int] = Field(description="草稿各等级的疑点数", examples=[{"red": 2, "yellow": 13}])
    not_computable_villages: int = Field(ge=0, description="答不出的村数", examples=[4])


class VerifiedShare(_Body):
    verified: int = Field(ge=0, description="有核查结论的疑点", examples=[8])
    confirmed: int = Field(ge=0, description="其中属实的", examples=[6])


class TrialBody(_Body):
    """试运行的数字，即 `cunjian models try --json` 的 `summary`；不含任何对象。"""

    content_hash: str = Field(
        pattern=r"^[0-9a-f]{16}$", description="所试内容的哈希，须与草稿一致", examples=["3f1c0a9b7d5e2468"]
    )
    days: list[TrialDayRow] = Field(min_length=1, max_length=400)
    by_town: dict[str, Change] = Field(
        max_length=MOST_TOWNS, description="最近一天按乡镇", examples=[{"330102001": _CHANGE}]
    )
    tasks_per_week: float | None = Field(ge=0, description="每周新增疑点；只试一天时为空", examples=[1.4])
    published_tasks_per_week: float | None = Field(ge=0, description="现行版本的", examples=[1.1])
    overlap: dict[str, float] = Field(
        max_length=1_000,
        description="同一对象也被其他模型提示的比例",
        examples=[{"labour_month_overfull": 0.25}],
    )
    verified: VerifiedShare
    published_verified: VerifiedShare


class NewDraft(_Body):
    content: str = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description="模型的 YAML 全文，写法同自带模型",
        examples=["id: labour_full_day_twice\nversion: 1\nname: 同一人一天记了两个工以上\n…"],
    )


class SubmitBody(_Body):
    reason: str = Field(min_length=1, max_length=2000, examples=["本县零工日工资高，多记半个工也应提示"])


class DecisionBody(_Body):
    comment: str = Field(min_length=1, max_length=2000, examples=["试运行八个季度，每周约一条，属实六成"])


class DraftRow(_Body):
    id: int = Field(examples=[4])
    model_id: str = Field(examples=["labour_full_day_twice"])
    model_version: int = Field(examples=[1])
    name: str = Field(examples=["同一人一天记了两个工以上"])
    division: str = Field(description="编写的区划", examples=["330102"])
    scope: str | None = Field(description="生效的区划；空为未生效", examples=["330102"])
    author_id: int = Field(examples=[6])
    checker_id: int | None = Field(description="发布或退回的人", examples=[2])
    reason: str | None = Field(examples=["本县零工日工资高，多记半个工也应提示"])
    content_hash: str = Field(examples=["3f1c0a9b7d5e2468"])
    created_at: datetime = Field(examples=["2026-11-22T01:30:00Z"])
    decided_at: datetime | None = Field(examples=["2026-11-23T01:30:00Z"])
    state: DraftState = Field(examples=["published"])


class DraftPage(_Body):
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    rows: list[DraftRow]


class DraftDetail(DraftRow):
    content: str = Field(examples=["id: labour_full_day_twice\nversion: 1\n…"])
    trial: TrialBody | None = Field(description="作者提交的试运行结果", examples=[None])
    history: list[EventRow]
