"""The changes that repairs are made of, as SQL; Optuna changes no trial that has ended."""

from __future__ import annotations

import json
from datetime import datetime
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
    now = datetime.now()  # Local, as Optuna's times are.
    as_failed = (
        update(TrialModel)
        .where(TrialModel.trial_id == trial._trial_id)
        .values(
            state=TrialState.FAIL,
            # One that has ended has both times, to Optuna.
            datetime_start=trial.datetime_start or now,
            datetime_complete=trial.datetime_complete or now,
        )
    )
    if trial.values:
        reason += f"; it had scored {trial.values[0]}"
    without_value = delete(TrialValueModel).where(TrialValueModel.trial_id == trial._trial_id)
    return (as_failed, without_value, *set_attr(trial, "failure", reason))
