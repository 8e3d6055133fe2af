"""Was the comparison fair? Each question is a function; what it finds is PASS or WARN."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from analysis import follow_up, ledger, missed, remedies
from analysis.boundaries import at_boundary
from analysis.evidence import Evidence
from analysis.labels import count, family_label, joined, percent, points
from analysis.selection import selected

MIN_COMPLETED = 10
"""Fewer completed trials say little of a space of ten hyperparameters."""

MIN_SEEDS = 3
MAX_FAILED_SHARE, MAX_DUPLICATE_SHARE = 0.1, 0.05

MAX_LAST_GAIN = 0.005
"""An epoch that still brings half a point would not have been the last of a longer search."""

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
    families = evidence.study.families
    if len(families) > 1 and not any(name in one.settings for one in families for name in SETTINGS):
        yield "What the searches were set to is not recorded."
        return
    for name in SETTINGS:
        found = {
            family_label(family.family): str(family.settings.get(name))
            for family in evidence.study.families
        }
        if len(set(found.values())) > 1:
            listed = joined([f"{value} for {label}" for label, value in found.items()])
            yield f"The searches' setting {name} was {listed}."


def _nuisances(evidence: Evidence) -> Iterator[str]:
    families = evidence.study.families
    if len(families) > 1 and not any(one.roles for one in families):
        yield "Which hyperparameters are tuned along for a fair comparison is not recorded."
        return
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
                f"{family_label(account.family)}: {count(account.n_completed, 'trial')} "
                f"{'was' if account.n_completed == 1 else 'were'} trained to the end, fewer than "
                f"{MIN_COMPLETED}."
            )


def _boundaries(evidence: Evidence) -> Iterator[str]:
    for family, trial in evidence.winners.items():
        found = list(at_boundary(trial))
        sides = [
            f"{joined(names)} at the {side} end of the range"
            for side in ("lower", "upper")
            if (names := [name for name, end in found if end == side])
        ]
        if sides:
            yield (
                f"{family_label(family)}: the winner has {joined(sides)}; better values may lie "
                "outside."
            )


def _still_improving(evidence: Evidence) -> Iterator[str]:
    for family in evidence.study.families:
        gains = [
            trial.validation_accuracy[-1][1] - trial.validation_accuracy[-2][1]
            for trial in family.trials
            if trial.state == "COMPLETE" and len(trial.validation_accuracy) >= 2
        ]
        if not gains:
            yield (
                f"{family_label(family.family)}: no trial was recorded over its last two epochs, "
                "so whether longer ones would rank otherwise is not known."
            )
        elif median(gains) > MAX_LAST_GAIN:
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
            _identity(trial.params)
            for trial in ledger.counted(family)
            # One that failed before it had a score, as out of memory, is rightly tried again.
            if trial.params and (trial.state != "FAIL" or trial.validation_accuracy)
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
            which = "a single fresh seed does" if len(found.fresh) == 1 else "equal scores do"
            yield f"{label}: {which} not tell how far apart seeds lie."
        elif interval[0] > 0:
            yield (
                f"{label}: fresh seeds of the winner gave {percent(fmean(found.fresh))} in place "
                f"of the search's {percent(found.searched)}, which one more run would hardly reach."
            )


def _missed(evidence: Evidence) -> Iterator[str]:
    yield from missed.warnings(evidence)
    measured = set(remedies.measured(evidence))
    for family in evidence.winners:
        if family not in measured:
            yield (
                f"{family_label(family)}: no configurations were drawn at random, so what the "
                "search may have missed is not known."
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
        were = "was" if again == 1 else "were"
        yield f"{count(again, 'retrained model')} {were} tested more than once."


def _seeds(evidence: Evidence) -> Iterator[str]:
    if not evidence.verdicts:
        yield "Nothing has been retrained in two ways yet, so there is nothing to compare."
    for compared in evidence.verdicts:
        if len(compared.seeds) < MIN_SEEDS:
            names = joined(list(compared.names()))
            seeds = count(len(compared.seeds), "seed")
            yield f"{names}, {compared.setting()}: {seeds} in common."


def _dataset(evidence: Evidence) -> Iterator[str]:
    if evidence.study.dataset.substitute_for:
        yield f"{evidence.study.dataset.name} stands in for the dataset that was wanted."


def _identity(params: Mapping[str, Any]) -> str:
    return json.dumps(dict(params), sort_keys=True, default=str)


_Find = Callable[[Evidence], Iterable[str]]
_Remedy = Callable[[Evidence], str]

QUESTIONS: dict[str, tuple[_Find, _Remedy]] = {
    "Equal budgets": (_budgets, remedies.even_out),
    "Searched alike": (_same_settings, follow_up.another),
    "Nuisance hyperparameters tuned equally": (_nuisances, follow_up.another),
    "Enough trials trained to the end": (_completed, remedies.more_trials),
    "Best values inside the space": (_boundaries, remedies.widen),
    "Trained long enough to rank": (_still_improving, remedies.longer_trials),
    "Few failures": (_failures, remedies.make_up),
    "Few duplicates": (_duplicates, remedies.more_trials),
    "Winner confirmed from fresh seeds": (_confirmed, remedies.confirm),
    "No random draw better than the winner": (_missed, remedies.search_anew),
    "Enough seeds": (_seeds, remedies.more_seeds),
    "Test split touched once": (_test_split, remedies.other_sample),
    "The dataset that was wanted": (_dataset, remedies.wanted_dataset),
}
"""What is asked; a new question is a function and a line."""
