"""Repair what was found: after a backup, in one transaction, while nobody else is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from optuna.storages import RDBStorage
from optuna.storages._rdb.models import StudySystemAttributeModel
from sqlalchemy import Connection, select

from study.doctor.patient import Finding
from study.errors import ConfigError, FolderError, StorageError
from study.heartbeat import ATTRIBUTE, heartbeat_in, taken_by
from study.storage import open_for_reading, open_for_writing, redacted, sqlite_path
from study.storage.backup import back_up

Found = Mapping[str, Sequence[Finding]]


def repair(
    url: str, found: Found, *, look_again: Callable[[], Found], backup: Path | None = None
) -> Path | None:
    """Repair what can be; return the backup that was made before, None where no row was changed.

    Args:
        url: The database.
        found: What was found there, by check.
        look_again: Examines the database anew: a run may have begun since.
        backup: One that was made before an earlier repair of the same command.

    Raises:
        ConfigError: If the database is no SQLite file: its server makes the backups.
        StorageError: If a backup cannot be made, a run of a study there is alive, or the database
            is no more what was examined.
        FolderError: If a file cannot be deleted.
    """
    wanted = _repairable(found)
    if not wanted:
        return backup
    path = sqlite_path(url)
    if not any(finding.statements for finding in wanted):
        wanted = _still_found(url, wanted, look_again)
        with open_for_reading(url) as storage, storage.engine.connect() as connection:
            # Files, too, may be those of a run.
            _refuse_runs(connection)
    elif path is None:
        raise ConfigError(
            f"Storage {redacted(url)!r} is no SQLite file, which alone --fix can back up; "
            "make a backup with the server's own tools and repair it there."
        )
    else:
        with open_for_writing(url) as storage:
            wanted, backup = _repair_rows(
                url, path, storage, wanted, look_again=look_again, earlier_backup=backup
            )
    for finding in wanted:
        _delete(finding.files)
    return backup


def _repair_rows(
    url: str,
    path: Path,
    storage: RDBStorage,
    wanted: Sequence[Finding],
    *,
    look_again: Callable[[], Found],
    earlier_backup: Path | None,
) -> tuple[list[Finding], Path]:
    """Back the database up and repair its rows, unless anybody writes to it meanwhile."""
    # Past SQLAlchemy, which would open a transaction: the lock is not held while this examines
    # and copies, as long as that takes.
    with closing(storage.engine.raw_connection()) as watching:

        def version() -> object:
            # Of this connection: it changes with whatever any other one commits.
            return watching.cursor().execute("PRAGMA data_version").fetchall()

        before = version()
        with storage.engine.begin() as connection:
            _refuse_runs(connection)
        found = _still_found(url, wanted, look_again)
        backup = earlier_backup or back_up(path)
        # The transaction has the lock from its beginning: what holds now holds to its end.
        with storage.engine.begin() as connection:
            try:
                _refuse_runs(connection)
                if version() != before:
                    raise _changed(url)
            except StorageError:
                # Of a database that stays as it is; of one that vanished, it would be all there is.
                if earlier_backup is None:
                    backup.unlink(missing_ok=True)
                raise
            for finding in found:
                for statement in finding.statements:
                    connection.execute(statement)
    return found, backup


def _repairable(found: Found) -> list[Finding]:
    return [finding for group in found.values() for finding in group if finding.is_repairable]


def _still_found(
    url: str, wanted: Sequence[Finding], look_again: Callable[[], Found]
) -> list[Finding]:
    """Return the same findings as they are now, the user's words for them unchanged."""
    now = _repairable(look_again())
    if list(map(_told, now)) != list(map(_told, wanted)):
        raise _changed(url)
    return now


def _told(finding: Finding) -> tuple[object, ...]:
    return finding.where, finding.problem, finding.remedy, finding.files


def _changed(url: str) -> StorageError:
    return StorageError(
        f"Storage {redacted(url)!r} was written to after it was examined, as by a run that began; "
        "nothing was repaired. Let that end, then run the same command again."
    )


def _refuse_runs(connection: Connection) -> None:
    # By hand: Optuna reads no study where an attribute of one cannot be read.
    attrs = StudySystemAttributeModel
    texts = connection.execute(select(attrs.value_json).where(attrs.key == ATTRIBUTE)).scalars()
    for text in texts.all():
        beat = heartbeat_in(text)
        if beat is not None and not beat.is_ours and beat.is_alive():
            raise taken_by(beat)


def _delete(files: Iterable[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise FolderError(
                f"File {str(file)!r} cannot be deleted ({error.strerror or error}); let its folder "
                "be written to, then run the same command again."
            ) from error
