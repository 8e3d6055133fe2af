"""The parent's side: worker processes that are fed, watched and replaced."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Self

from study.errors import WorkerError
from study.interruption import deferred_interrupts, stop_if_asked
from study.workers.environment import environment
from study.workers.messages import Died, Done, Failed, Hello, Message, Ready, Stopped
from study.workers.tasks import Result, Task, Tasks, Work
from study.workers.worker import Limits, Worker

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""How long a Ctrl-C may wait to be seen."""

STOP_SECONDS = 6.0
"""How long a task that is asked to stop may go on: the program is to be gone within 9 seconds."""

MAX_STILLBIRTHS = 3
"""Processes in a row that may die before they are ready."""


@dataclass(kw_only=True)
class WorkerPool:
    """Processes that import what is slow to import once, and then do many tasks.

    They are started when there is something to do, live through several kinds of work, and end with
    the pool. One that is worn out is given a last task, during which its successor starts; only one
    at a time, so never more than `n_workers + 1` are alive. One that dies is replaced.

    Attributes:
        n_workers: How many tasks are done at a time.
        n_threads: Threads of each worker.
        gpus: Divided among the workers, as CUDA names them; none leaves it to them.
        limits: When a worker is worn out.
        task_timeout_seconds: How long a task may take; None for no limit.
        stop_seconds: How long a task may go on after a Ctrl-C; 0 for what has nothing to save.
    """

    n_workers: int
    n_threads: int
    gpus: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    task_timeout_seconds: float | None = None
    stop_seconds: float = STOP_SECONDS
    _workers: list[Worker] = field(init=False, default_factory=list)
    _n_stillbirths: int = field(init=False, default=0)
    _said: set[str] = field(init=False, default_factory=set)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def run(self, work: Work[Task, Result], tasks: Tasks[Task, Result]) -> None:
        """Do tasks until none is left and none is under way.

        At a first Ctrl-C the workers stop where that is safe, at a second one at once.

        Raises:
            KeyboardInterrupt: If the user stopped it; no task is then under way any more.
            StudyError: If a worker met a mistake of the user, or workers die as they start.
            RuntimeError: If a worker met a bug; its traceback is in the message.
        """
        with deferred_interrupts():
            try:
                for worker in self._workers:
                    if worker.listens:
                        worker.open(work)
                self._feed(work, tasks)
            except BaseException as error:
                try:
                    if isinstance(error, KeyboardInterrupt):
                        self._stop(work, tasks)
                finally:
                    self._abandon(tasks)
                raise

    def _feed(self, work: Work[Task, Result], tasks: Tasks[Task, Result]) -> None:
        while True:
            for worker in self._workers:
                # A successor waits until the worn-out one has ended its last task.
                if len(self._busy()) < self.n_workers and worker.is_free:
                    if (task := tasks.next_task()) is None:
                        break
                    self._give(worker, task)
            # Where all are at work there is nobody to start, and to ask may take long.
            n_left = 0 if self._n_staying_busy() >= self.n_workers else tasks.n_left()
            if not n_left and not self._busy():
                return
            self._start_workers(n_left)
            stop_if_asked()
            while self._is_anyone_at_work() and not (
                self._has_news(work, tasks) or self._has_ended_overdue(tasks)
            ):
                stop_if_asked()

    def _stop(self, work: Work[Task, Result], tasks: Tasks[Task, Result]) -> None:
        """Let tasks stop where that is safe; a Ctrl-C meanwhile ends it, and so does time."""
        if not self._busy() or not self.stop_seconds:
            return
        deadline = time.monotonic() + self.stop_seconds
        logger.info("Stopping where that is safe; Ctrl-C again stops at once.")
        for worker in self._busy():
            worker.ask_to_stop()
        while self._busy() and time.monotonic() < deadline:
            self._has_news(work, tasks)
            stop_if_asked()

    def _abandon(self, tasks: Tasks[Task, Result]) -> None:
        for worker in self._workers:
            worker.end()
        for worker in self._busy():
            tasks.stopped(worker.take_back())
        self._workers.clear()

    def _busy(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.is_busy]

    def _n_staying_busy(self) -> int:
        return sum(not worker.is_leaving for worker in self._busy())

    def _is_anyone_at_work(self) -> bool:
        return any(worker.is_busy or not worker.is_ready for worker in self._workers)

    def _start_workers(self, n_left: int) -> None:
        """Start as many workers as are missing, but no more than there are tasks for."""
        staying = [worker for worker in self._workers if not worker.is_leaving]
        n_wanted = min(self.n_workers, n_left + self._n_staying_busy())
        if n_wanted and not self._workers:
            logger.info("Workers: %d; threads of each: %d.", self.n_workers, self.n_threads)
        for _ in range(len(staying), n_wanted):
            variables = environment(n_threads=self.n_threads, gpu=self._least_used_gpu())
            self._workers.append(Worker(environment=variables))

    def _least_used_gpu(self) -> str | None:
        used = Counter(worker.gpu for worker in self._workers if not worker.is_leaving)
        return min(self.gpus, key=lambda gpu: used[gpu], default=None)

    def _give(self, worker: Worker, task: Any) -> None:
        worker.give(task)
        if worker.is_worn(self.limits) and not any(one.is_leaving for one in self._workers):
            worker.is_leaving = True

    def _has_news(self, work: Work[Task, Result], tasks: Tasks[Task, Result]) -> bool:
        """Handle what workers say; return whether one is now free, gone or to be succeeded."""
        has_news = False
        for worker, message in self._receive():
            if isinstance(message, logging.LogRecord):
                self._pass_on(message)
            elif isinstance(message, Hello):
                worker.listens = True
                worker.open(work)
            else:
                self._handle(worker, message, tasks)
                has_news = True
        return has_news

    def _pass_on(self, record: logging.LogRecord) -> None:
        """Log what a worker says; what all of them would say, `once`, of the first alone."""
        if getattr(record, "once", False):
            if record.getMessage() in self._said:
                return
            self._said.add(record.getMessage())
        logging.getLogger(record.name).handle(record)

    def _receive(self) -> Iterator[tuple[Worker, Message]]:
        with_news = wait([worker.connection for worker in self._workers], timeout=POLL_SECONDS)
        for worker in list(self._workers):
            if worker.connection in with_news:
                yield worker, worker.receive()

    def _handle(self, worker: Worker, message: Message, tasks: Tasks[Any, Any]) -> None:
        match message:
            case Ready():
                worker.note_opened()
                self._n_stillbirths = 0
            case Done(result=result, resident_bytes=resident_bytes):
                worker.note_memory(resident_bytes)
                tasks.done(worker.take_back(), result)
                if worker.is_leaving:
                    self._remove(worker)
            case Stopped():
                tasks.stopped(worker.take_back())
            case Failed(mistake=mistake, trace=trace):
                raise mistake or RuntimeError(f"A worker failed.\n{trace}")
            case Died(reason=reason):
                self._remove(worker)
                self._bury(worker, reason, tasks)

    def _has_ended_overdue(self, tasks: Tasks[Any, Any]) -> bool:
        """End the first worker whose task takes too long; return whether there was one."""
        for worker in self._workers:
            # What it said and nobody has heard yet may be that it is done.
            is_heard = not worker.connection.poll()
            if is_heard and worker.is_overdue(self.task_timeout_seconds):
                self._remove(worker)
                tasks.overdue(worker.take_back(), self.task_timeout_seconds or 0.0)
                return True
        return False

    def _remove(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.end()

    def _bury(self, worker: Worker, reason: str, tasks: Tasks[Any, Any]) -> None:
        if worker.is_busy:
            tasks.died(worker.take_back(), reason)
        elif not worker.is_ready:
            self._n_stillbirths += 1
            if self._n_stillbirths == MAX_STILLBIRTHS:
                raise WorkerError(
                    f"{MAX_STILLBIRTHS} worker processes in a row died before they could begin; "
                    f"the last {reason}. If memory is short, lower --workers."
                )
