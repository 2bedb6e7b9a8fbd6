"""What the YAML definitions of registers, models and features have in common."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Strict(BaseModel):
    """A definition: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(Strict):
    """A number of a query with its unit, bounds and source; a region may set another one within the bounds."""

    value: float | int
    unit: str
    min: float | int
    max: float | int
    source: str

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        if not self.min <= self.value <= self.max:
            raise ValueError(f"value {self.value} is outside its bounds {self.min} to {self.max}")
        return self
