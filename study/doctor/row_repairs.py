"""What becomes of a row that cannot be read: as little as possible of a study is lost with it."""

from __future__ import annotations

import reprlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from optuna.storages._rdb.models import BaseModel
from optuna.study import StudyDirection
from optuna.trial import TrialState
from sqlalchemy import Connection, Executable, Table, select

from study.doctor.changes import fail_by_id
from study.doctor.patient import Finding
from study.doctor.raw_rows import Row, every_row
from study.records import SCHEMA_VERSION

ENDED = {state.name for state in TrialState if state.is_finished()}

Repair = tuple[str, tuple[Executable, ...]]
"""What `--fix` would do, in words and as statements."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a row's repair must know of others.

    Attributes:
        studies: Names by IDs.
        trials: Number and ID of the study by the trial's ID.
        n_values: How many values each trial has, by its ID.
    """

    studies: Mapping[Any, Any]
    trials: Mapping[Any, tuple[Any, Any]]
    n_values: Mapping[Any, int]

    def whose(self, row: Row) -> str:
        """Return of which trial or study a row tells."""
        number, study_id = self.trials.get(row.get("trial_id"), (None, row.get("study_id")))
        study = f"study {_short(self.studies.get(study_id, study_id))}"
        return f"trial {_short(number)} of {study}" if "trial_id" in row else study

    def free_number(self, row: Row) -> int:
        """Return the number that Optuna gave a trial: how many there were before it."""
        others = {
            trial_id: number
            for trial_id, (number, study_id) in self.trials.items()
            if study_id == row["study_id"]
        }
        rank = sum(1 for trial_id in others if trial_id < row["trial_id"])
        taken = {number for number in others.values() if isinstance(number, int)}
        # Where trials were deleted, another may have it; behind all, none does.
        return rank if rank not in taken else max(taken) + 1 + rank


def known_of(connection: Connection) -> Known:
    """Return it of a whole database."""

    def rows(name: str, *columns: str) -> list[Any]:
        table = every_row(BaseModel.metadata.tables[name]).subquery()
        return list(connection.execute(select(*(table.c[column] for column in columns))))

    return Known(
        studies={row[0]: row[1] for row in rows("studies", "study_id", "study_name")},
        trials={
            row[0]: (row[1], row[2]) for row in rows("trials", "trial_id", "number", "study_id")
        },
        n_values=Counter(row[0] for row in rows("trial_values", "trial_id")),
    )


def finding(table: Table, row: Row, column: str, known: Known) -> Finding:
    """Return the finding of a row.

    Args:
        table: One of Optuna's.
        row: All of it, its values as the driver gives them.
        column: Which cannot be read; empty where they do not fit together.
        known: Of the same database.
    """
    value = f": {column} {_short(row[column])}" if column else ""
    remedy, statements = _repair(table, row, column, known)
    return Finding(
        where=f"table {table.name}",
        problem=f"has {_what(row)} of {known.whose(row)} that cannot be read{value}",
        remedy=remedy,
        statements=statements,
    )


def _what(row: Row) -> str:
    for column, what in {
        "key": "an attribute",
        "param_name": "the hyperparameter",
        "step": "the score after epoch",
    }.items():
        if column in row:
            return f"{what} {_short(row[column])}"
    return "a value"


def _repair(table: Table, row: Row, column: str, known: Known) -> Repair:
    (identity,) = table.primary_key.columns
    this = identity == row[identity.name]
    if table.name == "trials":
        return _of_trial(table, row, column, known)
    remedy, values = _in_place(table, row, column)
    if values:
        return remedy, (table.update().where(this).values(values),)
    deletion = table.delete().where(this)
    if table.name in {"trial_params", "trial_values"}:
        failing = fail_by_id(row["trial_id"], f"{_what(row)} could not be read any more")
        return "delete it, and mark the trial as failed", (deletion, *failing)
    return "delete it; what depends on it reads as absent", (deletion,)


def _in_place(table: Table, row: Row, column: str) -> tuple[str, dict[str, Any]]:
    """Return what is put in the place of a value without which a study could not be read."""
    if table.name == "studies":
        name = f"unreadable-{row['study_id']}"
        return f"call the study {name!r}", {column: name}
    if column == "direction":
        return "maximize, as all studies of this program", {column: StudyDirection.MAXIMIZE}
    if row.get("key") == "schema_version" and table.name == "study_user_attributes":
        # Without it, the study would pass for another program's.
        return f"put {SCHEMA_VERSION} there", {"value_json": str(SCHEMA_VERSION)}
    return "", {}


def _of_trial(table: Table, row: Row, column: str, known: Known) -> Repair:
    this = table.c.trial_id == row["trial_id"]
    if column == "state":
        return "mark the trial as failed", fail_by_id(row["trial_id"], "its state was damaged")
    if column == "number":
        number = known.free_number(row)
        return f"call it trial {number}", (table.update().where(this).values(number=number),)
    is_open = row["state"] not in ENDED
    if column == "datetime_complete" and is_open:
        return "delete the time", (table.update().where(this).values({column: None}),)
    # To Optuna, one that has ended has both times; what its training took is told elsewhere.
    now = datetime.now(tz=UTC).replace(tzinfo=None)
    return "put the present time there", (table.update().where(this).values({column: now}),)


def _short(value: Any) -> str:
    return reprlib.repr(value)
