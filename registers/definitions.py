"""What the YAML definitions of registers, models and features have in common."""

from __future__ import annotations

from typing import Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """YAML as plain values, read by libyaml where PyYAML has it: the same answer in an eighth of the time."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506  both loaders are safe ones


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
