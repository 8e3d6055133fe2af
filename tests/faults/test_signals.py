"""SIGINT, SIGTERM and SIGHUP, once and twice: saved, gone soon, with the exit code that tells."""

from __future__ import annotations

import os
import pty
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.database import problems, stored
from tests.faults.program import HOSTILE, PROJECT, SMALL, Ended, Program, run, until

ARGUMENTS = (*SMALL, "--trials", "2", "--epochs", "2", "--pruner", "none", "--workers", "1")
LONG = 600.0
"""Seconds of an epoch that nobody waits for."""
LONGEST_STOP_SECONDS = 12.0
"""A promise, no measure of speed: it is 10, and the program ends itself after 9, come what may.

The rest is for a machine that is busy with other tests.
"""


def under_way(folder: Path) -> bool:
    return any(one.state == "RUNNING" and "seen" in one.attrs for one in stored(folder))


def start(folder: Path, what: str) -> Program:
    """Start a run whose first trial is in an epoch that is long, or deaf."""
    faults = "alpha=hang;beta=hang" if what == "deaf" else "alpha=good;beta=good"
    return Program(folder, *ARGUMENTS, faults=faults, epoch_seconds=LONG)


CASES = {
    "one SIGINT": ("long", signal.SIGINT, 1, 130),
    "one SIGTERM": ("long", signal.SIGTERM, 1, 143),
    "one SIGHUP to all": ("long", signal.SIGHUP, 1, 129),
    "one SIGTERM in a deaf epoch": ("deaf", signal.SIGTERM, 1, 143),
    "two SIGTERM in a deaf epoch": ("deaf", signal.SIGTERM, 2, 143),
}


@dataclass(frozen=True)
class Stopped:
    """A run that was stopped: its folder, how it ended, and how long after the first signal."""

    folder: Path
    ended: Ended
    seconds: float


def stop(programs: dict[str, Program]) -> dict[str, float]:
    """Send each its signals; return after how many seconds each had ended, all being watched."""
    signalled, seconds = {}, {}

    def have_all_ended() -> bool:
        for name in signalled.keys() - seconds.keys():
            if not programs[name].is_running:
                seconds[name] = time.monotonic() - signalled[name]
        return seconds.keys() == programs.keys()

    for name, program in programs.items():
        _, number, times, _ = CASES[name]
        signalled[name] = time.monotonic()
        (os.killpg if "all" in name else os.kill)(program.process.pid, number)
        if times == 2:
            assert until(lambda: have_all_ended() or "Stopping" in program.said)  # noqa: B023
            program.signal(number)
    assert until(have_all_ended), "A run did not end."
    return seconds


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> dict[str, Stopped]:
    """Each stopped run; they run side by side."""
    folders = {name: tmp_path_factory.mktemp("stopped") for name in CASES}
    programs = {name: start(folders[name], CASES[name][0]) for name in CASES}
    try:
        for name, program in programs.items():
            assert until(lambda: under_way(folders[name])), program.said  # noqa: B023
        seconds = stop(programs)
        return {
            name: Stopped(folders[name], program.end(), seconds[name])
            for name, program in programs.items()
        }
    finally:
        for program in programs.values():
            program.kill_all()


@pytest.mark.parametrize("name", [name for name, (_, _, times, _) in CASES.items() if times == 1])
def test_one_signal_stops_a_run_as_soon_as_is_promised(stopped, name):
    assert stopped[name].seconds < LONGEST_STOP_SECONDS


@pytest.mark.parametrize("name", CASES)
def test_a_stopped_run_says_how_to_go_on_and_which_signal_it_was(stopped, name):
    ended = stopped[name].ended
    assert ended.code == CASES[name][3]
    assert "To continue: python -m study run" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", CASES)
def test_what_was_under_way_waits_and_what_it_cost_is_recorded(stopped, name):
    trials = stored(stopped[name].folder)
    (trial,) = [one for one in trials if one.state == "RUNNING"]
    assert trial.attrs["paused"] is True
    assert trial.attrs["lost_seconds"] > 0
    # The user stopped it: that is no death.
    assert "died_after" not in trial.attrs


def test_a_stopped_study_goes_on_to_its_end(stopped):
    folder = stopped["one SIGHUP to all"].folder
    ended = run(folder, *ARGUMENTS, faults="alpha=good;beta=good")
    assert ended.code == 0, ended.stderr
    settings = {"n_trials": 2, "epochs": 2, "n_retrained": 4}
    assert problems(stored(folder), families=("alpha", "beta"), **settings) == []


def in_a_terminal(folder: Path) -> tuple[int, int]:
    """Start a run with a long epoch in a terminal of its own; return its process and that."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ |= {"PYTHONPATH": str(PROJECT), "FAULTS_EPOCH_SECONDS": str(LONG)}
        os.execv(sys.executable, [sys.executable, "-m", HOSTILE, *ARGUMENTS])  # noqa: S606
    return process, terminal


def test_a_run_whose_terminal_is_closed_saves_and_tells_by_its_exit_code(tmp_path):
    process, terminal = in_a_terminal(tmp_path)
    begun = until(lambda: under_way(tmp_path))
    os.close(terminal)
    deadline = time.monotonic() + LONGEST_STOP_SECONDS
    while (found := os.waitpid(process, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    if found == (0, 0):
        os.kill(process, signal.SIGKILL)
        found = os.waitpid(process, 0)
    assert begun
    assert os.waitstatus_to_exitcode(found[1]) == 129
    (trial,) = [one for one in stored(tmp_path) if one.state == "RUNNING"]
    assert trial.attrs["paused"] is True
