"""Databases to records of progress: a few columns, so that thousands of trials take no second."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from optuna.storages import RDBStorage
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, text

from study.errors import StorageError
from study.heartbeat import heartbeat_of
from study.records import NO_FAMILIES, RETRAINED, VALIDATED
from study.records.progress import (
    FailedModel,
    FamilyProgress,
    HeartbeatRecord,
    ProcessRecord,
    StudyProgress,
    TrialProgress,
)
from study.storage.decoding import mapping_of, retrained_result, validated_result
from study.storage.opening import open_for_reading
from study.storage.reading import check_schema_version, study_groups, trials_of
from study.storage.urls import redacted

TRIALS = text(
    "SELECT t.trial_id, t.number, t.state, t.datetime_start, t.datetime_complete, v.value "
    "FROM trials t LEFT JOIN trial_values v ON v.trial_id = t.trial_id AND v.objective = 0 "
    "WHERE t.study_id = :study ORDER BY t.number"
)
EPOCHS = text(
    "SELECT t.trial_id, COUNT(*) FROM trials t "
    "JOIN trial_intermediate_values i ON i.trial_id = t.trial_id "
    "WHERE t.study_id = :study AND t.state = 'RUNNING' GROUP BY t.trial_id"
)
ATTRIBUTES = text(
    "SELECT t.trial_id, a.key, a.value_json FROM trials t "
    "JOIN trial_user_attributes a ON a.trial_id = t.trial_id "
    "WHERE t.study_id = :study AND ((t.state = 'RUNNING' AND a.key IN ('paused', 'worker')) "
    "OR (t.state = 'FAIL' AND a.key = 'failure') OR a.key = 'baseline')"
)


def read_progress(url: str, name: str | None = None) -> tuple[StudyProgress, ...]:
    """Return how far the studies of a database are, or one of them, in alphabetical order.

    Raises:
        ConfigError: If the URL is not one.
        StorageError: If the database cannot be read, holds no such study, or one of a newer schema.
    """
    with open_for_reading(url) as storage, storage.engine.connect() as connection:
        groups = study_groups(storage)
        if not groups:
            raise StorageError(
                f"Storage {redacted(url)!r} holds no study; run `python -m study run` first."
            )
        if name is not None and name not in groups:
            known = ", ".join(sorted(groups))
            raise StorageError(f"There is no study {name!r} in {redacted(url)!r}. Known: {known}.")
        wanted = sorted(groups) if name is None else [name]
        return tuple(_study(one, groups[one], storage, connection) for one in wanted)


def _study(
    name: str, members: Mapping[str, FrozenStudy], storage: RDBStorage, connection: Connection
) -> StudyProgress:
    for study in members.values():
        check_schema_version(name, study.user_attrs)
    trained = {
        member: trials_of(storage, members[member])
        for member in (VALIDATED, RETRAINED)
        if member in members
    }
    return StudyProgress(
        name=name,
        families=tuple(
            _family(member, study, connection)
            for member, study in sorted(members.items())
            if member not in NO_FAMILIES
        ),
        validated=tuple(filter(None, map(validated_result, trained.get(VALIDATED, ())))),
        retrained=tuple(filter(None, map(retrained_result, trained.get(RETRAINED, ())))),
        failed=tuple(
            _failed_model(phase, trial)
            for member, phase in ((VALIDATED, "validation"), (RETRAINED, "retraining"))
            for trial in trained.get(member, ())
            if trial.state == TrialState.FAIL
        ),
    )


def _failed_model(phase: str, trial: FrozenTrial) -> FailedModel:
    family, failure = trial.params.get("family"), trial.user_attrs.get("failure")
    return FailedModel(
        phase=phase,
        family=family if isinstance(family, str) else "unknown",
        failure=failure if isinstance(failure, str) else None,
    )


def _family(name: str, study: FrozenStudy, connection: Connection) -> FamilyProgress:
    which = {"study": study._study_id}
    n_epochs = {row[0]: int(row[1]) for row in connection.execute(EPOCHS, which)}
    attrs: dict[int, dict[str, Any]] = {}
    for trial, key, value in connection.execute(ATTRIBUTES, which):
        attrs.setdefault(trial, {})[key] = _parsed(value)
    trials = tuple(
        _trial(row, n_epochs=n_epochs.get(row.trial_id, 0), attrs=attrs.get(row.trial_id, {}))
        for row in connection.execute(TRIALS, which)
    )
    return FamilyProgress(
        family=name,
        trials=trials,
        settings=mapping_of(study.user_attrs.get("settings")),
        n_baselines=len(mapping_of(study.user_attrs.get("baselines"))),
        heartbeat=_heartbeat(study.system_attrs),
    )


def _trial(row: Any, *, n_epochs: int, attrs: Mapping[str, Any]) -> TrialProgress:
    failure, baseline = attrs.get("failure"), attrs.get("baseline")
    is_known = row.state == "COMPLETE" and isinstance(row.value, float) and math.isfinite(row.value)
    return TrialProgress(
        number=row.number,
        state=str(row.state),
        value=row.value if is_known else None,
        n_epochs=n_epochs,
        is_paused=bool(attrs.get("paused")),
        failure=failure if isinstance(failure, str) else None,
        baseline=baseline if isinstance(baseline, str) else None,
        worker=_process(attrs.get("worker")),
        started=_moment(row.datetime_start),
        finished=_moment(row.datetime_complete),
    )


def _heartbeat(system_attrs: Mapping[str, Any]) -> HeartbeatRecord | None:
    beat = heartbeat_of(system_attrs)
    time = None if beat is None else _moment(beat.time)
    if beat is None or time is None:
        return None
    return HeartbeatRecord(
        process=_process(dict(beat.process)),
        time=time,
        stopped=beat.stopped,
        is_alive=beat.is_alive(),
    )


def _process(value: Any) -> ProcessRecord:
    noted = mapping_of(value)
    host, pid = noted.get("host"), noted.get("pid")
    return ProcessRecord(
        host=host if isinstance(host, str) else None,
        pid=pid if isinstance(pid, int) and not isinstance(pid, bool) else None,
        started=_moment(noted.get("started")),
    )


def _moment(value: Any) -> datetime | None:
    """Return a time in UTC; one without a zone, as Optuna's, is this host's local time."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        return found.astimezone(UTC) if isinstance(found, datetime) else None
    except (ValueError, OverflowError, OSError):
        return None


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return None
