"""Copy a database before something in it is changed that no run would change."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from study.errors import StorageError
from study.storage.failures import sqlite_failure


def back_up(path: Path, *, now: datetime | None = None) -> Path:
    """Copy an SQLite database beside itself, whole also while others write to it.

    The copy is made by SQLite's backup API, checked, and only then given its name; none that is
    there is overwritten.

    Args:
        path: The database.
        now: What the copy is named after, in UTC.

    Returns:
        `NAME.backup-YYYYMMDD-HHMMSS`, with `-2` and so on behind it where that is taken.

    Raises:
        StorageError: If the copy cannot be made or is not sound.
    """
    stamp = (now or datetime.now(tz=UTC)).strftime("%Y%m%d-%H%M%S")
    unfinished = path.with_name(f".{path.name[:200]}.backup.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    try:
        _copy(path, unfinished)
        return _named(unfinished, path.with_name(f"{path.name}.backup-{stamp}"))
    except (sqlite3.Error, OSError) as error:
        raise sqlite_failure(path, error) or StorageError(
            f"No backup of database {str(path)!r} can be made ({error}); nothing was changed."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(path: Path, target: Path) -> None:
    source_uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    with (
        closing(sqlite3.connect(source_uri, uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        ((answer,), *_) = copy.execute("PRAGMA integrity_check").fetchall()
    if answer != "ok":
        raise StorageError(
            f"Database {str(path)!r} is damaged ({answer}), so a copy of it would be, too; "
            "nothing was changed. Put an earlier backup in its place."
        )


def _named(unfinished: Path, wanted: Path) -> Path:
    name, number = wanted, 1
    while True:
        try:
            _give_name(unfinished, name)
            return name
        except FileExistsError:
            number += 1
            name = wanted.with_name(f"{wanted.name}-{number}")


def _give_name(unfinished: Path, name: Path) -> None:
    try:
        # Fails where the name is taken, which a renaming would not.
        os.link(unfinished, name)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: an empty file takes the name, or fails as a link would.
        name.touch(exist_ok=False)
        try:
            unfinished.replace(name)
        except OSError:
            name.unlink(missing_ok=True)
            raise
