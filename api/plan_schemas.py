"""Bodies of weekly plans and second readings. None of them says how a case was chosen."""

from __future__ import annotations

import math
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from casework.models import Outcome, SelectedBy
from casework.plan_results import PlanResults
from casework.states import PlanState, ReadingState
from ml.survey import Told


class _Body(BaseModel):
    """Read from a row when it answers; refuses what it does not know when it asks."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", str_strip_whitespace=True)


class PlanRow(_Body):
    id: int = Field(examples=[3])
    division: str = Field(description="县级区划代码", examples=["330102"])
    week: date = Field(description="当周星期一", examples=["2026-11-16"])
    as_of: date = Field(description="所用分数的日期", examples=["2026-10-31"])
    state: PlanState = Field(examples=["proposed"])
    simulated: bool = Field(examples=[True])


class PlanPage(_Body):
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    rows: list[PlanRow]


class PlanCaseRow(_Body):
    id: int = Field(examples=[12])
    village_code: str = Field(examples=["330102001001"])
    removed: bool = Field(examples=[False])
    reason: str | None = Field(description="人工加入或剔除的理由", examples=["群众反映"])
    task_id: int | None = Field(examples=[None])


class PlanDetail(PlanRow):
    """按地点排列；不显示哪些来自清单、哪些来自随机抽查。"""

    second_readers_needed: int = Field(description="须由第二人核查的个数", examples=[2])
    cases: list[PlanCaseRow]


class ProposeBody(_Body):
    division: str | None = Field(default=None, description="县级代码；空为本机关", examples=["330102"])
    week: date | None = Field(default=None, description="星期一；空为本周", examples=["2026-11-16"])


class AddCaseBody(_Body):
    village: str = Field(pattern=r"^\d{12}$", examples=["330102001001"])
    selected_by: SelectedBy = Field(
        description="complaint 来信反映、same_problem 同类问题、campaign 专项整治", examples=["complaint"]
    )
    reason: str = Field(min_length=1, max_length=2000, examples=["群众反映集体土地出租不公开"])


class ConfirmBody(_Body):
    assignees: dict[str, int] = Field(description="乡镇代码到承办人", examples=[{"330102001": 4}])
    second_reader_id: int | None = Field(default=None, description="两人核查时的第二人", examples=[3])


class CapacityBody(_Body):
    cases: int = Field(ge=0, le=50, description="该乡镇每周能核实的个数", examples=[2])


class CapacityAnswer(_Body):
    towns: dict[str, int] = Field(description="乡镇代码到每周核实数", examples=[{"330102001": 2}])


class Figure(_Body):
    """样本少时只给单侧界限，不给数值。"""

    value: float | None = Field(description="估计值；样本太少时为空", examples=[0.31])
    low: float = Field(description="95% 区间或界限的下端", examples=[0.22])
    high: float = Field(description="95% 区间或界限的上端", examples=[0.41])
    bound: str = Field(description="both 区间，at_most、at_least 单侧，unknown 说不清", examples=["both"])
    cases: int = Field(description="有明确结果的个数", examples=[96])

    @classmethod
    def of(cls, told: Told) -> Figure:
        value = None if math.isnan(told.value) else told.value
        return cls(value=value, low=told.low, high=told.high, bound=told.bound, cases=told.cases)


class ResultsAnswer(_Body):
    weeks: int = Field(description="已确认的计划周数", examples=[26])
    drawn: int = Field(examples=[130])
    decided: int = Field(examples=[96])
    removed: int = Field(examples=[4])
    precision: Figure
    prevalence: Figure
    recall: Figure
    towns: dict[str, Figure] = Field(description="个数够多的乡镇的清单属实率", examples=[{}])
    agreement: Figure
    kappa: Figure
    simulated: bool = Field(examples=[True])

    @classmethod
    def of(cls, found: PlanResults) -> ResultsAnswer:
        told = found.results
        return cls(
            weeks=found.weeks,
            drawn=found.drawn,
            decided=found.decided,
            removed=found.removed,
            precision=Figure.of(told.precision),
            prevalence=Figure.of(told.prevalence),
            recall=Figure.of(told.recall),
            towns={town.town: Figure.of(town.precision) for town in found.towns},
            agreement=Figure.of(found.agreement),
            kappa=Figure.of(found.kappa),
            simulated=found.simulated,
        )


class AskReaderBody(_Body):
    reader_id: int = Field(description="第二人：不是承办人，能查看此任务的监督检查人员", examples=[3])


class ReadingAnswer(_Body):
    task_id: int = Field(examples=[9])
    state: ReadingState = Field(examples=["asked"])
    outcome: Outcome | None = Field(description="第二人自己的结果", examples=[None])
