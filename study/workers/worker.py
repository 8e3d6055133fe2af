"""One worker as its parent sees it: the process, what it does, and whether it is worn out."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from study.interruption import blocked_signals
from study.log_file import EPOCHS
from study.workers.messages import Died, Do, Message, Open, Settings, Stop
from study.workers.process import main
from study.workers.tasks import Work

SPAWN = multiprocessing.get_context("spawn")
"""Never "fork": a process that has threads, as TensorFlow's, hangs in its copy."""

LOGGERS = ("", "study", EPOCHS)
GRACE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a worker is worn out and makes way for a fresh one.

    Every trial leaves a few megabytes behind in TensorFlow, whatever is cleared after it. What the
    largest trial so far needed stays, too, to be used again: that alone is no growth without end.

    Attributes:
        max_tasks: Tasks that a worker does.
        max_bytes: Resident memory that it may hold; more, if its first task needed more.
    """

    max_tasks: int = 25
    max_bytes: int = 2500 * 2**20


class Worker:
    """A process, the task it does, and how it has fared."""

    def __init__(self, *, environment: Mapping[str, str]) -> None:
        """Start the process; it says Hello as soon as it listens."""
        self.connection, far_end = SPAWN.Pipe()
        levels = {name: logging.getLogger(name).level for name in LOGGERS}
        settings = Settings(environment=environment, log_levels=levels)
        self._process = SPAWN.Process(target=main, args=(far_end, settings), daemon=True)
        with blocked_signals():
            self._process.start()
        # So that the pipe ends when the process does.
        far_end.close()
        self.gpu = environment.get("CUDA_VISIBLE_DEVICES")
        self.listens = False
        self.is_leaving = False
        self.task: Any = None
        self.is_busy = False
        self._n_opened, self._n_to_open = 0, 0
        self._n_tasks = 0
        self._busy_since = 0.0
        self._first_bytes: int | None = None
        self._bytes = 0

    @property
    def is_ready(self) -> bool:
        """Whether all work that it was sent is open."""
        return 0 < self._n_opened == self._n_to_open

    @property
    def is_free(self) -> bool:
        """Whether it waits for a task."""
        return self.is_ready and not self.is_busy and not self.is_leaving

    def is_overdue(self, timeout_seconds: float | None) -> bool:
        """Return whether its task takes longer than that; never without a limit."""
        if timeout_seconds is None or not self.is_busy:
            return False
        return time.monotonic() - self._busy_since > timeout_seconds

    def open(self, work: Work[Any, Any]) -> None:
        """Send it the work that its tasks are of."""
        self._n_to_open += 1
        self._send(Open(work))

    def note_opened(self) -> None:
        """Take note that it has opened a work; it may have been sent the next one meanwhile."""
        self._n_opened += 1

    def give(self, task: Any) -> None:
        """Send it a task."""
        self.task, self.is_busy = task, True
        self._busy_since = time.monotonic()
        self._n_tasks += 1
        self._send(Do(task))

    def take_back(self) -> Any:
        """Return its task, which it no longer does."""
        task, self.task, self.is_busy = self.task, None, False
        return task

    def note_memory(self, resident_bytes: int) -> None:
        """Take note of how much memory it holds after a task."""
        if self._first_bytes is None:
            self._first_bytes = resident_bytes
        self._bytes = resident_bytes

    def is_worn(self, limits: Limits) -> bool:
        """Return whether its present task is to be its last."""
        # With models that need so much, every worker would be worn out after its first task.
        most_bytes = max(limits.max_bytes, 1.5 * (self._first_bytes or 0))
        return self._bytes > most_bytes or self._n_tasks >= limits.max_tasks

    def ask_to_stop(self) -> None:
        """Let it stop its task where that is safe."""
        self._send(Stop())

    def receive(self) -> Message:
        """Return its next message; waits for one."""
        try:
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            return Died(reason=self._how_it_ended())
        return message

    def end(self) -> None:
        """End it at once, whatever it does; a task that it has is nobody's then."""
        # Not asked nicely: an idle one has nothing to lose, and TensorFlow takes seconds to leave.
        self._process.kill()
        self._process.join(GRACE_SECONDS)
        self.connection.close()

    def _send(self, message: Open | Do | Stop) -> None:
        # If it is dead, its end of the pipe says so when it is read.
        with suppress(OSError):
            self.connection.send(message)

    def _how_it_ended(self) -> str:
        self._process.join(GRACE_SECONDS)
        code = self._process.exitcode
        if code is not None and code < 0:
            with suppress(ValueError):
                return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"
