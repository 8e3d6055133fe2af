"""What to do about what the checklist finds, by question: a sentence that ends in a command."""

from __future__ import annotations

from collections import Counter

from analysis import follow_up, missed
from analysis.evidence import Evidence
from analysis.selection import selected
from study.records import MEASURED
from study.winners import fresh_scores

N_FINALISTS = 3
N_MEASURED = 20
N_SEEDS = 5
MIN_FRESH_SEEDS = 3
"""What commands ask for."""

SUBSTITUTED = "cifar10"
"""The only dataset that another may stand in for."""


def even_out(evidence: Evidence) -> str:
    """Say how to compare families that spent unequally."""
    counts = {account.n_trials for account in evidence.ledger}
    if len(counts) > 1:
        return follow_up.same(evidence, trials=max(counts))
    # Equal trials of unequal networks differ in what they cost.
    n_drawn = max(Counter(measured(evidence)).values(), default=0)
    if n_drawn:
        command = follow_up.same(evidence, measure_trials=2 * n_drawn)
        return (
            "“What to expect of a larger budget” shows what equal time finds; to know it better: "
            f"{command}"
        )
    return f"Compare what equal time finds: {follow_up.same(evidence, measure_trials=N_MEASURED)}"


def longer_trials(evidence: Evidence) -> str:
    """Say how to train trials for longer."""
    epochs = [family.settings.get("epochs") for family in evidence.study.families]
    known = [number for number in epochs if isinstance(number, int)]
    return follow_up.another(evidence, "longer", epochs=2 * max(known, default=8))


def confirm(evidence: Evidence) -> str:
    """Say how to train winners and the best after them from fresh seeds."""
    validated = evidence.study.validated
    tried = [len(fresh_scores(family, validated)) for family in evidence.study.families]
    most = max(tried, default=0)
    # Where three were not enough, a better one may stand further down.
    n_finalists = N_FINALISTS if most < N_FINALISTS else 2 * most
    known = [found for found in selected(evidence) if found.fresh]
    too_few = [len(found.fresh) for found in known if found.luck_interval() is None]
    seeds = {"seeds": max(MIN_FRESH_SEEDS, 1 + max(too_few))} if too_few else {}
    return follow_up.same(evidence, finalists=n_finalists, **seeds)


def search_anew(evidence: Evidence) -> str:
    """Say how to find what a search has missed, or to know whether it has."""
    if not missed.warnings(evidence):
        return f"Draw some: {follow_up.same(evidence, measure_trials=N_MEASURED)}"
    engines = {family.settings.get("engine") for family in evidence.study.families}
    draws = {"sampler": "random"}
    if "keras-tuner" in engines:
        draws = {"engine": "keras-tuner", "tuner": "random"}
    n_trials = 2 * _most_trials(evidence)
    command = follow_up.another(evidence, "random", **draws, trials=n_trials)
    return f"Search again with draws that follow nothing: {command}"


def widen(evidence: Evidence) -> str:
    """Say how to look beyond the ends of ranges."""
    again = follow_up.another(evidence, "wider")
    if {path.family for path in evidence.study.ablations} >= set(evidence.winners):
        return (
            "“Why it won” shows what going that far was worth. Widen the ranges in "
            f"search_spaces/ and search again: {again}"
        )
    return f"See first what going that far was worth: {follow_up.ablate(evidence)}"


def more_trials(evidence: Evidence) -> str:
    """Say how to go on with the search."""
    return follow_up.same(evidence, trials=2 * _most_trials(evidence))


def make_up(evidence: Evidence) -> str:
    """Say how to make up for failed trials."""
    n_failed = max((account.n_failed for account in evidence.ledger), default=0)
    command = follow_up.same(evidence, trials=_most_trials(evidence) + n_failed)
    return f"Mend the reasons, listed below, and make up for the failed trials: {command}"


def other_sample(evidence: Evidence) -> str:
    """Say how to begin anew on images that have chosen nothing."""
    seed = (evidence.study.dataset.sample_seed or 0) + 1
    return f"Begin anew with another sample: {follow_up.another(evidence, 'resampled', seed=seed)}"


def wanted_dataset(evidence: Evidence) -> str:
    """Say how to study the dataset that was wanted."""
    command = follow_up.another(evidence, dataset=SUBSTITUTED)
    return f"Make it available (README says how), then: {command}"


def more_seeds(evidence: Evidence) -> str:
    """Say how to train winners from more seeds."""
    return follow_up.same(evidence, seeds=N_SEEDS)


def measured(evidence: Evidence) -> list[str]:
    """Return the family of each configuration that was drawn at random."""
    return [one.family for one in evidence.study.validated if one.purpose == MEASURED]


def _most_trials(evidence: Evidence) -> int:
    return max((account.n_trials for account in evidence.ledger), default=1)
