"""Repair what was found: after a backup, in one transaction, while nobody else is at work."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from optuna.storages import RDBStorage
from optuna.storages._rdb.models import StudySystemAttributeModel
from sqlalchemy import select

from study.doctor.patient import Finding
from study.errors import ConfigError
from study.heartbeat import ATTRIBUTE, heartbeat_in, taken_by
from study.storage import open_for_reading, open_for_writing, redacted, sqlite_path
from study.storage.backup import back_up


def repair(url: str, findings: Iterable[Finding], *, backup: Path | None = None) -> Path | None:
    """Repair what can be; return the backup that was made before, None where no row was changed.

    Args:
        url: The database.
        findings: What was found in it.
        backup: One that was made before an earlier repair of the same examination.

    Raises:
        ConfigError: If the database is no SQLite file: its server makes the backups.
        StorageError: If a backup cannot be made, or a run of a study there is alive.
    """
    wanted = [finding for finding in findings if finding.is_repairable]
    statements = [statement for finding in wanted for statement in finding.statements]
    if not wanted:
        return backup
    path = sqlite_path(url)
    if statements and path is None:
        raise ConfigError(
            f"Storage {redacted(url)!r} is no SQLite file, which alone --fix can back up; "
            "make a backup with the server's own tools and repair it there."
        )
    opened = open_for_writing if statements else open_for_reading
    with opened(url) as storage:
        # Files, too, may be those of a run.
        _refuse_runs(storage)
        if statements and path is not None:
            backup = backup or back_up(path)
            with storage.engine.begin() as connection:
                for statement in statements:
                    connection.execute(statement)
        for file in [file for finding in wanted for file in finding.files]:
            file.unlink(missing_ok=True)
    return backup


def _refuse_runs(storage: RDBStorage) -> None:
    # By hand: Optuna reads no study where an attribute of one cannot be read.
    attrs = StudySystemAttributeModel
    with storage.engine.connect() as connection:
        texts = connection.execute(select(attrs.value_json).where(attrs.key == ATTRIBUTE)).scalars()
        for text in texts.all():
            beat = heartbeat_in(text)
            if beat is not None and not beat.is_ours and beat.is_alive():
                raise taken_by(beat)
