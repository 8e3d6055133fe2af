"""Open an Optuna storage: nothing foreign is written to, and SQLite withstands many workers."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from study.errors import ConfigError, StorageError
from study.storage import journal
from study.storage.creating import create
from study.storage.failures import failure_of, readable, sqlite_code, sqlite_failure, translated
from study.storage.urls import parse_url, redacted, sqlite_path
from study.storage.watching import FileWatch

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
    path = sqlite_path(url)
    if path is None:
        storage, watch = _open(url), None
    else:
        with translated(url):
            create(path)
        storage = _open(url, engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}})
        watch = FileWatch(path)
        _make_safe_for_workers(storage, watch)
    try:
        with translated(url):
            yield storage
    finally:
        close(storage)
        if watch is not None and watch.is_there():
            _leave_one_file(watch.path)


def check_writable(url: str) -> None:
    """Raise what `open_for_writing` would, without creating or changing anything.

    But for a write that a killed program left half done, which is taken back. Whether a server
    answers is not tried.
    """
    _check_driver(url)
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

    But for a write that a killed program left half done, which is taken back.

    Raises:
        ConfigError: If the URL is not one or its database driver is missing.
        StorageError: If the database is not there, cannot be read or is not an Optuna database.
    """
    path = sqlite_path(url)
    if path is None:
        storage = _open(url, skip_table_creation=True)
    else:
        _check_sqlite_file(path, must_exist=True)
        storage = _open(
            _read_only_url(path),
            skip_table_creation=True,
            shown_url=url,
            engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}},
        )
    try:
        with readable(url):
            yield storage
    except (SQLAlchemyError, StorageInternalError) as error:
        raise failure_of(url, error) or _damaged(url, error) from None
    finally:
        close(storage)


@contextmanager
def open_for_showing(url: str) -> Iterator[RDBStorage]:
    """Open the storage of an existing database for the dashboard, which writes what is typed there.

    Opening changes nothing; a database that cannot be written is opened for reading.

    Raises:
        ConfigError: If the URL is not one or its database driver is missing.
        StorageError: If the database is not there, cannot be read or is not an Optuna database.
    """
    path = sqlite_path(url)
    options: dict[str, Any] = {}
    if path is not None:
        _check_sqlite_file(path, must_exist=True)
        if _not_writable(path) is not None:
            with open_for_reading(url) as storage:
                yield storage
            return
        # Without the listeners of `open_for_writing`, reading takes no lock from a run.
        options = {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}
    storage = _open(url, skip_table_creation=True, engine_kwargs=options)
    try:
        with translated(url):
            yield storage
    finally:
        close(storage)


def _check_driver(url: str) -> None:
    """Raise a ConfigError where the database's driver is unknown or not installed."""
    parsed = parse_url(url)
    with _as_config_error(url):
        parsed.get_dialect().import_dbapi()


@contextmanager
def _as_config_error(url: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"Storage {redacted(url)!r} needs a database driver that is not installed: "
            "install it with pip."
        ) from error
    except (ArgumentError, NotImplementedError) as error:
        raise ConfigError(
            f"Storage {redacted(url)!r} is not a database URL Optuna knows; write it like "
            "sqlite:///studies.db or postgresql+psycopg://user@host/database."
        ) from error


def _open(url: str, *, shown_url: str | None = None, **kwargs: Any) -> RDBStorage:
    shown = shown_url or url
    try:
        with _as_config_error(shown):
            return RDBStorage(url, **kwargs)
    except (SQLAlchemyError, StorageInternalError) as error:
        raise failure_of(shown, error) or _damaged(shown, error) from None
    except RuntimeError as error:
        raise StorageError(
            f"Storage {redacted(shown)!r} has a schema of another Optuna version: "
            "run `optuna storage upgrade --storage URL` if it is older, update Optuna if newer."
        ) from error


def _damaged(url: str, error: Exception) -> StorageError:
    # The driver's own words may repeat the URL with its password: name only the kind of error.
    return StorageError(
        f"Storage {redacted(url)!r} cannot be read ({type(error).__name__}); check that the "
        "database is there, whole, and lets you in, or name another with --storage."
    )


def _read_only_url(path: Path) -> str:
    # SQLAlchemy decodes the address once before SQLite does.
    return f"sqlite:///file:{quote(quote(str(path.resolve())))}?{journal.read_only_mode(path)}&uri=true"


def _check_sqlite_file(path: Path, *, must_exist: bool) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = None  # Of the latter, the check of the folder tells.
    except OSError as error:
        raise StorageError(
            f"Database {str(path)!r} cannot be looked for ({error.strerror}); "
            "name another file with --storage."
        ) from error
    if not path.parent.is_dir():
        raise StorageError(
            f"The folder of database {str(path)!r} does not exist; create it or name another."
        )
    if mode is not None and stat.S_ISDIR(mode):
        raise StorageError(f"Database {str(path)!r} is a folder; name a file in it.")
    if mode is not None and not stat.S_ISREG(mode):
        # To open a pipe would wait for whoever writes into it.
        raise StorageError(
            f"Database {str(path)!r} is no regular file; name another with --storage."
        )
    if mode is None:
        if must_exist:
            raise StorageError(
                f"There is no database {str(path)!r}; run `python -m study run` first "
                "or name another with --storage."
            )
        return
    journal.settle(path, timeout_seconds=BUSY_TIMEOUT_SECONDS)
    tables = _tables(path)
    if (tables or must_exist) and not tables >= OPTUNA_TABLES:
        raise StorageError(
            f"Database {str(path)!r} holds no Optuna studies; name another file with --storage."
        )


def _tables(path: Path) -> set[str]:
    try:
        uri = f"file:{quote(str(path.resolve()))}?{journal.read_only_mode(path)}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS)
        try:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {name for (name,) in rows}
        finally:
            connection.close()
    except (sqlite3.DatabaseError, OSError) as error:
        if sqlite_code(error) == sqlite3.SQLITE_BUSY:
            raise sqlite_failure(path, error) or error from None
        raise StorageError(
            f"Database {str(path)!r} cannot be read as SQLite ({error}); "
            "name another file with --storage."
        ) from error


def _check_permissions(path: Path) -> None:
    needed = _not_writable(path)
    if needed is not None:
        raise StorageError(
            f"Database {str(path)!r} cannot be written; change the permissions of "
            f"{str(needed)!r} or name another file with --storage."
        )


def _not_writable(path: Path) -> Path | None:
    """Return what keeps a database from being written, the folder or the file; None if nothing."""
    # SQLite writes its log beside the database, so the folder counts too. The mode bits say what
    # the owner wants, also to root, whom the system would let through.
    for needed in (path.parent, path):
        if needed.exists() and not (os.access(needed, os.W_OK) and needed.stat().st_mode & 0o222):
            return needed
    return None


def _make_safe_for_workers(storage: RDBStorage, watch: FileWatch) -> None:
    """Let several processes write: write-ahead log, and transactions that take the lock at once.

    With SQLite's deferred transactions two workers can both read that a trial waits and both run
    it. Pickling a storage loses these listeners, so each process opens its own. Nothing is written
    into a file that was taken away meanwhile.
    """

    @event.listens_for(storage.engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's "begin" event below opens transactions.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}")

    @event.listens_for(storage.engine, "begin")
    def _begin(connection: Any) -> None:
        watch.check()
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    storage.engine.dispose()


def _leave_one_file(path: Path) -> None:
    """Fold the write-ahead log into the database, unless others are still using it.

    A reader of a database in WAL mode leaves two more files beside it; of a plain one, none.
    """
    # "rw" and not the default, which would make a database that was deleted meanwhile anew.
    uri = f"file:{quote(str(path.resolve()))}?mode=rw"
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(uri, uri=True, timeout=1)) as connection,
    ):
        connection.execute("PRAGMA journal_mode=DELETE")
