"""Work without TensorFlow, one kind a behaviour of a worker; processes can import it."""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from study.errors import ConfigError
from study.interruption import stop_if_asked

PATIENCE_SECONDS = 120.0
"""How long to wait for what should happen soon, on a busy machine too."""

_kept: list[bytearray] = []


def until(condition) -> bool:
    """Wait for a condition; return whether it came to be."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def square(task):
    return task**2, os.getpid()


def swell(_task):
    _kept.append(bytearray(b"x" * 40 * 2**20))
    return os.getpid()


def see_a_sibling(must_wait):
    """Return whether another worker is there, or comes where it is waited for."""
    parent = psutil.Process(os.getppid())

    def siblings():
        return [one for one in parent.children() if "spawn_main" in " ".join(one.cmdline())]

    return must_wait and until(lambda: len(siblings()) == 2)


def outstay(task):
    """Work on for a second after another worker has come, where it is waited for."""
    _, must_wait = task
    if see_a_sibling(must_wait):
        time.sleep(1.0)


def environment(_task):
    return dict(os.environ)


def die_of_three(task):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def blunder(_task):
    raise ConfigError("--colour is not to my taste; choose another.")


def have_a_bug(_task):
    return 1 / 0


def talk(task):
    logging.getLogger("study.toy").warning("task %d is done", task)
    logging.getLogger("study.toy").debug("nobody wants to know")


def warn_of_the_machine(task):
    logging.getLogger("study.toy").warning("all of this machine's workers are %s", "slow")
    logging.getLogger("study.toy").warning("there is no %s", "GPU", extra={"once": True})


def hear_ctrl_c(task):
    os.kill(os.getpid(), signal.SIGINT)
    return task


def work_on(path):
    """Say who works, then work until asked to stop."""
    path.write_text(str(os.getpid()))
    while True:
        stop_if_asked()
        time.sleep(0.01)


def be_deaf(path):
    """Say who works, then hear nothing."""
    path.write_text(str(os.getpid()))
    time.sleep(PATIENCE_SECONDS)


def be_deaf_to_paths(path):
    """Hear nothing where there is a path to say so in, else be done at once."""
    return "done" if path == "no path" else be_deaf(path)


@dataclass(frozen=True)
class ToyWork:
    """Tasks that call one of these functions."""

    function: object

    @contextmanager
    def open(self):
        yield self.function


class Knot:
    """An object that only the collector of garbage can free."""

    alive = 0

    def __init__(self):
        self.itself = self
        Knot.alive += 1

    def __del__(self):
        Knot.alive -= 1


@dataclass(frozen=True)
class Knotty:
    """Work that leaves a knot; a task tells how many there are."""

    @contextmanager
    def open(self):
        knot = Knot()
        yield lambda _task: (Knot.alive, id(knot))


@dataclass(frozen=True)
class Stillborn:
    """Work that its process does not survive the beginning of."""

    @contextmanager
    def open(self):
        os._exit(3)
        yield


class ToyTasks:
    """Tasks that are what they are, and what became of each."""

    def __init__(self, tasks):
        self.waiting = list(tasks)
        self.results = {}
        self.stops, self.deaths, self.hangs = [], [], []

    def n_left(self):
        return len(self.waiting)

    def next_task(self):
        return self.waiting.pop(0) if self.waiting else None

    def done(self, task, result):
        self.results[task] = result

    def stopped(self, task):
        self.stops.append(task)

    def died(self, task, reason):
        self.deaths.append((task, reason))

    def overdue(self, task, seconds):
        self.hangs.append((task, seconds))
