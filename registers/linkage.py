"""Rows of different registers that are about one person, where an ID number is missing: pairs with a probability.

Fellegi-Sunter by splink on DuckDB, estimated from the rows themselves, without labels. One configuration serves all
data; a caller only says which column is which. A pair belongs to one of three tiers:

    A  the same ID number
    B  the same name, with the same phone, address or birth date, and a probability of at least the threshold
    C  the same name and nothing else: many people share a name, so C is never a link and never a finding by itself

Two different ID numbers are two persons whatever else agrees; so are one name and two birth dates, unless something
else agrees and makes a slip of the date likelier.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.comparison_level_library import CustomLevel, ElseLevel, ExactMatchLevel, NullLevel
from splink.comparison_library import CustomComparison

from registers.normalising import normal_address, normal_name

LINK_THRESHOLD: Final = 0.95
"""Tier B from here on. A round number set beforehand: at most one link in twenty is expected to be wrong."""
COLUMNS: Final = ("row_id", "id_number", "name", "phone", "address", "birth_date")
SUPPORTING: Final = ("phone", "address", "birth_date")
ROWS_TO_ESTIMATE: Final = 1_000
"""Fewer rows are scored with the figures of `_LEVELS`: they are too few to estimate from."""
PAIRS_TO_ESTIMATE: Final = 200
HIGHEST_PRIOR: Final = 0.01  # before anything is compared, two rows are at most this likely to be one person
SAMPLED_PAIRS: Final = 1e6
DETERMINISTIC_RECALL: Final = (
    0.7  # share of true pairs with the same name and one more equal column, a rough guess
)
SEED: Final = 1

# Per column, from "the same" down: condition, share among pairs of one person (m), share among others (u). DuckDB
# measures likeness in bytes, and Chinese characters share theirs: names that are not Latin are equal or not.
_LIKE = (
    "jaro_winkler_similarity(latin_l, latin_r) >= {0} OR jaro_winkler_similarity(latin_l, turned_r) >= {0}"
)
_SHARED = "len(list_intersect(address_parts_l, address_parts_r))"
_ALL = "len(list_distinct(list_concat(address_parts_l, address_parts_r)))"
_LEVELS: Final[dict[str, list[tuple[str, float, float]]]] = {
    "name": [("", 0.85, 0.001), (_LIKE.format(0.92), 0.09, 0.001), (_LIKE.format(0.8), 0.04, 0.02)],
    "birth_date": [("", 0.9, 0.0001), ("damerau_levenshtein(birth_date_l, birth_date_r) <= 1", 0.06, 0.003)],
    "phone": [("", 0.7, 0.0001), ("damerau_levenshtein(phone_l, phone_r) <= 1", 0.05, 0.0005)],
    "address": [("", 0.5, 0.005), (f"{_SHARED} >= 0.5 * {_ALL}", 0.3, 0.02)],
}
_SAME: Final = {"name": 2, "phone": 2, "address": 1, "birth_date": 2}
"""From which level on (counted from 0, "different") a column counts as the same; a near phone or date does not."""
_BLOCKS: Final = {"address": "house"}
"""What rows must have in common to be compared at all, where it is not the column itself."""

PAIR_SCHEMA: Final = pa.schema(
    {"left_id": pa.string(), "right_id": pa.string(), "probability": pa.float64(), "tier": pa.string(),
     "same": pa.string()}
)  # fmt: skip


def link(left: pa.Table, right: pa.Table | None = None, *, threshold: float = LINK_THRESHOLD) -> pa.Table:
    """Pairs of rows that may be one person, of two tables or within one, sorted; equal input gives equal output.

    Args:
        left, right: columns `row_id` (unique) and `name`, and as many of `id_number`, `phone`, `address` and
            `birth_date` (a date, or a text of digits) as there are; empty cells are unknown, other columns are left
            alone. Numbers are taken as they are: parse them before (`registers.values`).
        threshold: the probability (0 to 1) from which a pair of tier B is one.

    Returns:
        `left_id`, `right_id`, `probability`, `tier` (A, B or C), `same` (the columns that agree, comma-separated).

    Raises:
        ValueError: a table lacks `row_id` or `name`, or a `row_id` comes twice.
    """
    tables = [prepare(left)] + ([prepare(right)] if right is not None else [])
    pairs = pd.concat([_same_id(tables), _likely(tables, threshold=threshold)], ignore_index=True)
    pairs = pairs.sort_values(["tier", "left_id", "right_id"]).drop_duplicates(["left_id", "right_id"])
    return pa.Table.from_pandas(pairs, schema=PAIR_SCHEMA, preserve_index=False)


def links(pairs: pa.Table) -> pa.Table:
    """The pairs that count as one person: tiers A and B, never C."""
    return pairs.filter(pc.is_in(pairs["tier"], pa.array(["A", "B"])))


def prepare(table: pa.Table) -> pd.DataFrame:
    """The rows in one writing, sorted by `row_id`; parts of a Latin name count in any order."""
    missing = {"row_id", "name"} - set(table.column_names)
    if missing:
        raise ValueError(f"linkage needs the columns {sorted(missing)}")
    given = {name: _texts(table, name) for name in COLUMNS}
    frame = pd.DataFrame(
        {
            "row_id": given["row_id"],
            "id_number": given["id_number"],
            "name": [" ".join(sorted(_name(t).split())) or None for t in given["name"]],
            "latin": [_latin(_name(t)) for t in given["name"]],
            "turned": [_latin(" ".join(reversed(_name(t).split()))) for t in given["name"]],
            "phone": given["phone"],
            "address": [normal_address(t).casefold() or None if t else None for t in given["address"]],
            "house": [_house(t) for t in given["address"]],
            "address_parts": [_address_parts(t) for t in given["address"]],
            "birth_date": [re.sub(r"\D", "", t) or None if t else None for t in given["birth_date"]],
        },
        dtype=object,
    ).sort_values("row_id", ignore_index=True)
    if frame["row_id"].isna().any() or frame["row_id"].duplicated().any():
        raise ValueError("linkage needs a row_id for every row, each once")
    return frame


def _texts(table: pa.Table, name: str) -> list[str | None]:
    if name not in table.column_names:
        return [None] * table.num_rows
    return [str(v).strip() or None if v is not None else None for v in table[name].to_pylist()]


def _name(text: str | None) -> str:
    return normal_name(text).casefold() if text else ""


def _latin(name: str) -> str | None:
    return name if name.isascii() and name else None


def _house(address: str | None) -> str | None:
    """An address with a number in it: a village by its name alone is the address of hundreds."""
    value = normal_address(address).casefold() if address else ""
    return value if re.search(r"\d", value) else None


def _address_parts(address: str | None) -> list[str] | None:
    """`某镇某村3组12号` → 某镇, 某村, 3组, 12号; Latin addresses by word."""
    if not address:
        return None
    chinese = re.sub(
        "(省|市|县|区|镇|乡|街道|村|社区|组|号|路|栋|幢|单元|室)", r"\1 ", normal_address(address)
    )
    words = address if address.isascii() else chinese
    return sorted(set(re.findall(r"[^\s,]+", words.casefold()))) or None


def _same_id(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tier A: the pairs with one ID number."""
    known = [table.loc[table["id_number"].notna(), ["row_id", "id_number"]] for table in tables]
    pairs = known[0].merge(known[-1], on="id_number", suffixes=("_l", "_r"))
    if len(tables) == 1:
        pairs = pairs[pairs["row_id_l"] < pairs["row_id_r"]]
    return _pairs(pairs["row_id_l"], pairs["row_id_r"], probability=1.0, tier="A", same="id_number")


def _likely(tables: Sequence[pd.DataFrame], *, threshold: float) -> pd.DataFrame:
    """Tiers B and C: the same name, with or without something else that agrees."""
    compared = [c for c in _LEVELS if all(table[c].notna().any() for table in tables)]
    if "name" not in compared:
        return _pairs([], [], probability=0.0, tier="C", same="")
    scored = _score(tables, compared)
    level = {c: scored[f"gamma_{c}"] if c in compared else pd.Series(-1, index=scored.index) for c in _LEVELS}
    same = pd.DataFrame({column: level[column] >= _SAME[column] for column in ("name", *SUPPORTING)})
    same["address"] &= scored["house_l"].notna() & scored["house_r"].notna()
    ids_decide = scored["id_number_l"].notna() & scored["id_number_r"].notna()
    supported = same[list(SUPPORTING)].any(axis=1) & (scored["match_probability"] >= threshold)
    name_only = (level["name"] == len(_LEVELS["name"])) & (level["birth_date"] != 0)
    shown = same["name"] & ~ids_decide & (supported | name_only)
    return _pairs(
        scored["row_id_l"][shown],
        scored["row_id_r"][shown],
        probability=scored["match_probability"][shown],
        tier=["B" if is_b else "C" for is_b in supported[shown]],
        same=[",".join(same.columns[row]) for row in same[shown].to_numpy(dtype=bool)],
    )


def _score(tables: Sequence[pd.DataFrame], compared: Sequence[str]) -> pd.DataFrame:
    """Every pair that has one compared column in common, with its levels (`gamma_…`) and probability."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    rows = sum(map(len, tables))
    enough = rows >= ROWS_TO_ESTIMATE
    connection = duckdb.connect(config={"threads": 1})  # a seeded sample is then the same every time
    database = DuckDBAPI(connection=connection)
    settings = SettingsCreator(
        link_type="dedupe_only" if len(tables) == 1 else "link_only",
        unique_id_column_name="row_id",
        probability_two_random_records_match=min(HIGHEST_PRIOR, 1 / max(rows, 1)),
        comparisons=[_comparison(column, term_frequencies=enough) for column in compared],
        blocking_rules_to_generate_predictions=[block_on(_BLOCKS.get(c, c)) for c in compared],
        additional_columns_to_retain=["id_number", "house"],
        retain_intermediate_calculation_columns=True,
    )
    given = [
        database.register(_arrow(table), table_name=f"side_{side}")
        for side, table in zip("lr", tables, strict=False)
    ]
    linker = Linker(given[0] if len(given) == 1 else given, settings, log_level=None)
    if enough:
        _estimate(linker, tables, compared)
    scored: pd.DataFrame = linker.inference.predict(warning_mode="never").as_duckdbpyrelation().df()
    connection.close()
    return scored


def _estimate(linker: Linker, tables: Sequence[pd.DataFrame], compared: Sequence[str]) -> None:
    """Learn from the rows how often columns agree by chance, and, by EM, how often for one person."""
    support = [column for column in SUPPORTING if column in compared]
    rules: list[Any] = [block_on("name", column) for column in support]
    if rules:
        linker.training.estimate_probability_two_random_records_match(rules, recall=DETERMINISTIC_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS + 1, seed=SEED)
    for column in [_BLOCKS.get(c, c) for c in ("name", *support)]:
        if _pairs_within(tables, column) >= PAIRS_TO_ESTIMATE:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))


def _pairs_within(tables: Sequence[pd.DataFrame], column: str) -> int:
    """How many pairs have the same value of a column."""
    counts = [table[column].value_counts() for table in tables]
    if len(counts) == 1:
        return int((counts[0] * (counts[0] - 1) // 2).sum())
    return int(counts[0].mul(counts[1], fill_value=0).sum())


def _comparison(column: str, *, term_frequencies: bool) -> CustomComparison:
    levels: list[Any] = [NullLevel(column)]
    shares = _LEVELS[column]
    for place, (condition, m, u) in enumerate(shares):
        frequent = term_frequencies and column == "name"  # 张伟 proves less than a rare name
        level = (
            CustomLevel(condition) if place else ExactMatchLevel(column, term_frequency_adjustments=frequent)
        )
        levels.append(level.configure(m_probability=m, u_probability=u))
    rest_m, rest_u = 1 - sum(share[1] for share in shares), 1 - sum(share[2] for share in shares)
    levels.append(ElseLevel().configure(m_probability=rest_m, u_probability=rest_u))
    return CustomComparison(levels, output_column_name=column)


def _arrow(table: pd.DataFrame) -> pa.Table:
    types = {
        name: pa.list_(pa.string()) if name == "address_parts" else pa.string() for name in table.columns
    }
    return pa.Table.from_pandas(table, schema=pa.schema(types), preserve_index=False)


def _pairs(left: Any, right: Any, *, probability: Any, tier: Any, same: Any) -> pd.DataFrame:
    columns = {"left_id": list(left), "right_id": list(right)}
    return pd.DataFrame(columns, dtype=object).assign(probability=probability, tier=tier, same=same)
