"""Start the real command line with quick trials, hold it at a place, and look into its database."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

from study.records import StudyRecord
from study.storage import read_study
from tests.study.toy_work import until

PROJECT = Path(__file__).parents[2]
NAME = "digits"
RUN = (
    *("run", "--dataset", "digits", "--fraction", "0.2", "--architectures", "custom_cnn"),
    *("--trials", "4", "--epochs", "3", "--seeds", "1", "--finalists", "0", "--workers", "1"),
    *("--precision", "float32", "--sampler", "random", "--pruner", "none", "--quiet"),
)


def environment(folder: Path, **more: object) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "OPTUNA_STORAGE"}
    ours = {"PYTHONPATH": PROJECT, "FAULT_FOLDER": folder, "FAULT_BUSY_SECONDS": 1, **more}
    return kept | {key: str(value) for key, value in ours.items()}


def start(folder: Path, *arguments: str, n_bytes_limit: int | None = None, **more: object):
    """Start the program in a folder; no file of it may become larger than the limit."""

    def limit():
        if n_bytes_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes_limit, n_bytes_limit))

    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.quick_study", *(arguments or RUN)],
        cwd=folder,
        env=environment(folder, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,  # noqa: PLW1509  No thread of this process is in the middle of anything.
    )


@contextmanager
def held_at(folder: Path, place: str, *arguments: str, **more: object):
    """Start the program and hold a worker at a place; it goes on when the block is left."""
    wanted, reached = folder / f"{place}.wanted", folder / f"{place}.reached"
    wanted.touch()
    program = start(folder, *arguments, **more)
    try:
        assert until(lambda: reached.exists() or program.poll() is not None)
        assert program.poll() is None, program.communicate()
        yield program
    except BaseException:
        program.kill()
        raise
    finally:
        wanted.unlink(missing_ok=True)


def ends(program: subprocess.Popen[str], code: int) -> str:
    """Wait for the end of the program with this exit code; return what it said on stderr."""
    out, err = program.communicate(timeout=150)
    assert program.returncode == code, (out, err)
    return err


def ends_in_one_line(program: subprocess.Popen[str]) -> str:
    """The same for exit code 2: the user is told in one line."""
    err = ends(program, 2)
    assert err.startswith("error: "), err
    assert err.count("\n") == 1, err
    return err


def goes_on(folder: Path, **more: object) -> StudyRecord:
    """Run again, to the end; everything is then there, and once."""
    assert ends(start(folder, **more), 0) == ""
    return whole(folder)


def whole(folder: Path) -> StudyRecord:
    assert is_sound(folder / "studies.db")
    study = read_study(f"sqlite:///{folder / 'studies.db'}", NAME)
    (family,) = study.families
    finished = [trial for trial in family.trials if trial.state != "WAITING"]
    assert [trial.number for trial in finished] == list(range(4))
    assert {trial.state for trial in finished} == {"COMPLETE"}
    assert all([epoch for epoch, _ in t.validation_accuracy] == [1, 2, 3] for t in finished)
    assert sorted(result.augmented for result in study.retrained) == [False, True]
    return study


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
