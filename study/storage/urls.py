"""Storage URLs: where the database is, and how to name it without giving away its password."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from study.errors import ConfigError
from study.secrets_hidden import HIDDEN, is_secret

DEFAULT_STORAGE_URL = "sqlite:///studies.db"


def default_storage_url() -> str:
    """Return `OPTUNA_STORAGE` where it is set, else `sqlite:///studies.db`."""
    return os.environ.get("OPTUNA_STORAGE") or DEFAULT_STORAGE_URL


def parse_url(url: str) -> URL:
    """Return the parsed database URL.

    Raises:
        ConfigError: If it is not one, or nobody can tell where its password ends.
    """
    try:
        parsed = make_url(url)
        if not url.isprintable() or not (parsed.database or "").isprintable():
            raise ValueError
    except (ArgumentError, ValueError):
        # The text may hold a password, so it is not quoted.
        raise ConfigError(
            "The storage URL cannot be read; write it like sqlite:///studies.db "
            "or postgresql+psycopg://user@host/database."
        ) from None
    behind_user = url.partition("://")[2].partition(":")[2]
    if "@" in (parsed.host or "") or (parsed.password is not None and behind_user.count("@") > 1):
        # What follows the first '@' would be taken for the host, and be shown.
        raise ConfigError(
            "The storage URL has more than one '@' from its password on; write %40 for each but "
            "the one before the host."
        )
    return parsed


def redacted(url: str) -> str:
    """Return the URL with its password hidden, fit for logs, errors and reports."""
    parsed = parse_url(url)
    hidden = {key: HIDDEN for key in parsed.query if is_secret(key)}
    return parsed.update_query_dict(hidden).render_as_string(hide_password=True)


def sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite URL; None for another database.

    Raises:
        ConfigError: If the URL names no file, as an in-memory database is gone when the run ends,
            names a host, or has options, none of which this program's way of opening would
            leave as they are.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    file = parsed.database or ":memory:"
    if file == ":memory:" or file.startswith("file:") or {"uri", "mode"} & set(parsed.query):
        raise ConfigError(
            f"Storage {redacted(url)!r} names no file; write it like sqlite:///studies.db."
        )
    if parsed.host or parsed.username:
        raise ConfigError(
            f"Storage {redacted(url)!r} names a host, and SQLite has none; write three slashes "
            "before the file, like sqlite:///studies.db."
        )
    if parsed.query:
        raise ConfigError(
            f"Storage {redacted(url)!r} has options that are not known; leave out what follows "
            "the '?', or write %3F if it is part of the file's name."
        )
    return Path(file)


def is_same(url: str, other: str) -> bool:
    """Return whether two URLs name the same database, SQLite files by whatever path.

    Raises:
        ConfigError: If one of them is not a URL, or names no file.
    """
    paths = sqlite_path(url), sqlite_path(other)
    if paths[0] is None or paths[1] is None:
        return parse_url(url) == parse_url(other)
    return paths[0].resolve() == paths[1].resolve()
