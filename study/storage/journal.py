"""What lies beside an SQLite file: the log of its writers, or the journal of one that was killed.

In SQLite's rollback mode, in which the dashboard writes and in which a run leaves its database, a
commit that was cut short leaves its journal beside the file, from which whoever opens the database
next restores it (https://sqlite.org/lockingv3.html, section 4.0). Whoever may only read cannot.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from study.errors import StorageError
from study.storage.failures import sqlite_failure

WAL_VERSIONS = b"\x02\x02"
"""Bytes 18 and 19 of an SQLite file in WAL mode: its write and read versions."""


def settle(path: Path, *, timeout_seconds: float) -> None:
    """Let SQLite take back a write that was cut short; without one, do nothing.

    What another process is still writing stays as it is: SQLite sees by its locks that it lives.

    Args:
        path: An SQLite file that is there.
        timeout_seconds: How long to wait for another process that holds the lock.

    Raises:
        StorageError: If the file may not be written, or stays locked.
    """
    journal = Path(f"{path}-journal")
    if not journal.is_file() or journal.stat().st_size == 0:
        return
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StorageError(
            f"Database {str(path)!r} was left in the middle of a write by a program that was ended "
            f"(see {journal.name!r}); let the file and its folder be written, so that SQLite can "
            "take that write back."
        )
    uri = f"file:{quote(str(path.resolve()))}?mode=rw"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=timeout_seconds)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        failure = sqlite_failure(path, error)
        if failure is not None:
            raise failure from None
        # Whoever reads it next says what is wrong with it.


def read_only_mode(path: Path) -> str:
    """Return how to open a database for reading, as the query of its address."""
    # To read a database in WAL mode, SQLite makes two files beside it, or fails where it may not;
    # where no log is pending, "immutable" does without. While one is, the file must not even be
    # opened here: closing it would drop the locks by which SQLite, in this very process, holds it,
    # and another process would then delete the log that this one goes on writing to.
    if Path(f"{path}-wal").exists():
        return "mode=ro"
    with path.open("rb") as file:
        header = file.read(20)
    return "mode=ro&immutable=1" if header[18:20] == WAL_VERSIONS else "mode=ro"
