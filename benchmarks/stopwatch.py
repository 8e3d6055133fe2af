"""Wall time by kind of work, where one kind of work may happen inside another."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Stopwatch:
    """Adds up seconds by kind; what is measured inside something else counts for itself alone.

    Attributes:
        seconds: By kind; a caller may move seconds from one kind to another.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start at 0; `clock` returns seconds."""
        self.seconds: dict[str, float] = defaultdict(float)
        self._clock = clock
        self._inside: list[float] = []

    @contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Count the time of a block as of this kind."""
        start = self._clock()
        self._inside.append(0.0)
        try:
            yield
        finally:
            total = self._clock() - start
            self.seconds[kind] += total - self._inside.pop()
            if self._inside:
                self._inside[-1] += total

    def timed(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose calls count as of this kind."""

        @functools.wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            with self.measure(kind):
                return function(*args, **kwargs)

        return measured
