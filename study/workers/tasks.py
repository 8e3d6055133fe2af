"""What workers are given: work, which each of them opens once, and tasks, one after another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

from study.errors import WorkerError

Task = TypeVar("Task")
Result = TypeVar("Result")
Task_contra = TypeVar("Task_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)
Result_contra = TypeVar("Result_contra", contravariant=True)


MAX_DEATHS = 3
"""Processes that may die of one task before it is given up: it is tried again twice."""


class Work(Protocol[Task_contra, Result_co]):
    """A kind of task and all that its tasks share; sent to each worker and opened there.

    It, its tasks and their results are pickled; what it opens is not, and may hold TensorFlow.
    """

    def open(self) -> AbstractContextManager[Callable[[Task_contra], Result_co]]:
        """Prepare what is slow, and give the function that does one task.

        That function runs in the worker's main thread. Where stopping is safe it calls
        `study.interruption.stop_if_asked`, and lets the KeyboardInterrupt pass.
        """
        ...


class Tasks(Protocol[Task, Result_contra]):
    """What is to be done, and what becomes of it; all of it called in the parent."""

    def n_left(self) -> int:
        """Return how many tasks are still to be given out, for all that is known now."""
        ...

    def next_task(self) -> Task | None:
        """Return what a free worker is to do next; None for nothing at present."""
        ...

    def done(self, task: Task, result: Result_contra) -> None:
        """Take a task's result."""
        ...

    def stopped(self, task: Task) -> None:
        """Take note that a task was stopped before its end, because the user wants to stop."""
        ...

    def died(self, task: Task, reason: str) -> None:
        """Take note that the process that did a task died of it, or of something else."""
        ...

    def overdue(self, task: Task, seconds: float) -> None:
        """Take note that a task took longer than so many seconds, and that its process was ended.

        It may hang, and is not done again.
        """
        ...


class Workers(Protocol):
    """Whoever does tasks."""

    def run(self, work: Work[Task, Result], tasks: Tasks[Task, Result]) -> None:
        """Do tasks until none is left.

        Raises:
            KeyboardInterrupt: If the user stopped it; no task is then under way any more.
        """
        ...


class _OneTask(Generic[Task, Result]):
    """A single task, tried again once where its process dies."""

    def __init__(self, task: Task, *, n_to_follow: int) -> None:
        self._waiting = [task]
        self._n_to_follow = n_to_follow
        self._n_deaths = 0
        self.results: list[Result] = []

    def n_left(self) -> int:
        return len(self._waiting) + (0 if self.results else self._n_to_follow)

    def next_task(self) -> Task | None:
        return self._waiting.pop() if self._waiting else None

    def done(self, task: Task, result: Result) -> None:
        self.results.append(result)

    def stopped(self, task: Task) -> None:
        pass

    def died(self, task: Task, reason: str) -> None:
        self._n_deaths += 1
        if self._n_deaths == 2:
            raise WorkerError(f"Worker processes die: {reason}. Is memory short?")
        self._waiting.append(task)

    def overdue(self, task: Task, seconds: float) -> None:
        # With a limit, only measuring which arithmetic is faster is asked for.
        raise WorkerError(
            f"Measuring took longer than --trial-timeout, {seconds:.0f} seconds; give it more "
            "time, or a --precision other than auto."
        )


def ask(workers: Workers, work: Work[Task, Result], task: Task, *, n_to_follow: int = 0) -> Result:
    """Have a single task done and return its result.

    Args:
        workers: Who does it.
        work: Its kind.
        task: What to do.
        n_to_follow: Tasks, of whatever kind, that are meant to come next: workers for them import
            what is slow to import while one of them does this task.
    """
    tasks: _OneTask[Task, Result] = _OneTask(task, n_to_follow=n_to_follow)
    workers.run(work, tasks)
    return tasks.results[0]
