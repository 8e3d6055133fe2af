"""The trials of a search as tasks for workers: begun, paused, continued, their ends recorded."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from study.config import SearchConfig
from study.failures import FailureWatch, common_cause
from study.family_search import FamilySearch
from study.progress import Progress
from study.schedulers import Task
from study.storage.decoding import trial_record
from study.trials import TrialEnd, TrialTask
from study.workers import MAX_DEATHS

logger = logging.getLogger(__name__)

Written = TypeVar("Written")


@dataclass(frozen=True, kw_only=True)
class _Choice:
    search: FamilySearch
    task: Task


class SearchTasks:
    """What is to be trained next, until each family has spent its budget or the time is up.

    The family that has had the fewest epochs is served first: wherever a search stops, budgets are
    equal but for one task. Only the parent begins a trial and tells its end, so that a trial under
    way is known even if its worker dies. Once the time is up, the families that are behind catch
    up, and one without a whole trial trains its best one to the end. A family whose first trials
    all fail is given up.
    """

    def __init__(
        self, searches: Sequence[FamilySearch], *, config: SearchConfig, progress: Progress
    ) -> None:
        self._searches = {search.family: search for search in searches}
        self._progress = progress
        self._deadline = time.monotonic() + (config.time_budget_seconds or float("inf"))
        self._n_epochs_in_time: dict[str, int] = {}
        """Trained or under way when the time was up, by family; empty until then."""
        self._watches = {search.family: FailureWatch() for search in searches}
        for search in searches:
            progress.family_started(search.family, search.records(), target=config.n_trials)

    def n_left(self) -> int:
        """Return how many tasks could be given out at once, for all that is known now."""
        choices = self._choices()
        if time.monotonic() >= self._deadline:
            return len(choices)
        return sum(max(1, choice.search.n_to_begin()) for choice in choices)

    def next_task(self) -> TrialTask | None:
        """Begin a trial, or let a paused one go on."""
        while choices := self._choices():
            chosen = min(choices, key=lambda choice: choice.search.n_epochs())
            # Somebody may have ended it just now.
            with suppress(UpdateFinishedTrialError):
                return chosen.search.begin(chosen.task)
        return None

    def done(self, task: TrialTask, result: TrialEnd) -> None:
        """Record that a trial has paused or ended."""

        def write(search: FamilySearch) -> FamilySearch:
            if result.state == TrialState.RUNNING:
                search.pause(task)
            elif self._n_epochs_in_time:
                # What it is spared, as it was pruned, is not trained in its stead.
                n_before = search.n_epochs()
                search.end(task, result)
                self._n_epochs_in_time[search.family] -= n_before - search.n_epochs()
            else:
                search.end(task, result)
            return search

        if search := self._unless_ended(task, write):
            trial = search.trial(task)
            self._heed(search, trial)
            self._tell(search, trial)

    def stopped(self, task: TrialTask) -> None:
        """Let a trial that was stopped wait: it goes on in another run."""

        def write(search: FamilySearch) -> None:
            search.cut_short(task)
            search.pause(task)

        self._unless_ended(task, write)

    def died(self, task: TrialTask, reason: str) -> None:
        """Let a trial whose process died go on in another, unless it seems to kill them."""
        n_deaths = self._unless_ended(task, lambda search: search.note_death(task))
        if n_deaths is None:
            return
        if n_deaths >= MAX_DEATHS:
            failure = f"its process {reason}, {MAX_DEATHS} times"
            self.done(task, TrialEnd(state=TrialState.FAIL, failure=failure))
            return
        number = self._searches[task.family].trial(task).number
        logger.warning("%s trial %d is tried again: its process %s.", task.family, number, reason)
        self._unless_ended(task, lambda search: search.pause(task))

    def overdue(self, task: TrialTask, seconds: float) -> None:
        """Fail a trial that hangs, or is too slow to be of use."""

        def write(search: FamilySearch) -> FamilySearch:
            search.cut_short(task)
            return search

        if self._unless_ended(task, write):
            failure = f"took longer than --trial-timeout, {seconds:.0f} seconds"
            self.done(task, TrialEnd(state=TrialState.FAIL, failure=failure))

    def close(self) -> None:
        """End the trials that have paused and will not go on: the search is over."""
        for search in self._searches.values():
            search.end_waiting()

    def _choices(self) -> list[_Choice]:
        choices = []
        for family, search in self._searches.items():
            if self._watches[family].is_hopeless:
                continue
            task = search.next_task() if self._has_time(search) else search.last_task()
            if task is not None:
                choices.append(_Choice(search=search, task=task))
        return choices

    def _has_time(self, search: FamilySearch) -> bool:
        if time.monotonic() < self._deadline:
            return True
        if not self._n_epochs_in_time:
            self._n_epochs_in_time = {
                family: one.n_epochs() for family, one in self._searches.items()
            }
            logger.info("The time budget is spent; no family begins more than the others had.")
        return search.n_epochs() < max(self._n_epochs_in_time.values())

    def _unless_ended(
        self, task: TrialTask, write: Callable[[FamilySearch], Written]
    ) -> Written | None:
        """Return what writing into a trial returns; None if somebody else ended it, as is told.

        The dashboard offers it, at any moment.
        """
        search = self._searches[task.family]
        if not search.was_ended(task):
            with suppress(UpdateFinishedTrialError):
                return write(search)
            search.was_ended(task)
        trial = search.trial(task)
        logger.warning(
            "%s trial %d was ended by another program while it was trained.",
            *(task.family, trial.number),
            extra={"family": task.family, "trial": trial.number},
        )
        if trial.intermediate_values:
            self._watches[task.family].note(None)
        self._progress.trial_told(task.family, trial_record(trial))
        return None

    def _heed(self, search: FamilySearch, trial: FrozenTrial) -> None:
        watch = self._watches[search.family]
        has_failed = trial.state == TrialState.FAIL and not trial.intermediate_values
        if watch.note(str(trial.user_attrs.get("failure")) if has_failed else None):
            cause = common_cause(watch.failures)
            logger.error("%s is given up, as no trial can be trained: %s", search.family, cause)

    def _tell(self, search: FamilySearch, trial: FrozenTrial) -> None:
        if trial.state == TrialState.FAIL:
            failure = trial.user_attrs.get("failure")
            logger.warning(
                "%s trial %d failed: %s",
                *(search.family, trial.number, failure),
                extra={"family": search.family, "trial": trial.number},
            )
        self._progress.trial_told(search.family, trial_record(trial))
