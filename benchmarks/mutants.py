"""How many mutants of the models' SQL the models' own cases notice.

python -m benchmarks mutants
"""

from __future__ import annotations

from collections import Counter

from benchmarks.printing import print_table
from supervision.catalogue import FIELD_NAMES, load_models
from supervision.mutants import mutation_score


def main() -> None:
    """Print the share of mutants killed by field, and every survivor."""
    models = list(load_models().values())
    mutants: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    fewest = min_of = None
    survivors = []
    for model in models:
        score = mutation_score(model)
        mutants[model.field] += score.mutants
        killed[model.field] += score.killed
        survivors += [[model.id, mutant.part, mutant.kind, mutant.before] for mutant in score.survivors]
        if fewest is None or score.mutants < fewest:
            fewest, min_of = score.mutants, model.id
    rows = [
        [
            name,
            sum(1 for m in models if m.field == field),
            mutants[field],
            f"{killed[field] / mutants[field]:.1%}",
        ]
        for field, name in FIELD_NAMES.items()
        if mutants[field]
    ]
    share = killed.total() / mutants.total()
    rows.append(["all", len(models), mutants.total(), f"{share:.1%}"])
    print_table("Mutants of the models' SQL", ["field", "models", "mutants", "killed"], rows)
    print(f"fewest mutants: {fewest} ({min_of})")
    print_table("Survivors", ["model", "part", "change", "of"], survivors)
