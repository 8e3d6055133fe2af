"""Choose each family's winner from its records: by validation accuracy alone, never by test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import fmean

from study.records import (
    FINALIST,
    WINNER,
    FamilyRecord,
    RetrainedResult,
    StudyRecord,
    TrialRecord,
    ValidatedResult,
    Winner,
    may_be_of,
)


def best_trials(family: FamilyRecord) -> list[TrialRecord]:
    """Return the completed trials, highest validation accuracy first, of equals the earlier."""
    completed = [
        trial
        for trial in family.trials
        if trial.state == "COMPLETE" and trial.value is not None and math.isfinite(trial.value)
    ]
    return sorted(completed, key=lambda trial: (-(trial.value or 0.0), trial.number))


def pick_winner(family: FamilyRecord, validated: Iterable[ValidatedResult] = ()) -> Winner | None:
    """Return the best completed trial, or a finalist that fresh seeds proved to be better.

    The best of many noisy scores owes part of it to luck, so finalists are trained again from seeds
    that chose nothing. Of those that were, with every seed that the best trial was trained with,
    the one with the highest mean wins; the best trial itself where it was not trained again.

    Args:
        family: Its search.
        validated: What was trained anew, of this family or of others.

    Returns:
        None where no trial of the family completed.
    """
    ranked = best_trials(family)
    if not ranked:
        return None
    scores = fresh_scores(family, validated)
    seeds = scores.get(ranked[0].number, {}).keys()
    proved = [trial for trial in ranked if seeds and seeds <= scores.get(trial.number, {}).keys()]
    means = [fmean(scores[trial.number][seed] for seed in seeds) for trial in proved]
    best = proved[means.index(max(means))] if proved else ranked[0]
    return Winner(family=family.family, trial=best)


def lacking(family: FamilyRecord, validated: Iterable[ValidatedResult]) -> tuple[int, int] | None:
    """Return how many finalists and seeds to ask for, so that all that have some are compared.

    None where no finalist lacks a fresh seed that the best trial has, without which it cannot win.
    It was trained for a run that asked for fewer seeds, or failed.
    """
    scores = fresh_scores(family, validated)
    ranked = [scores.get(trial.number, {}).keys() for trial in best_trials(family)]
    ranks = [rank for rank, seeds in enumerate(ranked, 1) if seeds and not ranked[0] <= seeds]
    return (ranks[-1], max(ranked[0]) + 1) if ranks else None


def fresh_scores(
    family: FamilyRecord, validated: Iterable[ValidatedResult]
) -> Mapping[int, Mapping[int, float]]:
    """Return the validation accuracies of a family's finalists by trial number and fresh seed."""
    params = {trial.number: trial.params for trial in family.trials}
    scores: dict[int, dict[int, float]] = {}
    for result in validated:
        if (
            result.family == family.family
            and result.purpose == FINALIST
            and result.source_trial is not None
            and may_be_of(result.params, params.get(result.source_trial, {}))
        ):
            scores.setdefault(result.source_trial, {})[result.seed] = result.validation_accuracy
    return scores


def pick_winners(
    families: Iterable[FamilyRecord], validated: Iterable[ValidatedResult] = ()
) -> tuple[Winner, ...]:
    """Return the winner of each family that has one, in the families' order."""
    validated = tuple(validated)
    picked = (pick_winner(family, validated) for family in families)
    return tuple(winner for winner in picked if winner is not None)


def results_of_winners(study: StudyRecord) -> tuple[RetrainedResult, ...]:
    """Return the retrained results that belong to the present winners, in the order of the study.

    A search that went on may have a new winner; the results of the former stay in the database.
    """
    return _of_winners(study, study.retrained)


def redrawn_results_of_winners(study: StudyRecord) -> tuple[RetrainedResult, ...]:
    """Return those on other draws of the sample that belong to the present winners."""
    return _of_winners(study, study.redrawn)


def _of_winners(
    study: StudyRecord, results: Iterable[RetrainedResult]
) -> tuple[RetrainedResult, ...]:
    source_by_family = {
        winner.family: winner.trial for winner in pick_winners(study.families, study.validated)
    }
    return tuple(
        result
        for result in results
        if result.configuration == WINNER
        and result.family in source_by_family
        and result.source_trial == source_by_family[result.family].number
        and may_be_of(result.params, source_by_family[result.family].params)
    )
