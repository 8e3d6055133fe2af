"""What is written of a trial's epochs, so that one cut short anywhere goes on without a seam."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import optuna

from study.setbacks import HISTORY, gone_back, now

if TYPE_CHECKING:
    from study.training.fit import EpochScores


def n_reported(trial: optuna.Trial) -> int:
    """Return how many epochs a trial has had, the database says: up to the first without a score.

    One may be missing where rows were lost, as by a power cut, or deleted.
    """
    scores = trial.storage.get_trial(trial._trial_id).intermediate_values
    return next(epoch for epoch in itertools.count() if epoch + 1 not in scores)


def go_on_after(trial: optuna.Trial, epoch: int) -> None:
    """Take note of the epoch after which training goes on; later ones are trained again."""
    attrs = trial.storage.get_trial(trial._trial_id).user_attrs
    for name, value in gone_back(attrs, epoch=epoch).items():
        trial.set_user_attr(name, value)
    trial.set_user_attr("seen", now())


def record(trial: optuna.Trial, scores: EpochScores) -> None:
    """Write down an epoch that has just ended.

    The score comes last: what has one has all the rest, wherever the process is killed.
    """
    stored = trial.storage.get_trial(trial._trial_id)
    attrs, accuracy = stored.user_attrs, scores.validation_accuracy or 0.0
    for name in HISTORY:
        earlier = attrs.get(name, [])[: scores.epoch - 1]
        trial.set_user_attr(name, [*earlier, getattr(scores, name)])
    trial.set_user_attr("training_seconds", attrs.get("training_seconds", 0.0) + scores.seconds)
    trial.set_user_attr("seen", now())
    if scores.epoch in stored.intermediate_values:
        # An epoch trained again after an interruption: Optuna's `report` would keep the first.
        trial.storage.set_trial_intermediate_value(trial._trial_id, scores.epoch, accuracy)
    else:
        trial.report(accuracy, step=scores.epoch)
