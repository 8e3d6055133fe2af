"""Rows as the driver gives them, and what of them is not what its column should hold.

SQLite keeps any value in any column. Optuna reads whole studies at once and fails with the first
odd value, so that its own reading names none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Enum,
    Float,
    Integer,
    String,
    Table,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

Row = Mapping[str, Any]
"""Values by the names of columns."""

MAX_NESTING = 300
"""Levels of JSON; Python reads some 1,000, less what the calls of who reads it take."""

NULLABLE = {"datetime_start", "datetime_complete", "value", "intermediate_value"}
"""Columns that may be empty: what is infinite or no number has no value in them."""


@contextmanager
def undecoded(connection: Connection) -> Iterator[None]:
    """Let SQLite's driver read texts that are not UTF-8, for which it else raises an error."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.text_factory = lambda text: text.decode(errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def every_row(table: Table) -> Any:
    """Return the query for all rows, their values as the driver gives them."""
    return select(*(type_coerce(column, NullType()).label(column.name) for column in table.columns))


def odd_columns(table: Table, row: Row, connection: Connection) -> list[str]:
    """Return the names of the columns that hold what Optuna cannot read.

    Columns that say to what a row belongs are left out: what belongs to nothing is orphaned.
    """
    return [
        column.name
        for column in table.columns
        if not column.foreign_keys
        and not column.primary_key
        and not _is_readable(column, row[column.name], connection)
    ]


def _is_readable(column: Column[Any], value: Any, connection: Connection) -> bool:
    if value is None:
        return column.name in NULLABLE
    if column.name == "value_json":
        return is_json(value)
    kind = column.type
    if isinstance(kind, Enum):
        return value in kind.enums
    if isinstance(kind, DateTime):
        return _is_moment(kind, value, connection)
    if isinstance(kind, String):
        return isinstance(value, str) and _is_unicode(value)
    wanted = (int, float) if isinstance(kind, Float) else int
    is_number = isinstance(kind, (Float, Integer))
    return not is_number or (isinstance(value, wanted) and not isinstance(value, bool))


def is_json(text: Any) -> bool:
    """Return whether it is JSON that can be read wherever it is."""
    try:
        value = json.loads(text)
        return _nesting(value) <= MAX_NESTING
    except (ValueError, TypeError, RecursionError):
        return False


def _nesting(value: Any) -> int:
    n_levels, level = 0, [value]
    while level:
        n_levels += 1
        level = [inner for one in level for inner in _members(one)]
    return n_levels


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _is_moment(kind: DateTime, value: Any, connection: Connection) -> bool:
    read = kind.dialect_impl(connection.dialect).result_processor(connection.dialect, None)
    try:
        moment = value if read is None else read(value)
        # Optuna turns it into the local time of whoever reads.
        return isinstance(moment, datetime) and bool(moment.replace(tzinfo=UTC).astimezone())
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        return False


def _is_unicode(text: str) -> bool:
    try:
        return bool(text.encode()) or not text
    except UnicodeEncodeError:
        return False
