"""Models to train from scratch, as tasks for workers: begun in order, recorded when done."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

logger = logging.getLogger(__name__)

MAX_DEATHS = 2
"""Processes that may die of one run before it is left out."""


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

    @abstractmethod
    def record(self, run: RunT, model: ModelT) -> None:
        """Write down what came of a run."""

    def n_left(self) -> int:
        """Return how many runs are still to begin."""
        return len(self._waiting)

    def next_task(self) -> RunT | None:
        """Return the next run."""
        return self._waiting.pop(0) if self._waiting else None

    def done(self, task: RunT, result: ModelT | LeftOut) -> None:
        """Record a model, or say why there is none."""
        if isinstance(result, LeftOut):
            logger.error("%s is left out: %s", task, result.reason)
        else:
            self.record(task, result)

    def stopped(self, task: RunT) -> None:
        """Leave a run that was stopped for another time."""

    def died(self, task: RunT, reason: str) -> None:
        """Begin a run whose process died once more, before all others."""
        self._n_deaths[task.key] += 1
        if self._n_deaths[task.key] >= MAX_DEATHS:
            self.done(task, LeftOut(reason=f"its process {reason}, {MAX_DEATHS} times"))
            return
        logger.warning("%s is begun again: its process %s.", task, reason)
        self._waiting.insert(0, task)
