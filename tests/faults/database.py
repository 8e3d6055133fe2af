"""What the database holds, row by row, without Optuna; and what must hold whatever happened."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FINISHED = ("COMPLETE", "PRUNED", "FAIL")
TABLES = {
    "trial_values": "objective, value, value_type",
    "trial_params": "param_name, param_value, distribution_json",
    "trial_intermediate_values": "step, intermediate_value, intermediate_value_type",
    "trial_user_attributes": "key, value_json",
    "trial_system_attributes": "key, value_json",
}


@dataclass(frozen=True, kw_only=True)
class StoredTrial:
    """A trial as its rows.

    Attributes:
        study: Name of its Optuna study.
        number: Its number there.
        state: As Optuna calls it.
        rows: Every row about it, by table; two that are equal are equal to the last bit.
    """

    study: str
    number: int
    state: str
    rows: Mapping[str, tuple[tuple[Any, ...], ...]] = field(default_factory=dict)

    @property
    def attrs(self) -> dict[str, Any]:
        return {key: json.loads(value) for key, value in self.rows["trial_user_attributes"]}

    @property
    def params(self) -> dict[str, Any]:
        return {name: value for name, value, _ in self.rows["trial_params"]}

    @property
    def scores(self) -> dict[int, float]:
        return {step: value for step, value, _ in self.rows["trial_intermediate_values"]}


def stored(folder: Path) -> list[StoredTrial]:
    """Return all trials, in order; none where there is no database yet."""
    path = folder / "studies.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        try:
            connection.execute("BEGIN")  # One moment, however many tables.
            trials = connection.execute(
                "SELECT trial_id, study_name, number, state, datetime_start, datetime_complete "
                "FROM trials JOIN studies USING (study_id) ORDER BY study_name, number"
            ).fetchall()
            rows = {table: _by_trial(connection, table) for table in TABLES}
        except sqlite3.OperationalError:  # Optuna is just making the tables.
            return []
    return [
        StoredTrial(
            study=study,
            number=number,
            state=state,
            rows={
                "trials": ((trial_id, started, ended),),
                **{table: tuple(rows[table].get(trial_id, ())) for table in TABLES},
            },
        )
        for trial_id, study, number, state, started, ended in trials
    ]


def _by_trial(connection: sqlite3.Connection, table: str) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    columns = TABLES[table]
    for trial_id, *row in connection.execute(
        f"SELECT trial_id, {columns} FROM {table} ORDER BY trial_id, {columns}"  # noqa: S608
    ):
        found.setdefault(trial_id, []).append(tuple(row))
    return found


def finished(trials: list[StoredTrial]) -> dict[tuple[str, int], StoredTrial]:
    """Return those that have ended, by study and number."""
    return {(one.study, one.number): one for one in trials if one.state in FINISHED}


def changed(before: list[StoredTrial], after: list[StoredTrial]) -> list[str]:
    """Return what became of finished trials that should have stayed as they were."""
    now = finished(after)
    return [
        f"{study} trial {number} was changed"
        for (study, number), trial in finished(before).items()
        if now.get((study, number)) != trial
    ]


def problems(
    trials: list[StoredTrial],
    *,
    families: tuple[str, ...],
    n_trials: int,
    epochs: int,
    n_retrained: int,
) -> list[str]:
    """Return what is wrong with a study that has run to its end; nothing if all is well."""
    found = []
    for name in families:
        search = [one for one in trials if one.study.endswith(f"/{name}")]
        found += [f"{name}: {what}" for what in _of_search(search, n_trials, epochs)]
    final = [one for one in trials if one.study.endswith("/retrained") and one.state == "COMPLETE"]
    runs = Counter(tuple(sorted(one.params.items())) for one in final)
    if set(runs.values()) - {1} or len(runs) != n_retrained:
        found.append(f"{len(final)} retrained models of {len(runs)} runs, not {n_retrained}")
    return found


def _of_search(trials: list[StoredTrial], n_trials: int, epochs: int) -> list[str]:
    found = []
    begun = [one for one in trials if one.state != "WAITING"]
    if [one.number for one in trials] != list(range(len(trials))):
        found.append("numbers are missing or double")
    if len(begun) != n_trials:
        found.append(f"{len(begun)} trials count, not {n_trials}")
    found += [f"trial {one.number} is {one.state}" for one in begun if one.state not in FINISHED]
    configurations = Counter(tuple(sorted(one.params.items())) for one in begun)
    found += [f"{n} trials of one configuration" for n in configurations.values() if n > 1]
    for one in begun:
        found += [f"trial {one.number} {what}" for what in _of_trial(one, epochs)]
    return found


def _of_trial(trial: StoredTrial, epochs: int) -> list[str]:
    found = []
    n_epochs = len(trial.scores)
    if sorted(trial.scores) != list(range(1, n_epochs + 1)):
        found.append(f"has scores of epochs {sorted(trial.scores)}")
    if (n_epochs == epochs) != (trial.state == "COMPLETE"):
        found.append(f"is {trial.state} after {n_epochs} of {epochs} epochs")
    if trial.state == "COMPLETE" and trial.rows["trial_values"][0][1] != trial.scores.get(epochs):
        found.append("has a value that is not its last score")
    if trial.state == "FAIL" and not trial.attrs.get("failure"):
        found.append("failed for no reason")
    for name in ("training_accuracy", "training_loss", "validation_loss"):
        # One that failed may have been killed between these and the score.
        if len(trial.attrs.get(name, [])) != n_epochs and trial.state != "FAIL":
            found.append(f"has {len(trial.attrs.get(name, []))} of {name} for {n_epochs} epochs")
    return found
