"""Why trials failed, where all of them did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from study.errors import FamilyFailedError
from study.records import INTERRUPTED, FamilyRecord, StudyRecord, TrialRecord
from study.winners import pick_winners, results_of_winners

MAX_FAILURES = 5
"""Trials of a family that may fail in a run before one gives a score; then the family ends."""

_NUMBER = re.compile(r"\d+(\.\d+)?")


class FailureWatch:
    """Watches whether any trial of a family can be trained.

    What fails after a first score fails for reasons of its own. Only the trials of this run count:
    the cause may have been mended since another.

    Attributes:
        failures: Why trials failed, in order.
    """

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._has_scored = False

    @property
    def is_hopeless(self) -> bool:
        """Whether the family is to end."""
        return not self._has_scored and len(self.failures) >= MAX_FAILURES

    def note(self, failure: str | None) -> bool:
        """Take note of why a trial failed without a score, or of a score.

        Returns:
            Whether this made the family hopeless.
        """
        before = self.is_hopeless
        if failure is None:
            self._has_scored = True
        else:
            self.failures.append(failure)
        return self.is_hopeless and not before


def common_cause(failures: Iterable[str]) -> str:
    """Return the reason that comes most often, reasons that differ in numbers alone being one.

    Returns:
        The first of its wordings, and how often it came, as "out of memory (4 of 5)".
    """
    told = list(failures)
    kinds = [_NUMBER.sub("#", reason) for reason in told]
    kind, n_times = Counter(kinds).most_common(1)[0] if kinds else ("", 0)
    if not n_times:
        return "unknown"
    return f"{told[kinds.index(kind)]} ({n_times} of {len(told)})"


def check_any_completed(families: Sequence[FamilyRecord], *, continued_by: str) -> None:
    """Raise an error that names the common cause where a family has trials and all of them failed.

    Args:
        families: What was searched.
        continued_by: The command that tries again.

    Raises:
        FamilyFailedError: If no trial of a family gave a score.
    """
    causes = {
        family.family: common_cause(
            trial.failure or "ended, and no reason was recorded" for trial in _failed(family)
        )
        for family in families
        if _failed(family) and not any(trial.validation_accuracy for trial in family.trials)
    }
    if causes:
        told = "; ".join(f"{family}: {cause}" for family, cause in causes.items())
        raise FamilyFailedError(
            f"No trial could be trained of {told}. All else was done; mend the cause, then go on "
            f"with: {continued_by}"
        )


def check_any_retrained(study: StudyRecord, families: Iterable[str], *, continued_by: str) -> None:
    """Raise an error that names the families that have a winner and no model of it.

    Args:
        study: After its retraining.
        families: Those that were to be retrained.
        continued_by: The command that tries again.

    Raises:
        FamilyFailedError: If there is such a family.
    """
    winners = {winner.family for winner in pick_winners(study.families, study.validated)}
    retrained = {result.family for result in results_of_winners(study)}
    if lacking := [family for family in families if family in winners - retrained]:
        raise FamilyFailedError(
            f"No model of the winner of {' and '.join(lacking)} could be trained, as told above. "
            f"All else was done; mend the cause, then go on with: {continued_by}"
        )


def _failed(family: FamilyRecord) -> list[TrialRecord]:
    return [
        trial for trial in family.trials if trial.state == "FAIL" and trial.failure != INTERRUPTED
    ]
