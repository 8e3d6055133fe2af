"""Where the state of a trial that waits is kept, and when it goes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from study.records import FINISHED, TrialRecord


def checkpoints_folder(out: Path) -> Path:
    """Return the folder of a study's checkpoints, in that of its report."""
    return out / "checkpoints"


def checkpoint_of(folder: Path, family: str, number: int) -> Path:
    """Return the file of a trial's state."""
    return folder / f"{family}-{number}.npz"


def delete_checkpoints(out: Path, family: str, trials: Iterable[TrialRecord]) -> None:
    """Delete the states of those trials that have ended: nobody goes on from them."""
    folder = checkpoints_folder(out)
    for trial in trials:
        if trial.state in FINISHED:
            checkpoint_of(folder, family, trial.number).unlink(missing_ok=True)
