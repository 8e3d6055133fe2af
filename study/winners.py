"""Choose each family's winner from its records: by validation accuracy alone, never by test."""

from __future__ import annotations

import math
from collections.abc import Iterable

from study.records import WINNER, FamilyRecord, RetrainedResult, StudyRecord, Winner


def pick_winner(family: FamilyRecord) -> Winner | None:
    """Return the completed trial with the highest validation accuracy, the earliest among equals.

    Returns:
        None where no trial of the family completed.
    """
    completed = [
        trial
        for trial in family.trials
        if trial.state == "COMPLETE" and trial.value is not None and math.isfinite(trial.value)
    ]
    if not completed:
        return None
    best = max(completed, key=lambda trial: (trial.value or 0.0, -trial.number))
    return Winner(family=family.family, trial=best)


def pick_winners(families: Iterable[FamilyRecord]) -> tuple[Winner, ...]:
    """Return the winner of each family that has one, in the families' order."""
    return tuple(winner for family in families if (winner := pick_winner(family)) is not None)


def results_of_winners(study: StudyRecord) -> tuple[RetrainedResult, ...]:
    """Return the retrained results that belong to the present winners, in the order of the study.

    A search that went on may have a new winner; the results of the former stay in the database.
    """
    source_by_family = {
        winner.family: winner.trial.number for winner in pick_winners(study.families)
    }
    return tuple(
        result
        for result in study.retrained
        if result.configuration == WINNER
        and result.family in source_by_family
        and result.source_trial == source_by_family[result.family]
    )
