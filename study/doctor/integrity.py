"""Pages of an SQLite file that do not fit together, by SQLite's own check."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DatabaseError

from study.doctor.patient import Finding, Patient
from study.storage.failures import sqlite_code


def check(patient: Patient) -> Iterator[Finding]:
    """Ask SQLite; other databases see to this themselves."""
    if patient.storage.engine.dialect.name != "sqlite":
        return
    try:
        with patient.storage.engine.connect() as connection:
            rows = connection.exec_driver_sql("PRAGMA integrity_check(5)").all()
            answers = [str(row[0]) for row in rows]
    except DatabaseError as error:
        if sqlite_code(error.orig or error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        answers = ["what it holds cannot be read"]
    if answers != ["ok"]:
        yield Finding(
            where="the file",
            problem=f"is damaged: {'; '.join(answers)}",
            remedy="put a backup in its place, or save what can be read with "
            "SQLite's own `.recover`",
        )
