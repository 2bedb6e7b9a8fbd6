"""Rows of different registers that are about one person, where an ID number is missing: pairs with a probability.

Fellegi-Sunter by splink on DuckDB, estimated from the rows themselves, without labels. One configuration serves all
data; a caller only says which column is which. A pair belongs to one of three tiers:

    A  the same ID number
    B  the same or a like name, with the same phone, address or birth date, and a probability of at least the threshold
    C  the same name and nothing else: many people share a name, so C is never a link and never a finding by itself

Two different ID numbers are two persons whatever else agrees; so are one name and two birth dates, unless something
else agrees and makes a slip of the date likelier. A Chinese name is the same or has one slip of the pen
(`registers.comparing`), and then two further columns must agree. Links that follow from other links are in the result;
those that contradict a likelier one are not (`registers.resolving`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.comparison_level_library import CustomLevel, ElseLevel, ExactMatchLevel, NullLevel
from splink.comparison_library import CustomComparison

from registers.comparing import prepare
from registers.resolving import Pair, resolve

LINK_THRESHOLD: Final = 0.9
"""Tier B from here on: of the weakest links one in ten may be wrong, …"""
EXPECTED_PRECISION: Final = 0.99
"""… but of all links together one in a hundred: the threshold rises until their probabilities have this mean."""
SUPPORTING: Final = ("phone", "address", "birth_date")
ROWS_TO_ESTIMATE: Final = 1_000
"""Fewer rows are scored with the figures of `_LEVELS`: they are too few to estimate from."""
PAIRS_TO_ESTIMATE: Final = 200
HIGHEST_PRIOR: Final = 0.01  # before anything is compared, two rows are at most this likely to be one person
SAMPLED_PAIRS: Final = 4e6
DETERMINISTIC_RECALL: Final = (
    0.5  # share of true pairs with the same name and one more equal column, a rough guess
)
SEED: Final = 1

# Per column, from "the same" down: condition, share among pairs of one person (m), share among others (u). DuckDB
# measures likeness in bytes, and Chinese characters share theirs: likeness by letters is for Latin names only.
_LIKE = (
    "jaro_winkler_similarity(latin_l, latin_r) >= {0} OR jaro_winkler_similarity(latin_l, turned_r) >= {0}"
)
_SLIP = "latin_l IS NULL AND latin_r IS NULL AND stem_l = stem_r"
_PARTS = [f"{mine}_l, {theirs}_r" for mine in ("part", "other_part") for theirs in ("part", "other_part")]
_ONE_PART = f"greatest({', '.join(f'jaro_winkler_similarity({pair})' for pair in _PARTS)}) >= 0.88"
_REST_MISSING = "other_part_l IS NULL OR other_part_r IS NULL"
_TURNED_DATE = "birth_date_l[1:4] = birth_date_r[1:4] AND birth_date_l[5:6] = birth_date_r[7:8] AND birth_date_l[7:8] = birth_date_r[5:6]"
_SHARED = "len(list_intersect(address_parts_l, address_parts_r))"
_MOST = f"{_SHARED} >= 2 AND {_SHARED} >= 0.6 * least(len(address_parts_l), len(address_parts_r))"
_LEVELS: Final[dict[str, list[tuple[str, float, float]]]] = {
    "name": [
        ("", 0.7, 0.001),
        (f"{_LIKE.format(0.92)} OR {_SLIP}", 0.1, 0.001),
        (f"latin_l IS NOT NULL AND latin_r IS NOT NULL AND ({_ONE_PART}) AND ({_REST_MISSING})", 0.05, 0.005),
        (_LIKE.format(0.8), 0.05, 0.01),
        (f"latin_l IS NOT NULL AND latin_r IS NOT NULL AND ({_ONE_PART})", 0.05, 0.02),
    ],
    "birth_date": [
        ("", 0.9, 0.0001),
        (f"damerau_levenshtein(birth_date_l, birth_date_r) <= 1 OR {_TURNED_DATE}", 0.06, 0.003),
        ("birth_year_l = birth_year_r", 0.02, 0.02),
    ],
    "phone": [
        ("", 0.7, 0.0001),
        ("damerau_levenshtein(phone_l, phone_r) <= greatest(1, length(phone_l) // 6)", 0.05, 0.0005),
    ],
    "address": [
        ("", 0.5, 0.005),
        (
            f"{_MOST} AND (numbers_l = numbers_r OR latin_address_l IS NOT NULL AND latin_address_r IS NOT NULL)",
            0.2,
            0.005,
        ),
        (f"{_SHARED} >= 2", 0.15, 0.15),
        (f"{_SHARED} >= 1", 0.1, 0.3),
    ],
}
_SAME: Final = {"name": 5, "phone": 2, "address": 3, "birth_date": 3}
"""From which level on (counted from 0, "different") a column counts as the same."""
_ALIKE: Final = {"name": 2, "phone": 1, "address": 3, "birth_date": 2}
"""From which level on it is alike; of the supporting columns, two that are alike weigh as much as one that is the same."""
_BLOCKS: Final = (
    ("stem",),
    ("phone",),
    ("house",),
    ("birth_date",),
    ("date_digits", "initial"),
    ("part", "birth_year"),
    ("other_part", "birth_year"),
    ("part", "numbers"),
    ("other_part", "numbers"),
)
"""What rows must have in common to be compared at all: any one of these."""

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
        `left_id`, `right_id`, `probability`, `tier` (A, B or C), `same` (the columns that agree, comma-separated;
        empty for a pair that follows from other links).

    Raises:
        ValueError: a table lacks `row_id` or `name`, or a `row_id` comes twice.
    """
    tables = [prepare(left)] + ([prepare(right)] if right is not None else [])
    pairs = [*_likely(tables, threshold=threshold), *_same_id(tables)]
    rows = [
        (pair.left[1], pair.right[1], pair.probability, pair.tier, ",".join(pair.same))
        for pair in resolve(pairs, tables)
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(PAIR_SCHEMA)
    return pa.table(
        [pa.array(list(c), f.type) for c, f in zip(columns, PAIR_SCHEMA, strict=True)], schema=PAIR_SCHEMA
    )


def links(pairs: pa.Table) -> pa.Table:
    """The pairs that count as one person: tiers A and B, never C."""
    return pairs.filter(pc.is_in(pairs["tier"], pa.array(["A", "B"])))


def _same_id(tables: Sequence[pd.DataFrame]) -> list[Pair]:
    """Tier A: the pairs with one ID number."""
    known = [table.loc[table["id_number"].notna(), ["row_id", "id_number"]] for table in tables]
    pairs = known[0].merge(known[-1], on="id_number", suffixes=("_l", "_r"))
    if len(tables) == 1:
        pairs = pairs[pairs["row_id_l"] < pairs["row_id_r"]]
    right = len(tables) - 1
    return [
        Pair((0, a), (right, b), 1.0, "A", ("id_number",))
        for a, b in zip(pairs["row_id_l"], pairs["row_id_r"], strict=True)
    ]


def _likely(tables: Sequence[pd.DataFrame], *, threshold: float) -> list[Pair]:
    """Tiers B and C: the same or a like name and something else that agrees, or the same name alone."""
    compared = [c for c in _LEVELS if all(table[c].notna().any() for table in tables)]
    if "name" not in compared:
        return []
    scored = _score(tables, compared)
    scored = scored[scored["id_number_l"].isna() | scored["id_number_r"].isna()]
    level = pd.DataFrame({c: scored.get(f"gamma_{c}", -1) for c in _LEVELS}, index=scored.index)
    same = pd.DataFrame({c: level[c] >= _SAME[c] for c in _LEVELS})
    alike = pd.DataFrame({c: level[c] >= _ALIKE[c] for c in _LEVELS})
    for agrees in (same, alike):  # a village by its name alone is the address of hundreds
        agrees["address"] &= scored["house_l"].notna() & scored["house_r"].notna()
    support = same[list(SUPPORTING)].sum(axis=1)
    one_more = (support >= 1) | (alike[list(SUPPORTING)].sum(axis=1) >= 2)
    latin = scored["latin_l"].notna() & scored["latin_r"].notna()
    supported = alike["name"] & one_more & (latin | (same["name"] & (support >= 1)) | (support >= 2))
    probability = scored["match_probability"]
    sure = supported & (probability >= _threshold(probability[supported], at_least=threshold))
    name_only = same["name"] & (supported | (level["birth_date"] != 0))
    right = len(tables) - 1
    return [
        Pair((0, a), (right, b), float(p), "B" if is_sure else "C", tuple(same.columns[agrees]))
        for a, b, p, is_sure, agrees, shown in zip(
            scored["row_id_l"],
            scored["row_id_r"],
            probability,
            sure,
            same.to_numpy(dtype=bool),
            sure | name_only,
            strict=True,
        )
        if shown
    ]


def _threshold(probabilities: pd.Series, *, at_least: float) -> float:
    """The lowest probability of a link: at least the given one, and the mean of all links is the expected precision."""
    falling = probabilities[probabilities >= at_least].sort_values(ascending=False)
    means = falling.expanding().mean()
    enough = falling[means >= EXPECTED_PRECISION]
    return max(at_least, float(enough.iloc[-1])) if len(enough) else 1.0


def _score(tables: Sequence[pd.DataFrame], compared: Sequence[str]) -> pd.DataFrame:
    """Every pair that `_BLOCKS` brings together, with its levels (`gamma_…`) and probability."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    rows = sum(map(len, tables))
    enough = rows >= ROWS_TO_ESTIMATE
    connection = duckdb.connect(config={"threads": 1})  # a seeded sample is then the same every time
    database = DuckDBAPI(connection=connection)
    blocks = [b for b in _BLOCKS if all(table[c].notna().any() for table in tables for c in b)]
    settings = SettingsCreator(
        link_type="dedupe_only" if len(tables) == 1 else "link_only",
        unique_id_column_name="row_id",
        probability_two_random_records_match=_prior(tables, compared),
        comparisons=[_comparison(column, term_frequencies=enough) for column in compared],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in blocks],
        additional_columns_to_retain=["id_number", "house", "latin"],
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
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS + 1, seed=SEED)
    for column in ["house" if c == "address" else c for c in compared]:
        if _pairs_within(tables, column) >= PAIRS_TO_ESTIMATE:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))


def _prior(tables: Sequence[pd.DataFrame], compared: Sequence[str]) -> float:
    """How likely two rows are one person before they are compared: from the pairs with the same name and one more equal
    column, and one pair more, so that no list is ever thought to have nobody in common."""
    rows = [len(table) for table in tables]
    if sum(rows) < ROWS_TO_ESTIMATE:
        return min(HIGHEST_PRIOR, 1 / max(sum(rows), 1))
    certain: set[tuple[str, str]] = set()
    for column in (c for c in compared if c in SUPPORTING):
        known = [table[["row_id", "name", column]].dropna() for table in tables]
        pairs = known[0].merge(known[-1], on=["name", column], suffixes=("_l", "_r"))
        if len(tables) == 1:
            pairs = pairs[pairs["row_id_l"] < pairs["row_id_r"]]
        certain.update(zip(pairs["row_id_l"], pairs["row_id_r"], strict=True))
    possible = rows[0] * rows[1] if len(rows) == 2 else rows[0] * (rows[0] - 1) / 2
    return min(HIGHEST_PRIOR, (len(certain) + 1) / DETERMINISTIC_RECALL / possible)


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
