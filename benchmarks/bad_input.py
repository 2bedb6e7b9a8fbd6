"""Bad input: what a person sees for each broken file, and that no row is ever lost.

    python -m benchmarks bad_input

Every file is really imported into a home of its own. A row is accounted for when it was accepted, was known already,
repeats another row, or lies in the quarantine file with its reason.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bad_input_cases import all_cases
from benchmarks.deliveries import Case, Outcome, deliver, large_file

MILLION = 1_000_000


def main() -> int:
    """Print the table; the exit code is 0 when every case went as it must and no row was lost."""
    console = Console()
    table = Table(
        "", "文件或行", "用户看到的", "收到 = 采纳 + 不变 + 重复 + 隔离", "如预期且未丢行", show_lines=False
    )
    cases = [*all_cases(), large_file(MILLION)]
    failed = 0
    for number, case in enumerate(cases, start=1):
        with tempfile.TemporaryDirectory() as folder, console.status(case.what):
            outcome = deliver(case, Path(folder))
        good = as_it_must(case, outcome)
        failed += not good
        table.add_row(
            str(number),
            case.what,
            outcome.sees or "（已导入）",
            sum_of(outcome),
            "是" if good else "[red]否[/]",
        )
    console.print(table)
    console.print(f"{len(cases)} 种坏输入，{len(cases) - failed} 种与预期一致且不丢行")
    return 1 if failed else 0


def as_it_must(case: Case, outcome: Outcome) -> bool:
    """Whether the outcome is the expected one and accounts for every row."""
    return outcome.counts == case.counts and case.sees in outcome.sees and outcome.nothing_lost


def sum_of(outcome: Outcome) -> str:
    if outcome.counts is None:
        return "整个文件拒收"
    rows_in, *parts = outcome.counts
    return f"{rows_in:,} = {' + '.join(f'{part:,}' for part in parts)}"
