"""A model of a search: the accuracy to expect of a configuration, from all epochs of all trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    json_to_distribution,
)

from study.records import FamilyRecord

N_TREES = 200
SEED = 0

Predict = Callable[[Sequence[Mapping[str, Any]]], np.ndarray]
"""Accuracies to expect of complete configurations after a whole trial's epochs."""


def fit(family: FamilyRecord, *, epochs: int) -> Predict:
    """Return a random forest's view of a search (Hutter, Hoos, Leyton-Brown 2011, "SMAC").

    Every epoch of every trial is a row, and the epoch a feature, so that trials which were stopped
    early tell what they can.

    Args:
        family: With at least one scored trial.
        epochs: Of a whole trial.
    """
    # Takes longer to import than all else that a search needs, and only an ablation comes here.
    from sklearn.ensemble import RandomForestRegressor

    trials = [trial for trial in family.trials if trial.validation_accuracy]
    distributions = {
        name: json_to_distribution(text)
        for trial in trials
        for name, text in trial.distributions.items()
    }
    rows = [
        (*_encoded(trial.params, distributions), epoch)
        for trial in trials
        for epoch, _ in trial.validation_accuracy
    ]
    scores = [accuracy for trial in trials for _, accuracy in trial.validation_accuracy]
    forest = RandomForestRegressor(n_estimators=N_TREES, random_state=SEED).fit(rows, scores)

    def predict(configurations: Sequence[Mapping[str, Any]]) -> np.ndarray:
        wanted = [(*_encoded(params, distributions), epochs) for params in configurations]
        return np.asarray(forest.predict(wanted))

    return predict


def _encoded(
    params: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]
) -> list[float]:
    """Return numbers on the scale that they are searched on, and categories one by one."""
    features: list[float] = []
    for name, distribution in distributions.items():
        value = params.get(name)
        if isinstance(distribution, CategoricalDistribution):
            features += [float(value == choice) for choice in distribution.choices]
        elif isinstance(distribution, (FloatDistribution, IntDistribution)) and value is not None:
            features.append(math.log(value) if distribution.log else float(value))
        else:
            features.append(-1.0)
    return features
