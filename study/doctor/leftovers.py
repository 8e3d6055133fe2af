"""Files that runs left behind: checkpoints of trials that have ended, and unfinished files."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from optuna.trial import FrozenTrial

from study.checkpoints import checkpoints_folder
from study.doctor.patient import Finding, Patient
from study.environment import is_dead, this_process
from study.errors import FolderError
from study.heartbeat import heartbeat_of
from study.records import NO_FAMILIES

UNFINISHED = re.compile(r"\..+\.(?:npz|keras|html|md|json|pdf|csv|png)\.([0-9]+)")
"""Names of `study.files.replaced` while it writes, with the writer's process number.

Only of the kinds that runs and reports write: the folder may hold more than that.
"""

OLD_SECONDS = 3600.0
"""Age of an unfinished file that nobody can still be writing: writing takes seconds."""


def check(patient: Patient) -> Iterator[Finding]:
    """Compare checkpoints with the trials that could go on from them.

    Raises:
        FolderError: If a folder cannot be looked into.
    """
    try:
        yield from _left(patient)
    except OSError as error:
        raise FolderError(
            f"{str(error.filename)!r} cannot be looked at ({error.strerror or error}); let it be "
            "read, then run the same command again."
        ) from error


def _left(patient: Patient) -> Iterator[Finding]:
    folders = {name: patient.folder(name) for name in patient.studies}
    for name, study in patient.studies.items():
        folder, family = folders[name], name.rpartition("/")[2]
        beat = heartbeat_of(study.system_attrs)
        if folder is None or family in NO_FAMILIES or (beat is not None and beat.is_alive()):
            continue
        orphaned = list(_orphaned(checkpoints_folder(folder), family, patient.trials(name)))
        if orphaned:
            yield _deletion(
                checkpoints_folder(folder),
                orphaned,
                f"{len(orphaned)} checkpoints of {name} that no trial will go on from",
            )
    for folder in sorted({folder for folder in folders.values() if folder is not None}):
        inner = (folder / name for name in ("models", "tables", "figures"))
        parts = [checkpoints_folder(folder), *inner, folder]
        old = [path for part in parts for path in _abandoned(part, UNFINISHED)]
        if old:
            yield _deletion(folder, old, f"{len(old)} files whose writing was cut short")
    if patient.database is not None:
        old = list(_abandoned(patient.database.parent, _copies_of(patient.database)))
        if old:
            yield _deletion(
                patient.database.parent,
                old,
                f"{len(old)} files of {patient.database.name} whose making was cut short",
            )


def _orphaned(folder: Path, family: str, trials: Iterable[FrozenTrial]) -> Iterator[Path]:
    """Yield the checkpoints of trials that have ended."""
    ends = {trial.number: _end_seconds(trial) for trial in trials}
    pattern = re.compile(rf"{re.escape(family)}-([0-9]+)\.npz")
    for path in _files(folder):
        its = pattern.fullmatch(path.name)
        end = ends.get(int(its[1])) if its else None
        # The folder may also be that of a study of this name in another database, of which this
        # one is perhaps an old copy. A trial writes no checkpoint after its end, so a later one is
        # of another trial of this number, which may go on from it.
        if end is not None and path.stat().st_mtime <= end:
            yield path


def _end_seconds(trial: FrozenTrial) -> float | None:
    """Return when a trial ended, as seconds since 1970; None where it has not, or nobody knows."""
    if not trial.state.is_finished() or trial.datetime_complete is None:
        return None
    try:
        # Optuna stores UTC (its versions before 5: the writer's local time) and gives this
        # machine's local time, without a zone. Of the two hours that an autumn has twice, Python
        # takes the first, which rather keeps a checkpoint than loses it.
        return trial.datetime_complete.timestamp()
    except (OverflowError, ValueError, OSError):
        return None  # A year that no clock of this machine can show.


def _copies_of(database: Path) -> re.Pattern[str]:
    """Return the names of what `study.storage` makes beside a database, while it makes it."""
    name = re.escape(database.name[:200])
    return re.compile(rf"\.{name}\.(?:backup\.([0-9]+)|([0-9]+)\.new)(?:-journal|-wal|-shm)?")


def _abandoned(folder: Path, pattern: re.Pattern[str]) -> Iterator[Path]:
    """Yield the old files of such names, the groups process numbers, whose writers are gone."""
    for path in _files(folder):
        its = pattern.fullmatch(path.name)
        pids = [int(pid) for pid in its.groups() if pid] if its else []
        # A process of another host, with a number of its own, is long past the time that it takes.
        if any(is_dead({**this_process(), "pid": pid}) for pid in pids) and (
            time.time() - path.stat().st_mtime > OLD_SECONDS
        ):
            yield path


def _deletion(folder: Path, files: list[Path], what: str) -> Finding:
    return Finding(
        where=f"folder {folder}", problem=f"has {what}", remedy="delete them", files=tuple(files)
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
