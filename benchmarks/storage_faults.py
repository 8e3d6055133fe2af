"""How runs fare where the database is locked for long or the disk is full, with counts.

The long form of `tests/faults/test_locked_database.py` and `test_full_disk.py`: the real command
line with trials that cost nothing, locks of 30 seconds under the real timeout of 60, and real small
disks (tmpfs, which takes the rights to mount). After each fault another run must go on to the end.

    python -m benchmarks.storage_faults --locks 3 --disks 12
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[1]
RUN = (
    *("run", "--dataset", "digits", "--fraction", "0.2", "--architectures", "custom_cnn"),
    *("--trials", "4", "--epochs", "3", "--seeds", "1", "--finalists", "0", "--workers", "1"),
    *("--precision", "float32", "--sampler", "random", "--pruner", "none", "--quiet"),
)
LOCKED_SECONDS = 30.0
ENOUGH = "64m"


def main() -> None:
    """Try each fault, and print what became of the runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--locks", type=int, default=3, help="locks of 30 seconds")
    parser.add_argument("--disks", type=int, default=12, help="disks that are too small")
    arguments = parser.parse_args()
    rng = random.Random(0)  # noqa: S311  Nothing secret.
    counts: Counter[str] = Counter()
    for _ in range(arguments.locks):
        with tempfile.TemporaryDirectory() as name:
            counts[f"30 s lock: {_lock(Path(name), rng.uniform(3, 8))}"] += 1
    for _ in range(arguments.disks):
        with tempfile.TemporaryDirectory() as name, _disk(Path(name), rng.randrange(100, 900)):
            counts[f"full disk: {_fill(Path(name))}"] += 1
    for outcome, n in sorted(counts.items()):
        print(f"{n:4d} x {outcome}")


def _lock(folder: Path, after_seconds: float) -> str:
    """Lock the database of a run that is under way, as a backup or a dashboard might."""
    program = _start(folder, FAULT_EPOCH_SECONDS="1")
    time.sleep(after_seconds)
    path = folder / "studies.db"
    if not path.exists():
        return f"{_ending(program)}, never locked"
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        was_done = program.poll() is not None
        time.sleep(LOCKED_SECONDS)
        waited = program.poll() is None
        other.execute("ROLLBACK")
    if was_done:
        return f"{_ending(program)}, never locked"
    ending = _ending(program)
    took = "waited" if waited and time.monotonic() - began > LOCKED_SECONDS else "did not wait"
    return f"{took}, {ending}, {_afterwards(folder)}"


def _fill(folder: Path) -> str:
    """Run on a small disk, then on a large one."""
    ending = _ending(_start(folder, FAULT_CHECKPOINT_BYTES="300000", FAULT_MODEL_BYTES="400000"))
    sound = not (folder / "studies.db").exists() or _is_sound(folder / "studies.db")
    subprocess.run(["mount", "-o", f"remount,size={ENOUGH}", folder], check=True)
    again = _ending(_start(folder))
    return f"{ending}, {'sound' if sound else 'DAMAGED'}, then {again}, {_afterwards(folder)}"


@contextmanager
def _disk(folder: Path, n_kilobytes: int) -> Iterator[None]:
    size = f"size={n_kilobytes}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _start(folder: Path, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.quick_study", *RUN],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ending(program: subprocess.Popen[str]) -> str:
    _, said = program.communicate()
    lines = said.splitlines()
    if program.returncode == 2 and len(lines) == 1:
        return "stopped in one line"
    ok = program.returncode == 0 and not lines
    return "went to the end" if ok else f"ENDED WITH {program.returncode}: {said[-300:]!r}"


def _afterwards(folder: Path) -> str:
    """Say whether the database is sound and holds each trial and result once."""
    path = folder / "studies.db"
    with closing(sqlite3.connect(path)) as connection:
        trials = connection.execute(
            "SELECT study_name, number, state FROM trials JOIN studies USING (study_id) "
            "WHERE state != 'WAITING' ORDER BY 1, 2"
        ).fetchall()
    wanted = [(f"digits/{study}", number) for study, n in MEMBERS.items() for number in range(n)]
    whole = [row[:2] for row in trials] == wanted and {row[2] for row in trials} == {"COMPLETE"}
    return "all there once" if whole and _is_sound(path) else f"NOT WHOLE: {trials}"


MEMBERS = {"custom_cnn": 4, "retrained": 2}


def _is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


if __name__ == "__main__":
    main()
