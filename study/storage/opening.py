"""Open an Optuna storage: nothing foreign is written to, and SQLite withstands many workers."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from study.errors import ConfigError, StorageError
from study.storage.urls import redacted, sqlite_path

BUSY_TIMEOUT_SECONDS = 60
OPTUNA_TABLES = {"studies", "trials", "version_info"}


@contextmanager
def open_for_writing(url: str) -> Iterator[RDBStorage]:
    """Open the storage, created where it does not exist yet.

    Raises:
        ConfigError: If the URL is not one or its database driver is missing.
        StorageError: If the database cannot be written or is not an Optuna database.
    """
    check_writable(url)
    if sqlite_path(url) is None:
        storage = _open(url)
    else:
        storage = _open(url, engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}})
        _make_safe_for_workers(storage)
    try:
        yield storage
    finally:
        close(storage)
        if (path := sqlite_path(url)) is not None:
            _leave_one_file(path)


def check_writable(url: str) -> None:
    """Raise what `open_for_writing` would for an SQLite file, without creating or changing it."""
    path = sqlite_path(url)
    if path is not None:
        _check_sqlite_file(path, must_exist=False)
        _check_permissions(path)


def close(storage: RDBStorage) -> None:
    """Close all connections of a storage."""
    storage.remove_session()
    storage.engine.dispose()


@contextmanager
def open_for_reading(url: str) -> Iterator[RDBStorage]:
    """Open the storage of an existing database; an SQLite file is not changed by a single byte.

    Raises:
        ConfigError: If the URL is not one or its database driver is missing.
        StorageError: If the database is not there, cannot be read or is not an Optuna database.
    """
    path = sqlite_path(url)
    if path is None:
        storage = _open(url)
    else:
        _check_sqlite_file(path, must_exist=True)
        storage = _open(_read_only_url(path), skip_table_creation=True, shown_url=url)
    try:
        yield storage
    finally:
        close(storage)


def _open(url: str, *, shown_url: str | None = None, **kwargs: Any) -> RDBStorage:
    shown = redacted(shown_url or url)
    try:
        return RDBStorage(url, **kwargs)
    except ImportError as error:
        raise ConfigError(
            f"Storage {shown!r} needs a database driver that is not installed: install it with pip."
        ) from error
    except ArgumentError as error:
        raise ConfigError(f"Storage {shown!r} is not a database URL Optuna knows.") from error
    except SQLAlchemyError as error:
        # The driver's own words may repeat the URL with its password: name only the kind of error.
        kind = type(error).__name__
        raise StorageError(
            f"Storage {shown!r} cannot be opened ({kind}); check that the database is there, "
            "runs, and lets you in."
        ) from None
    except RuntimeError as error:
        raise StorageError(
            f"Storage {shown!r} has a schema of another Optuna version: "
            "run `optuna storage upgrade --storage URL` if it is older, update Optuna if newer."
        ) from error


def _read_only_url(path: Path) -> str:
    # A database in WAL mode needs a "-shm" file beside it, which a read-only folder refuses;
    # where no log is pending, "immutable" does without.
    pending = Path(f"{path}-wal").exists()
    frozen = "" if pending or os.access(path.parent, os.W_OK) else "&immutable=1"
    return f"sqlite:///file:{_percent_encoded(path.resolve())}?mode=ro{frozen}&uri=true"


def _percent_encoded(path: Path) -> str:
    # SQLAlchemy splits at "?", SQLite decodes the rest: encode what either would misread.
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _check_sqlite_file(path: Path, *, must_exist: bool) -> None:
    if not path.parent.is_dir():
        raise StorageError(
            f"The folder of database {str(path)!r} does not exist; create it or name another."
        )
    if path.is_dir():
        raise StorageError(f"Database {str(path)!r} is a folder; name a file in it.")
    if not path.exists():
        if must_exist:
            raise StorageError(
                f"There is no database {str(path)!r}; run `python -m study run` first "
                "or name another with --storage."
            )
        return
    tables = _tables(path)
    if (tables or must_exist) and not tables >= OPTUNA_TABLES:
        raise StorageError(
            f"Database {str(path)!r} holds no Optuna studies; name another file with --storage."
        )


def _tables(path: Path) -> set[str]:
    uri = f"file:{_percent_encoded(path.resolve())}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS)
        try:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {name for (name,) in rows}
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"Database {str(path)!r} cannot be read as SQLite ({error}); "
            "name another file with --storage."
        ) from error


def _check_permissions(path: Path) -> None:
    if path.exists():
        # The mode bits say what the owner wants, also to root, whom the system would let through.
        writable = os.access(path, os.W_OK) and path.stat().st_mode & 0o222
    else:
        writable = os.access(path.parent, os.W_OK)
    if not writable:
        raise StorageError(
            f"Database {str(path)!r} cannot be written; change its permissions "
            "or name another file with --storage."
        )


def _make_safe_for_workers(storage: RDBStorage) -> None:
    """Let several processes write: write-ahead log, and transactions that take the lock at once.

    With SQLite's deferred transactions two workers can both read that a trial waits and both run
    it. Pickling a storage loses these listeners, so each process opens its own.
    """

    @event.listens_for(storage.engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's "begin" event below opens transactions.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")

    @event.listens_for(storage.engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    storage.engine.dispose()


def _leave_one_file(path: Path) -> None:
    """Fold the write-ahead log into the database, unless others are still using it.

    A reader of a database in WAL mode leaves two more files beside it; of a plain one, none.
    """
    with closing(sqlite3.connect(path, timeout=1)) as connection, suppress(sqlite3.Error):
        connection.execute("PRAGMA journal_mode=DELETE")
