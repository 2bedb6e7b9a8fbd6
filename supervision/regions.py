"""Parameters that a region sets for itself, within the bounds that a model gives.

`CUNJIAN_HOME/parameters.yaml`, one entry a setting:

    - {division: "3305", model: labour_more_than_a_day, parameter: max_half_days, value: 2,
       reason: 市里规定不计加班, author: 王某, from: 2026-01-01}

The longest division code that covers a village wins. A value outside the bounds, or a name that no model has, is
refused as a whole: a run never goes on with half of the settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from registers.definitions import Strict, read_yaml
from supervision.catalogue import Model

Values = Mapping[str, int | float]
FILE_NAME = "parameters.yaml"


class RegionError(ValueError):
    """A setting that cannot be used. The message is Chinese and names the entry."""


class Setting(Strict):
    """One parameter of one model in one division, from a day on."""

    division: Annotated[str, Field(pattern=r"^\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?$")]
    model: str
    parameter: str
    value: int | float
    reason: Annotated[str, Field(min_length=1)]
    author: Annotated[str, Field(min_length=1)]
    from_day: Annotated[date, Field(alias="from")]


class Regions:
    """The settings of all regions; without any, every model keeps its own values."""

    def __init__(self, settings: Iterable[Setting] = ()) -> None:
        self._settings = sorted(settings, key=lambda s: (len(s.division), s.from_day, s.division))

    def __bool__(self) -> bool:
        return bool(self._settings)

    def groups(self, model: Model, villages: Iterable[str], *, as_of: date) -> list[tuple[Values, set[str]]]:
        """The villages by the parameter values that hold for them; the first group holds the model's own values."""
        own = model.parameter_values
        groups: dict[tuple[tuple[str, int | float], ...], tuple[Values, set[str]]] = {
            tuple(own.items()): (own, set())
        }
        for village in villages:
            values = dict(own)
            for setting in self._settings:
                if (
                    setting.model == model.id
                    and setting.from_day <= as_of
                    and village.startswith(setting.division)
                ):
                    values[setting.parameter] = setting.value
            groups.setdefault(tuple(values.items()), (values, set()))[1].add(village)
        return list(groups.values())

    def check(self, models: Mapping[str, Model]) -> None:
        """Refuse names that do not exist and values outside the bounds. Raises `RegionError`."""
        for setting in self._settings:
            place = f"{FILE_NAME}：{setting.division} {setting.model}.{setting.parameter}"
            model = models.get(setting.model)
            if model is None:
                raise RegionError(f"{place}：没有这个模型")
            parameter = model.parameters.get(setting.parameter)
            if parameter is None:
                raise RegionError(f"{place}：模型没有这个参数，可设的有 {'、'.join(model.parameters)}")
            if not parameter.min <= setting.value <= parameter.max:
                raise RegionError(f"{place}：{setting.value} 超出允许范围 {parameter.min} 至 {parameter.max}")

    def describe(self) -> list[str]:
        """One line a setting, for the identity of a run."""
        return [setting.model_dump_json(by_alias=True) for setting in self._settings]


def load_regions(home: Path, models: Mapping[str, Model]) -> Regions:
    """The settings of a home; none when there is no file. Raises `RegionError`."""
    path = home / FILE_NAME
    if not path.exists():
        return Regions()
    try:
        content = read_yaml(path.read_text(encoding="utf-8")) or []
        regions = Regions(TypeAdapter(list[Setting]).validate_python(content))
    except (ValidationError, yaml.YAMLError) as error:
        raise RegionError(f"{FILE_NAME}：写法有误：{error}") from error
    regions.check(models)
    return regions
