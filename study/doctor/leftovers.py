"""Files that runs left behind: checkpoints of trials that have ended, and unfinished files."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from optuna.trial import TrialState

from study.doctor.patient import Finding, Patient
from study.heartbeat import heartbeat_of
from study.records import NO_FAMILIES

UNFINISHED = re.compile(r"\..+\.\d+")
"""Names of `study.files.replaced` while it writes."""

OLD_SECONDS = 3600.0
"""Age of an unfinished file that nobody can still be writing: writing takes seconds."""


def check(patient: Patient) -> Iterator[Finding]:
    """Compare checkpoints with the trials that could go on from them."""
    for name, study in patient.studies.items():
        family, beat = name.rpartition("/")[2], heartbeat_of(study.system_attrs)
        if family in NO_FAMILIES or (beat is not None and beat.is_alive()):
            continue
        folder = patient.folder(name) / "checkpoints"
        running = {t.number for t in patient.trials(name) if t.state == TrialState.RUNNING}
        pattern = re.compile(rf"{re.escape(family)}-(\d+)\.npz")
        kept = [(path, pattern.fullmatch(path.name)) for path in _files(folder)]
        orphaned = [path for path, its in kept if its and int(its[1]) not in running]
        if orphaned:
            yield _deletion(
                folder,
                orphaned,
                f"{len(orphaned)} checkpoints of {name} that no trial will go on from",
            )
    for folder in sorted({patient.folder(name) for name in patient.studies}):
        parts = [folder / "checkpoints", folder / "models", folder]
        old = [path for part in parts for path in _files(part) if _is_abandoned(path)]
        if old:
            yield _deletion(folder, old, f"{len(old)} files whose writing was cut short")


def _deletion(folder: Path, files: list[Path], what: str) -> Finding:
    return Finding(
        where=f"folder {folder}", problem=f"has {what}", remedy="delete them", files=tuple(files)
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _is_abandoned(path: Path) -> bool:
    return bool(UNFINISHED.fullmatch(path.name)) and (
        time.time() - path.stat().st_mtime > OLD_SECONDS
    )
