"""All cases of all models in one world: each case in a county of its own, with people and numbers of its own.

Two engines that agree on this world agree on every case, at the price of one run a model instead of one a case.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from registers.catalogue import Catalogue, Column
from supervision.catalogue import Case, Model

Row = dict[str, object]
Rows = dict[str, list[Row]]

COUNTY = 6
OWN = {"person", "party", "account", "credit_code", "phone", "written"}
"""Types of columns whose values name somebody or something; so do texts that are keys."""


def worlds(models: Iterable[Model], catalogue: Catalogue) -> dict[date, Rows]:
    """The rows of all cases by the day on which they are judged."""
    cases = [case for model in models for case in model.cases]
    found: dict[date, Rows] = {}
    for number, case in enumerate(cases):
        world = found.setdefault(case.as_of, {})
        for register, rows in _apart(case, number, catalogue).items():
            world.setdefault(register, []).extend(rows)
    return found


def _apart(case: Case, number: int, catalogue: Catalogue) -> Rows:
    keys = _key_texts(catalogue)
    return {
        register: [
            {
                name: _renamed(value, number, _column(catalogue, register, name), keys)
                for name, value in row.items()
            }
            for row in rows
        ]
        for register, rows in case.given.items()
    }


def _column(catalogue: Catalogue, register: str, name: str) -> Column | None:
    return next((column for column in catalogue[register].columns if column.name == name), None)


def _key_texts(catalogue: Catalogue) -> frozenset[str]:
    """Names of text columns by which rows are found: keys, and columns that refer to them."""
    named = {name for register in catalogue.values() for name in register.key}
    return frozenset(
        column.name
        for register in catalogue.values()
        for column in register.columns
        if column.type == "text" and (column.name in named or column.references)
    )


def _renamed(value: object, number: int, column: Column | None, keys: frozenset[str]) -> object:
    if not isinstance(value, str):
        return value
    if column is None:  # row_id, which begins with the register's name
        return f"{value}.{number}"
    if column.type == "division":
        return _moved(value, number)
    return f"{value}.{number}" if column.type in OWN or column.name in keys else value


def _moved(code: str, number: int) -> str:
    """The same place in a county of the case's own; the towns of one county stay in one county."""
    county = f"{number:04d}"
    return f"{county}{code[COUNTY - 2 :]}" if code.isdigit() and len(code) > COUNTY else f"{county}00{code}"
