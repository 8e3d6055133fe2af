"""What went wrong with a database, in one line that says what to do; never the driver's own text.

That text may repeat the URL with its password, and a traceback of it helps nobody.
"""

from __future__ import annotations

import re
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from study.errors import StorageError, UnreadableError
from study.storage.urls import redacted, sqlite_path

GO_ON = "then run the same command again: what is done is kept"

REMEDIES = {
    sqlite3.SQLITE_BUSY: "stayed locked by another program for too long; let that one end, "
    f"{GO_ON}",
    sqlite3.SQLITE_LOCKED: f"stayed locked for too long; end what else uses it, {GO_ON}",
    sqlite3.SQLITE_FULL: f"finds no room left on its disk; free some space, {GO_ON}",
    sqlite3.SQLITE_READONLY: "can no longer be written; let the file and its folder be written, "
    f"{GO_ON}",
    sqlite3.SQLITE_IOERR: "cannot be read or written by the system (disk I/O error); check its "
    f"disk, the space and the limits there, {GO_ON}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened any more; check the file and its folder, {GO_ON}",
    sqlite3.SQLITE_CORRUPT: "is damaged; put a backup in its place, if `python -m study doctor` "
    "confirms it",
    sqlite3.SQLITE_NOTADB: "is no SQLite database any more; put a backup in its place",
}
"""What to say of a database by SQLite's primary result code (https://sqlite.org/rescode.html)."""

OUR_BUGS = (IntegrityError, ProgrammingError, NotSupportedError)
"""Errors that no disk, server or other program is to blame for."""


ODD_VALUE_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    AttributeError,
    AssertionError,
    RecursionError,
)
"""What Optuna and SQLAlchemy raise of a value that is not what its column should hold."""

READERS = re.compile(
    r"sqlalchemy\.(engine\.result|orm\.loading)\b|optuna\.storages\._rdb\.\w+:_?(get|build|stored)_"
)
"""Where every value of a database comes through, as "MODULE:FUNCTION"."""

OURS = ("study.", "analysis.")

NO_TEXT = "Could not decode to UTF-8"
"""How the words of SQLite's driver begin where a text is none."""


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn a failure of the database, or a record that is none, into a line that says what to do.

    Raises:
        StorageError: In place of the driver's error, where the database is to blame.
    """
    try:
        with readable(url):
            yield
    except (SQLAlchemyError, StorageInternalError, sqlite3.Error) as error:
        failure = failure_of(url, error)
        if failure is None:
            raise
        raise failure from None


@contextmanager
def readable(url: str) -> Iterator[None]:
    """Turn a record that Optuna or this program cannot read into an error that names the doctor.

    Raises:
        UnreadableError: In place of what was raised while a value was read; the like that is raised
            elsewhere is a bug, and stays what it is.
    """
    try:
        yield
    except (*ODD_VALUE_ERRORS, OperationalError, StorageInternalError) as error:
        if not _is_of_reading(error):
            raise
        raise unreadable(url) from None
    except UnreadableError:
        raise unreadable(url) from None


def unreadable(url: str | None = None) -> UnreadableError:
    """Return the error that names the doctor; without a URL where whoever reads knows none."""
    shown = "The database" if url is None else f"Storage {redacted(url)!r}"
    return UnreadableError(
        f"{shown} holds a record that cannot be read; `python -m study doctor` "
        "names it, and repairs it with --fix."
    )


def _is_of_reading(error: Exception) -> bool:
    if isinstance(error, (OperationalError, StorageInternalError)):
        return any(str(cause).startswith(NO_TEXT) for cause in _causes(error))
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    places = [f"{frame.f_globals.get('__name__')}:{frame.f_code.co_name}" for frame in frames]
    # Only what our last call led to: this program may be in a loop over rows that are read.
    ours = [i for i, place in enumerate(places) if place.startswith(OURS)]
    led_to = places[ours[-1] + 1 :] if ours else places
    if isinstance(error, KeyError) and led_to and led_to[-1].startswith("optuna.storages"):
        return False  # Optuna's own, of a study or trial that is not there.
    return any(map(READERS.match, led_to))


def failure_of(url: str, error: Exception) -> StorageError | None:
    """Return what to tell the user of a driver's error; None where it is this program's bug."""
    path = sqlite_path(url)
    if path is not None:
        return sqlite_failure(path, error)
    for cause in _causes(error):
        if isinstance(cause, (DBAPIError, PoolTimeoutError)) and not isinstance(cause, OUR_BUGS):
            return StorageError(
                f"Storage {redacted(url)!r} does not answer as it should "
                f"({type(cause).__name__}); check that its server runs and lets you in, "
                f"{GO_ON}, or name another with --storage."
            )
    return None


def sqlite_failure(path: Path, error: Exception) -> StorageError | None:
    """Return the same of a database in a file."""
    codes = (sqlite_code(cause) for cause in _causes(error))
    code = next((code for code in codes if code in REMEDIES), None)
    return None if code is None else StorageError(f"Database {str(path)!r} {REMEDIES[code]}.")


def sqlite_code(error: BaseException) -> int | None:
    """Return SQLite's primary result code of an error of its driver."""
    code = getattr(error, "sqlite_errorcode", None)
    # The higher bits of an extended result code only say more of the same.
    return code & 0xFF if isinstance(code, int) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        original = getattr(found, "orig", None)
        found = original if isinstance(original, BaseException) else found.__cause__
