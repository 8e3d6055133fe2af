"""The command line as a process that can be waited for, killed and run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0
HOSTILE = "tests.faults.hostile"
SMALL = (
    *("run", "--dataset", "stripes", "--name", "hard-times", "--fraction", "1", "--seeds", "1"),
    *("--precision", "float32", "--sampler", "random", "--finalists", "0", "--retrain-epochs", "2"),
)
NAME = "hard-times"


def until(condition: Callable[[], object]) -> bool:
    """Wait for a condition; return whether it came to be."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run ended, and what it said on stderr."""

    code: int
    stderr: str


class Program:
    """A run of the command line in a folder, in a session of its own."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        module: str = HOSTILE,
        faults: str = "alpha=good;beta=good",
        epoch_seconds: float = 0.0,
        work: str = "quick",
    ) -> None:
        kept = {key: value for key, value in os.environ.items() if key != "OPTUNA_STORAGE"}
        environment = {
            **kept,
            "PYTHONPATH": str(PROJECT),
            "FAULTS": faults,
            "FAULTS_EPOCH_SECONDS": str(epoch_seconds),
            "FAULTS_WORK": work,
            # Without a browser: figures as PNG take longer than all the rest.
            "PATH": str(folder),
        }
        folder.mkdir(parents=True, exist_ok=True)
        self._said = folder / "stderr"
        with self._said.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def said(self) -> str:
        return self._said.read_text(errors="replace")

    def workers(self) -> list[psutil.Process]:
        """Return the processes that train."""
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []
        return [one for one in children if _trains(one)]

    def signal(self, number: int) -> None:
        if self.is_running:
            self.process.send_signal(number)

    def kill_worker(self, index: int = 0) -> bool:
        """Kill one of the workers; return whether there was one."""
        workers = self.workers()
        if not workers:
            return False
        try:
            workers[index % len(workers)].kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def kill_parent(self) -> bool:
        """Kill the parent alone; its workers must see to it themselves."""
        return self._kill(os.kill)

    def kill_all(self) -> bool:
        """Kill every process of the run at once."""
        return self._kill(os.killpg)

    def _kill(self, how: Callable[[int, int], None]) -> bool:
        if not self.is_running:
            return False
        how(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return True

    def end(self) -> Ended:
        """Wait until it ends of its own accord."""
        try:
            code = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise
        return Ended(code=code, stderr=self.said)


def _trains(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # It has just ended, or is a zombie.
        return False


def run(folder: Path, *arguments: str, **options: object) -> Ended:
    """Run to the end."""
    return Program(folder, *arguments, **options).end()  # type: ignore[arg-type]
