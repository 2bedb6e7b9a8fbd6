"""Mutants: each is one change, a good case notices it, and a model without such a case is shown up.

How many of all mutants the cases notice is measured by `python -m benchmarks mutants`: that takes minutes.
"""

from __future__ import annotations

import pytest

from supervision.catalogue import Model, load_models
from supervision.mutants import PARTS, mutants_of, mutation_score

MODELS = list(load_models().values())
MODEL = load_models()["labour_more_than_a_day"]


KINDS = {
    "comparison negated",
    "bound included or left out",
    "bound moved by one",
    "EXISTS dropped",
    "condition dropped",
    "alternative dropped",
}


def test_all_kinds_of_change_are_made() -> None:
    """That there are no others is seen at every model below."""
    missing = set(KINDS)
    for model in MODELS:
        missing -= {mutant.kind for mutant in mutants_of(model)}
        if not missing:
            break
    assert missing == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_model_has_at_least_five_mutants_each_different(model: Model) -> None:
    mutants = list(mutants_of(model))
    assert len(mutants) >= 5
    assert {mutant.kind for mutant in mutants} <= KINDS
    own = {part: getattr(model.queries, part) for part in PARTS}
    changed = set()
    for mutant in mutants:
        assert all(getattr(mutant.queries, part) is own[part] for part in PARTS if part != mutant.part)
        changed.add((mutant.part, getattr(mutant.queries, mutant.part).tree.sql()))
    assert len(changed) == len(mutants)
    assert not changed & {(part, query.tree.sql()) for part, query in own.items()}


def test_cases_that_see_nothing_let_mutants_live() -> None:
    blind = MODEL.model_copy(update={"cases": tuple(case for case in MODEL.cases if case.kind == "clear")})
    assert mutation_score(MODEL).survivors == ()
    assert len(mutation_score(blind).survivors) > 1
