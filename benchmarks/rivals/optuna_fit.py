"""Rival (a): Optuna's own loop around `Model.fit`, as its Keras example writes it."""

from __future__ import annotations

import time

import keras
import optuna
from optuna_integration import KerasPruningCallback

from benchmarks.rivals.keras_fit import KerasUser
from benchmarks.rivals.outcome import Found, Tried
from benchmarks.rivals.setting import Assignment
from benchmarks.rivals.styles import MONITORED


def search(assignment: Assignment, *, configuration: str) -> Found:
    """Search with TPE and MedianPruner, both with Optuna's defaults."""
    user = KerasUser.prepared(assignment, configuration, sample=assignment.draw_sample())

    def objective(trial: optuna.Trial) -> float:
        keras.backend.clear_session()
        params = user.space.suggest(trial)
        pruning = KerasPruningCallback(trial, MONITORED)
        return user.fit(user.build(params), params, callbacks=[pruning])[-1]

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=assignment.seed),
        pruner=optuna.pruners.MedianPruner(),
    )
    first_trial_at = time.time()
    study.optimize(objective, n_trials=assignment.setting.n_trials)
    best = study.best_trial
    ended_at = time.time()
    return Found(
        tried=tuple(
            Tried(params=trial.params, accuracies=tuple(trial.intermediate_values.values()))
            for trial in study.trials
        ),
        winner=best.params,
        winner_accuracy=best.value or 0.0,
        first_trial_at=first_trial_at,
        ended_at=ended_at,
        remarks={"precision": user.precision},
    )
