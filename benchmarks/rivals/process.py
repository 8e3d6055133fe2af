"""Run a task in a fresh process, and measure it from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.rivals.memory import PeakMemory
from benchmarks.rivals.outcome import Found, Outcome
from benchmarks.rivals.setting import Assignment

ROOT = Path(__file__).parents[2]
LAST_LINES = 30


class ContenderFailedError(Exception):
    """A contender's process ended in an error; the message holds its last words."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    text: str
    launched_at: float
    peak_memory_bytes: int | None


def run_search(assignment: Assignment) -> Outcome:
    """Return a contender's outcome, its winner not tested yet.

    Raises:
        ContenderFailedError: If the process fails.
    """
    answer = _run("search", assignment.to_json(), name=assignment.contender)
    return Outcome(
        contender=assignment.contender,
        seed=assignment.seed,
        found=Found.from_fields(json.loads(answer.text)),
        launched_at=answer.launched_at,
        peak_memory_bytes=answer.peak_memory_bytes,
    )


def run_retraining(assignment: Assignment, outcome: Outcome) -> Outcome:
    """Return the outcome with its winner's test accuracies.

    Raises:
        ContenderFailedError: If the process fails.
    """
    given = json.dumps({"assignment": assignment.to_json(), "winner": dict(outcome.found.winner)})
    answer = _run("retrain", given, name=f"the winner of {assignment.contender}")
    return replace(outcome, test_accuracies=tuple(json.loads(answer.text)))


def faster_precision() -> str:
    """Return "float32" or "bfloat16", whichever trains faster on this machine."""
    return _run("precision", "", name="the choice of precision").text


def _run(task: str, given: str, *, name: str) -> _Answer:
    command = [sys.executable, "-m", "benchmarks.rivals.child", task]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        launched_at = time.time()
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process:
            try:
                with PeakMemory(process.pid) as memory:
                    text, _ = process.communicate(given)
            finally:
                process.kill()
        if process.returncode:
            said.seek(0)
            last_words = "".join(said.readlines()[-LAST_LINES:])
            raise ContenderFailedError(f"{name} failed ({process.returncode}):\n{last_words}")
    return _Answer(text=text, launched_at=launched_at, peak_memory_bytes=memory.peak_bytes)
