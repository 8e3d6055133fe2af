"""Models to train from scratch, as tasks for workers: begun in order, recorded when done."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from study.workers import MAX_DEATHS

logger = logging.getLogger(__name__)


class AnyRun(Protocol):
    """What tells one model to train from another."""

    @property
    def key(self) -> Hashable:
        """Return the same for the same run, whenever it is planned."""
        ...


RunT = TypeVar("RunT", bound=AnyRun)
ModelT = TypeVar("ModelT")


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A run that gave no model, and why."""

    reason: str


class RunTasks(ABC, Generic[RunT, ModelT]):
    """Runs as tasks for workers, begun in their order; each is recorded whole when it is done.

    Only the parent writes to the database, so a run that was cut short leaves no trace.
    """

    def __init__(self, runs: Sequence[RunT]) -> None:
        self._waiting = list(runs)
        self._n_deaths: Counter[Hashable] = Counter()
        self._begun: dict[Hashable, float] = {}
        self._lost_seconds: defaultdict[Hashable, float] = defaultdict(float)

    @abstractmethod
    def record(self, run: RunT, model: ModelT, *, lost_seconds: float) -> None:
        """Write down what came of a run, and the time that earlier attempts of it had taken."""

    @abstractmethod
    def record_failure(self, run: RunT, reason: str, *, lost_seconds: float) -> None:
        """Write down why a run gave no model, and the time that it had taken."""

    def n_left(self) -> int:
        """Return how many runs are still to begin."""
        return len(self._waiting)

    def next_task(self) -> RunT | None:
        """Return the next run."""
        if not self._waiting:
            return None
        run = self._waiting.pop(0)
        self._begun[run.key] = time.monotonic()
        return run

    def done(self, task: RunT, result: ModelT | LeftOut) -> None:
        """Record a model, or say why there is none."""
        if isinstance(result, LeftOut):
            self._note_loss(task)
            self._leave_out(task, result.reason)
        else:
            self.record(task, result, lost_seconds=self._lost_seconds[task.key])

    def stopped(self, task: RunT) -> None:
        """Leave a run that was stopped for another time."""

    def died(self, task: RunT, reason: str) -> None:
        """Begin a run whose process died once more, before all others."""
        self._note_loss(task)
        self._n_deaths[task.key] += 1
        if self._n_deaths[task.key] >= MAX_DEATHS:
            self._leave_out(task, f"its process {reason}, {MAX_DEATHS} times")
            return
        logger.warning("%s is begun again: its process %s.", task, reason)
        self._waiting.insert(0, task)

    def overdue(self, task: RunT, seconds: float) -> None:
        """Leave out a run that hangs, or is too slow to be of use."""
        self._note_loss(task)
        self._leave_out(task, f"took longer than --trial-timeout, {seconds:.0f} seconds")

    def _note_loss(self, run: RunT) -> None:
        self._lost_seconds[run.key] += time.monotonic() - self._begun[run.key]

    def _leave_out(self, run: RunT, reason: str) -> None:
        logger.error("%s is left out: %s", run, reason)
        self.record_failure(run, reason, lost_seconds=self._lost_seconds[run.key])
