"""What a worker and its parent say to each other, over a pipe that nobody else can reach."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from study.errors import StudyError
from study.workers.tasks import Work

# From the parent.


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a worker is started with.

    Attributes:
        environment: Variables of its environment, for libraries that it will import.
        log_levels: Level by name of a logger.
    """

    environment: Mapping[str, str]
    log_levels: Mapping[str, int]


@dataclass(frozen=True)
class Open:
    """Put away the work at hand and open this."""

    work: Work[Any, Any]


@dataclass(frozen=True)
class Do:
    """Do one task."""

    task: Any


@dataclass(frozen=True)
class Stop:
    """Stop the present task where that is safe."""


# From a worker. `resident_bytes` is the memory that its process holds.


@dataclass(frozen=True)
class Hello:
    """The worker listens."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The work is opened."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A task is done."""

    result: Any
    resident_bytes: int


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A task was stopped, as asked."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """An error that no task should end with: a mistake of the user, or a bug.

    Attributes:
        mistake: What to raise in the parent; None for a bug.
        trace: The traceback as text, as tracebacks cannot be sent.
    """

    mistake: StudyError | None
    trace: str

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the message of an error."""
        mistake = error if isinstance(error, StudyError) else None
        return cls(mistake=mistake, trace="".join(traceback.format_exception(error)))


@dataclass(frozen=True, kw_only=True)
class Died:
    """The process is gone. Said by the parent to itself, where the pipe has ended."""

    reason: str


Message = Hello | Ready | Done | Stopped | Failed | Died | logging.LogRecord
