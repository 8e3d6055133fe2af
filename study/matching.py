"""Which trials to compare where families are to have equally many parameters.

A family whose winner is larger may be better for its size alone. So it is also compared by its best
trial that is no larger than the other family's winner.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from study.records import FamilyRecord, TrialRecord, ValidatedResult, Winner
from study.winners import best_trials, pick_winner

TOLERANCE = 0.1
"""By how large a share a matched trial may exceed the smaller winner's parameters."""


@dataclass(frozen=True, kw_only=True)
class SizeMatch:
    """Two families' winners, and the larger one's rival of the smaller one's size.

    Attributes:
        larger: The winner with more parameters.
        smaller: The other one.
        trial: The best trial of the larger one's family that is small enough: the winner itself,
            or the best completed one, or else the one that was trained furthest; None if there is
            none.
    """

    larger: Winner
    smaller: Winner
    trial: TrialRecord | None

    @property
    def limit(self) -> int:
        """Return how many parameters a matched trial may have."""
        return _limit(self.smaller)


def size_matches(
    families: Iterable[FamilyRecord], validated: Iterable[ValidatedResult] = ()
) -> tuple[SizeMatch, ...]:
    """Return a match for each pair of families whose winners' sizes are known.

    Args:
        families: Their searches.
        validated: What was trained anew, as of `study.winners.pick_winner`.
    """
    validated = tuple(validated)
    known = [
        (family, winner)
        for family in families
        if (winner := pick_winner(family, validated)) is not None and winner.trial.n_parameters
    ]
    found = []
    for pair in itertools.combinations(known, 2):
        (_, smaller), (family, larger) = sorted(
            pair, key=lambda one: one[1].trial.n_parameters or 0
        )
        trial = _best_within(family, larger, limit=_limit(smaller))
        found.append(SizeMatch(larger=larger, smaller=smaller, trial=trial))
    return tuple(found)


def _limit(smaller: Winner) -> int:
    return int((smaller.trial.n_parameters or 0) * (1 + TOLERANCE))


def _best_within(family: FamilyRecord, winner: Winner, *, limit: int) -> TrialRecord | None:
    def fits(trial: TrialRecord) -> bool:
        return trial.n_parameters is not None and trial.n_parameters <= limit

    if fits(winner.trial):
        return winner.trial
    for trial in best_trials(family):
        if fits(trial):
            return trial
    stopped = [
        trial
        for trial in family.trials
        if fits(trial) and trial.validation_accuracy and trial.state != "FAIL"
    ]
    # (epoch, accuracy) pairs: the furthest first, of equals the better, of these the earlier.
    return max(
        stopped, key=lambda trial: (trial.validation_accuracy[-1], -trial.number), default=None
    )
