"""Contenders in processes of their own, kept alive between rounds: only one computes at a time.

A contender's program describes itself in one line of JSON, then trains one epoch for each line that
it reads, and answers with the seconds that the epoch took. This file needs the standard library
alone: a contender may run in an interpreter that has nothing else of this project's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]


class Worker:
    """A contender's process, seen from the benchmark.

    Attributes:
        facts: What the contender said of itself, as `n_parameters` and `versions`.
    """

    def __init__(self, command: Sequence[str], spec: Mapping[str, Any]) -> None:
        """Start `command` with the specification as its last argument, and wait until it is ready.

        Raises:
            RuntimeError: If it ends instead; it has said why on stderr.
        """
        self._process = subprocess.Popen(
            [*command, json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.facts: dict[str, Any] = self._reply()

    def run_epoch(self) -> float:
        """Let it train one epoch and return its wall time in seconds."""
        if self._process.stdin is None:
            raise RuntimeError("The process was started without a pipe to it.")
        self._process.stdin.write("epoch\n")
        self._process.stdin.flush()
        return float(self._reply())

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _reply(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"A contender ended with code {self._process.wait()}.")
        return json.loads(line)


class Turns:
    """The contender's side: call `wait` before each epoch."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Say that the contender is ready, with what is to be known of it."""
        # Whatever libraries print goes to stderr, not between the answers.
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self._start: float | None = None
        self._answer(facts)

    def wait(self) -> None:
        """End the epoch that was running, and begin the next one when it is asked for.

        Raises:
            SystemExit: If no more is wanted.
        """
        if self._start is not None:
            self._answer(time.perf_counter() - self._start)
        if not sys.stdin.readline():
            raise SystemExit(0)
        self.begin()

    def begin(self) -> None:
        """Count from now on: what came before is not of the epoch."""
        self._start = time.perf_counter()

    def _answer(self, message: object) -> None:
        self._answers.write(json.dumps(message) + "\n")
        self._answers.flush()
