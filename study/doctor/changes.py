"""The changes that repairs are made of, as SQL; Optuna changes no trial that has ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from optuna.storages._rdb.models import TrialModel, TrialUserAttributeModel, TrialValueModel
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Executable, delete, insert, update


def set_attr(trial: FrozenTrial, key: str, value: Any) -> tuple[Executable, ...]:
    """Return what gives a trial a user attribute, in the place of a former one."""
    attrs = TrialUserAttributeModel
    return (
        delete(attrs).where(attrs.trial_id == trial._trial_id, attrs.key == key),
        insert(attrs).values(trial_id=trial._trial_id, key=key, value_json=json.dumps(value)),
    )


def fail(trial: FrozenTrial, reason: str) -> tuple[Executable, ...]:
    """Return what makes a trial a failed one, with which nothing is counted.

    Its value goes over into the reason: to Optuna a failed trial has none.
    """
    # One that has ended has both times, to Optuna: in UTC, without saying so, in the database.
    now = datetime.now(tz=UTC).replace(tzinfo=None)
    lacking = {
        name: now for name in ("datetime_start", "datetime_complete") if not getattr(trial, name)
    }
    as_failed = (
        update(TrialModel)
        .where(TrialModel.trial_id == trial._trial_id)
        .values(state=TrialState.FAIL, **lacking)
    )
    if trial.values:
        reason += f"; it had scored {trial.values[0]}"
    without_value = delete(TrialValueModel).where(TrialValueModel.trial_id == trial._trial_id)
    return (as_failed, without_value, *set_attr(trial, "failure", reason))
