"""The changes that repairs are made of, as SQL; Optuna changes no trial that has ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from optuna.storages._rdb.models import BaseModel, TrialUserAttributeModel, TrialValueModel
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Executable, delete, func, insert, update


def set_attr(trial: FrozenTrial, key: str, value: Any) -> tuple[Executable, ...]:
    """Return what gives a trial a user attribute, in the place of a former one."""
    return _set_attr(trial._trial_id, key, value)


def fail(trial: FrozenTrial, reason: str) -> tuple[Executable, ...]:
    """Return what makes a trial a failed one, with which nothing is counted.

    Its value goes over into the reason: to Optuna a failed trial has none.
    """
    if trial.values:
        reason += f"; it had scored {trial.values[0]}"
    return fail_by_id(trial._trial_id, reason)


def fail_by_id(trial_id: int, reason: str) -> tuple[Executable, ...]:
    """Return the same of a trial that cannot be read, by its ID in the database."""
    trials = BaseModel.metadata.tables["trials"]
    # One that has ended has both times, to Optuna, which stores UTC without saying so.
    now = datetime.now(tz=UTC).replace(tzinfo=None)
    as_failed = (
        update(trials)
        .where(trials.c.trial_id == trial_id)
        .values(
            state=TrialState.FAIL,
            datetime_start=func.coalesce(trials.c.datetime_start, now),
            datetime_complete=func.coalesce(trials.c.datetime_complete, now),
        )
    )
    without_value = delete(TrialValueModel).where(TrialValueModel.trial_id == trial_id)
    return (as_failed, without_value, *_set_attr(trial_id, "failure", reason))


def _set_attr(trial_id: int, key: str, value: Any) -> tuple[Executable, ...]:
    attrs = TrialUserAttributeModel
    return (
        delete(attrs).where(attrs.trial_id == trial_id, attrs.key == key),
        insert(attrs).values(trial_id=trial_id, key=key, value_json=json.dumps(value)),
    )
