"""The trials of a search as tasks for workers: begun, paused, continued, their ends recorded."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from study.config import SearchConfig
from study.family_search import FamilySearch
from study.progress import Progress
from study.schedulers import Task
from study.storage.decoding import trial_record
from study.trials import TrialEnd, TrialTask

logger = logging.getLogger(__name__)

MAX_DEATHS = 2
"""Processes that may die of one trial before it is given up."""


@dataclass(frozen=True, kw_only=True)
class _Choice:
    search: FamilySearch
    task: Task


class SearchTasks:
    """What is to be trained next, until each family has spent its budget or the time is up.

    The family that has had the fewest epochs is served first: wherever a search stops, budgets are
    equal but for one task. Only the parent begins a trial and tells its end, so that a trial under
    way is known even if its worker dies. Once the time is up, the families that are behind catch
    up, and one without a whole trial trains its best one to the end.
    """

    def __init__(
        self, searches: Sequence[FamilySearch], *, config: SearchConfig, progress: Progress
    ) -> None:
        self._searches = {search.family: search for search in searches}
        self._progress = progress
        self._deadline = time.monotonic() + (config.time_budget_seconds or float("inf"))
        self._n_epochs_in_time: int | None = None
        for search in searches:
            progress.family_started(search.family, search.records(), target=config.n_trials)

    def n_left(self) -> int:
        """Return how many tasks could be given out at once, at least."""
        return len(self._choices())

    def next_task(self) -> TrialTask | None:
        """Begin a trial, or let a paused one go on."""
        choices = self._choices()
        if not choices:
            return None
        chosen = min(choices, key=lambda choice: choice.search.n_epochs())
        return chosen.search.begin(chosen.task)

    def done(self, task: TrialTask, result: TrialEnd) -> None:
        """Record that a trial has paused or ended."""
        search = self._searches[task.family]
        if result.state == TrialState.RUNNING:
            search.pause(task)
        else:
            search.end(task, result)
        self._tell(search, task)

    def stopped(self, task: TrialTask) -> None:
        """Let a trial that was stopped wait: it goes on in another run."""
        self._searches[task.family].pause(task)

    def died(self, task: TrialTask, reason: str) -> None:
        """Let a trial whose process died go on in another, unless it seems to kill them."""
        search = self._searches[task.family]
        number = search.trial(task).number
        if search.note_death(task) >= MAX_DEATHS:
            failure = f"its process {reason}, {MAX_DEATHS} times"
            self.done(task, TrialEnd(state=TrialState.FAIL, failure=failure))
            return
        logger.warning("%s trial %d is tried again: its process %s.", task.family, number, reason)
        search.pause(task)

    def close(self) -> None:
        """End the trials that have paused and will not go on: the search is over."""
        for search in self._searches.values():
            search.end_waiting()

    def _choices(self) -> list[_Choice]:
        choices = []
        for search in self._searches.values():
            task = search.next_task() if self._has_time(search) else search.last_task()
            if task is not None:
                choices.append(_Choice(search=search, task=task))
        return choices

    def _has_time(self, search: FamilySearch) -> bool:
        if time.monotonic() < self._deadline:
            return True
        if self._n_epochs_in_time is None:
            self._n_epochs_in_time = max(one.n_epochs() for one in self._searches.values())
            logger.info("The time budget is spent; no family begins more than the others had.")
        return search.n_epochs() < self._n_epochs_in_time

    def _tell(self, search: FamilySearch, task: TrialTask) -> None:
        trial: FrozenTrial = search.trial(task)
        if trial.state == TrialState.FAIL:
            failure = trial.user_attrs.get("failure")
            logger.warning(
                "%s trial %d failed: %s",
                *(task.family, trial.number, failure),
                extra={"family": task.family, "trial": trial.number},
            )
        self._progress.trial_told(task.family, trial_record(trial))
