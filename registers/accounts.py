"""Account names of village books, matched to the accounting standard of rural collectives by name, never by number."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from registers.definitions import Strict, read_yaml
from registers.values import clean

ACCOUNTS_FILE = Path(__file__).with_name("accounts.yaml")
AccountKind = Literal["asset", "liability", "equity", "cost", "income", "expense"]

_LEVELS = re.compile(r"\s*(?:[-‐–—_/\\|:>→]|》|\.(?!\d))+\s*")
_LEADING_NUMBER = re.compile(r"^\(?[\d.]+\)?[\s\-_]*(?=\D)")


class Account(Strict):
    """An account of the standard, other names of it, and the details that books enter as accounts of their own."""

    name: str
    kind: AccountKind
    aliases: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


class Chart(Strict):
    """The accounts of one standard. No name may stand for two accounts."""

    accounts: tuple[Account, ...]
    ambiguous: dict[str, str]

    @model_validator(mode="after")
    def _no_name_twice(self) -> Chart:
        names = [_key(n) for a in self.accounts for n in (a.name, *a.aliases, *a.details)]
        names += map(_key, self.ambiguous)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"accounts.yaml: these names stand for two accounts: {twice}")
        return self


@cache
def load_chart(path: Path = ACCOUNTS_FILE) -> Chart:
    return Chart.model_validate(read_yaml(path.read_text(encoding="utf-8")))


def standard_account(name: str) -> str | None:
    """The account of the standard that a name means, by its first level: `管理费-招待费` → `管理费用`.

    None where the name is not in the mapping file, or is one that stands for several accounts.
    """
    found = _names().get(_key(_first_level(name)))
    return found[0] if found else None


def normal_account(text: str) -> str:
    """The text with the standard's account on its first level and the details kept: `管理费/招待费` → `管理费用-招待费`,
    `招待费` → `管理费用-招待费`; a text that no account matches stays as it is."""
    value = clean(text)
    first = _first_level(value)
    found = _names().get(_key(first))
    if found is None:
        return value
    account, is_detail = found
    rest = [part for part in _levels(value)[1:] if part]
    return "-".join([account, *([first] if is_detail else []), *rest])


def _first_level(name: str) -> str:
    return _levels(name)[0]


def _levels(name: str) -> list[str]:
    return _LEVELS.split(_LEADING_NUMBER.sub("", clean(name)))


def _key(name: str) -> str:
    """A name without spaces, and `生产（劳务）成本` without its brackets."""
    return re.sub(r"[\s()]", "", clean(name))


@cache
def _names() -> dict[str, tuple[str, bool]]:
    """Every known name: the account, and whether the name is a detail of it."""
    chart = load_chart()
    whole = {_key(n): (a.name, False) for a in chart.accounts for n in (a.name, *a.aliases)}
    return whole | {_key(n): (a.name, True) for a in chart.accounts for n in a.details}
