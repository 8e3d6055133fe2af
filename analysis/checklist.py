"""Was the comparison fair? Each question is a function; what it finds is PASS or WARN."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from analysis import follow_up, ledger, missed
from analysis.boundaries import at_boundary
from analysis.evidence import Evidence
from analysis.labels import family_label, joined, percent, points
from analysis.selection import selected
from study.winners import fresh_scores

MIN_COMPLETED = 10
"""Fewer completed trials say little of a space of ten hyperparameters."""

MIN_SEEDS = 3
MAX_FAILED_SHARE, MAX_DUPLICATE_SHARE = 0.1, 0.05

MAX_LAST_GAIN = 0.005
"""An epoch that still brings half a point would not have been the last of a longer search."""

N_FINALISTS = 3
N_MEASURED = 20
"""What follow-up commands ask for."""

SUBSTITUTED = "cifar10"
"""The only dataset that another may stand in for."""

SETTINGS = ("epochs", "engine", "sampler", "pruner", "tuner", "precision", "seed")
"""What families must have been searched with alike."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question and its answer.

    Attributes:
        question: As "Equal budgets".
        problems: What was found wrong, a sentence each; empty where nothing was.
        remedy: What to do about it, mostly a command.
    """

    question: str
    problems: tuple[str, ...]
    remedy: str = ""

    @property
    def passed(self) -> bool:
        """Return whether nothing was found wrong."""
        return not self.problems


def check_all(evidence: Evidence) -> tuple[Check, ...]:
    """Return the answers to all questions, in order."""
    return tuple(
        Check(question=question, problems=tuple(find(evidence)), remedy=remedy(evidence))
        for question, (find, remedy) in QUESTIONS.items()
    )


def _budgets(evidence: Evidence) -> Iterator[str]:
    yield from ledger.warnings(evidence.ledger)


def _same_settings(evidence: Evidence) -> Iterator[str]:
    for name in SETTINGS:
        found = {
            family_label(family.family): str(family.settings.get(name))
            for family in evidence.study.families
        }
        if len(set(found.values())) > 1:
            listed = joined([f"{value} for {label}" for label, value in found.items()])
            yield f"The searches' setting {name} was {listed}."


def _nuisances(evidence: Evidence) -> Iterator[str]:
    ranges = {
        family.family: {
            name: json.dumps(json.loads(text), sort_keys=True)
            for trial in family.trials
            for name, text in trial.distributions.items()
            if family.roles.get(name) == "nuisance"
        }
        for family in evidence.study.families
    }
    for name in sorted({name for of_family in ranges.values() for name in of_family}):
        ways = {of_family.get(name, "") for of_family in ranges.values()}
        if len(ways) > 1:
            yield f"{name} was not tuned over the same range for each family."


def _completed(evidence: Evidence) -> Iterator[str]:
    for account in evidence.ledger:
        if account.n_completed < MIN_COMPLETED:
            yield (
                f"{family_label(account.family)}: {account.n_completed} trials were trained to "
                f"the end, fewer than {MIN_COMPLETED}."
            )


def _boundaries(evidence: Evidence) -> Iterator[str]:
    for family, trial in evidence.winners.items():
        for name, end in at_boundary(trial):
            yield (
                f"{family_label(family)}: the winner's {name} is at the {end} end of its range, "
                "so that a better value may lie outside."
            )


def _still_improving(evidence: Evidence) -> Iterator[str]:
    for family in evidence.study.families:
        gains = [
            trial.validation_accuracy[-1][1] - trial.validation_accuracy[-2][1]
            for trial in family.trials
            if trial.state == "COMPLETE" and len(trial.validation_accuracy) >= 2
        ]
        if gains and median(gains) > MAX_LAST_GAIN:
            yield (
                f"{family_label(family.family)}: the last epoch still brought "
                f"{points(median(gains))} in the median, so longer trials may rank otherwise."
            )


def _failures(evidence: Evidence) -> Iterator[str]:
    for account in evidence.ledger:
        if account.n_failed > MAX_FAILED_SHARE * account.n_trials:
            share = percent(account.n_failed / account.n_trials, digits=0)
            yield f"{family_label(account.family)}: {share} of the trials failed."


def _duplicates(evidence: Evidence) -> Iterator[str]:
    for family in evidence.study.families:
        counts = Counter(
            _identity(trial.params) for trial in ledger.counted(family) if trial.params
        )
        again = sum(counts.values()) - len(counts)
        if again > MAX_DUPLICATE_SHARE * sum(counts.values()):
            yield f"{family_label(family.family)}: {again} trials repeat an earlier configuration."


def _confirmed(evidence: Evidence) -> Iterator[str]:
    for found in selected(evidence):
        label, interval = family_label(found.family), found.luck_interval()
        if not found.fresh:
            yield (
                f"{label}: the winner was not trained again from fresh seeds, so by how much luck "
                f"flatters its {percent(found.searched)} is not known."
            )
        elif interval is None:
            yield f"{label}: a single fresh seed does not tell how far apart seeds lie."
        elif interval[0] > 0:
            yield (
                f"{label}: fresh seeds of the winner gave {percent(fmean(found.fresh))} in place "
                f"of the search's {percent(found.searched)}, which one more run would hardly reach."
            )


def _test_split(evidence: Evidence) -> Iterator[str]:
    if evidence.n_former_results:
        yield (
            f"The test split has also scored {evidence.n_former_results} models of former winners; "
            "whoever looked at them before going on has tuned on it."
        )
    keys = Counter(
        (
            *(result.family, result.configuration, result.source_trial, result.augmented),
            *(result.draw, result.seed),
        )
        for result in (*evidence.study.retrained, *evidence.study.redrawn)
    )
    if again := sum(count - 1 for count in keys.values()):
        yield f"{again} retrained models were tested more than once."


def _seeds(evidence: Evidence) -> Iterator[str]:
    for compared in evidence.verdicts:
        if len(compared.seeds) < MIN_SEEDS:
            names = joined(list(compared.names()))
            yield f"{names}, {compared.setting()}: {len(compared.seeds)} seeds in common."


def _dataset(evidence: Evidence) -> Iterator[str]:
    if evidence.study.dataset.substitute_for:
        yield f"{evidence.study.dataset.name} stands in for the dataset that was wanted."


def _identity(params: Mapping[str, Any]) -> str:
    return json.dumps(dict(params), sort_keys=True, default=str)


def _most_trials(evidence: Evidence) -> int:
    return max((account.n_trials for account in evidence.ledger), default=1)


def _even_out(evidence: Evidence) -> str:
    counts = {account.n_trials for account in evidence.ledger}
    if len(counts) > 1:
        return follow_up.same(evidence, trials=max(counts))
    # Equal trials of unequal networks differ in what they cost.
    command = follow_up.same(evidence, measure_trials=N_MEASURED)
    return f"Compare what equal time finds: {command}"


def _longer_trials(evidence: Evidence) -> str:
    epochs = [family.settings.get("epochs") for family in evidence.study.families]
    known = [number for number in epochs if isinstance(number, int)]
    return follow_up.another(evidence, epochs=2 * max(known, default=8))


def _confirm(evidence: Evidence) -> str:
    validated = evidence.study.validated
    tried = [len(fresh_scores(family, validated)) for family in evidence.families]
    most = max(tried, default=0)
    # Where three were not enough, a better one may stand further down.
    n_finalists = N_FINALISTS if most < N_FINALISTS else 2 * most
    few = any(len(found.fresh) == 1 for found in selected(evidence))
    seeds = {"seeds": MIN_SEEDS} if few else {}
    return follow_up.same(evidence, finalists=n_finalists, **seeds)


def _search_anew(evidence: Evidence) -> str:
    return (
        "Search again with draws that follow nothing: "
        f"{follow_up.another(evidence, sampler='random', trials=2 * _most_trials(evidence))}"
    )


def _widen(evidence: Evidence) -> str:
    return (
        f"See what going that far was worth: {follow_up.ablate(evidence)} "
        f"Then widen the ranges in search_spaces/ and search again: {follow_up.another(evidence)}"
    )


def _more_trials(evidence: Evidence) -> str:
    return follow_up.same(evidence, trials=2 * _most_trials(evidence))


def _make_up(evidence: Evidence) -> str:
    n_failed = max((account.n_failed for account in evidence.ledger), default=0)
    command = follow_up.same(evidence, trials=_most_trials(evidence) + n_failed)
    return f"Mend the reasons, listed below, and make up for the failed trials: {command}"


def _other_sample(evidence: Evidence) -> str:
    seed = (evidence.study.dataset.sample_seed or 0) + 1
    return f"Begin anew with another sample: {follow_up.another(evidence, seed=seed)}"


def _wanted_dataset(evidence: Evidence) -> str:
    command = follow_up.another(evidence, dataset=SUBSTITUTED)
    return f"Make it available (README says how), then: {command}"


_Find = Callable[[Evidence], Iterable[str]]
_Remedy = Callable[[Evidence], str]

QUESTIONS: dict[str, tuple[_Find, _Remedy]] = {
    "Equal budgets": (_budgets, _even_out),
    "Searched alike": (_same_settings, follow_up.another),
    "Nuisance hyperparameters tuned equally": (_nuisances, follow_up.another),
    "Enough trials trained to the end": (_completed, _more_trials),
    "Best values inside the space": (_boundaries, _widen),
    "Trained long enough to rank": (_still_improving, _longer_trials),
    "Few failures": (_failures, _make_up),
    "Few duplicates": (_duplicates, _more_trials),
    "Winner confirmed from fresh seeds": (_confirmed, _confirm),
    "No random draw better than the winner": (missed.warnings, _search_anew),
    "Enough seeds": (_seeds, lambda evidence: follow_up.same(evidence, seeds=5)),
    "Test split touched once": (_test_split, _other_sample),
    "The dataset that was wanted": (_dataset, _wanted_dataset),
}
"""What is asked; a new question is a function and a line."""
