"""Rivals (b) and (c): KerasTuner's Hyperband and BayesianOptimization, as its guide writes them."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import keras_tuner

from benchmarks.rivals.keras_fit import KerasUser
from benchmarks.rivals.outcome import Found, Tried
from benchmarks.rivals.setting import Assignment, Setting
from benchmarks.rivals.styles import MONITORED

HYPERBAND_FACTOR = 3
"""KerasTuner's default."""

INITIAL_POINTS_AT_BEST = 5
"""Random trials before the Gaussian process proposes. KerasTuner's default is three times the
number of hyperparameters, which here is more than all trials."""


class HyperParametersSuggester:
    """Lets a search space choose from KerasTuner's `HyperParameters`.

    A stepped float is the index of its value: KerasTuner itself would lose the highest value of
    most such ranges to rounding.
    """

    def __init__(self, hyperparameters: keras_tuner.HyperParameters) -> None:
        self._hyperparameters = hyperparameters

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Choose a number in [low, high]."""
        if step is not None:
            n_steps = round((high - low) / step)
            return round(low + step * self.suggest_int(name, 0, n_steps), 10)
        sampling = "log" if log else "linear"
        chosen = self._hyperparameters.Float(name, low, high, sampling=sampling)
        return float(chosen)

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Choose a whole number in [low, high]."""
        sampling = "log" if log else "linear"
        return int(self._hyperparameters.Int(name, low, high, step=step, sampling=sampling))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Choose one of `choices`."""
        if tuple(choices) == (False, True):
            return self._hyperparameters.Boolean(name)
        return self._hyperparameters.Choice(name, list(choices))


class StudiedModel(keras_tuner.HyperModel):  # type: ignore[misc]
    """Builds and fits what the tuner proposes, and remembers it."""

    def __init__(self, user: KerasUser) -> None:
        super().__init__()
        self.accuracies: dict[str, list[float]] = {}
        self._user = user

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Return a compiled model."""
        return self._user.build(self.params(hp))

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        *,
        epochs: int,
        callbacks: Sequence[keras.callbacks.Callback],
        initial_epoch: int = 0,
        **_: Any,
    ) -> dict[str, float]:
        """Train up to an epoch and return the best validation accuracy, as the tuner itself does.

        Hyperband asks for a configuration again when it promotes it: its epochs then go on.
        """
        params = self.params(hp)
        scores = self._user.fit(
            model, params, epochs=epochs, initial_epoch=initial_epoch, callbacks=callbacks
        )
        key = json.dumps(params, sort_keys=True)
        self.accuracies.setdefault(key, []).extend(scores)
        return {MONITORED: max(scores)}

    def params(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """Return the configuration that is proposed."""
        return dict(self._user.space.suggest(HyperParametersSuggester(hp)))

    def tried(self) -> tuple[Tried, ...]:
        """Return every configuration, a promoted one once."""
        return tuple(
            Tried(params=json.loads(key), accuracies=tuple(accuracies))
            for key, accuracies in self.accuracies.items()
        )


def hyperband(assignment: Assignment, *, configuration: str) -> Found:
    """Search with Hyperband."""
    setting = assignment.setting
    return _search(
        assignment,
        configuration,
        lambda model, options: keras_tuner.Hyperband(
            model,
            max_epochs=setting.epochs,
            factor=HYPERBAND_FACTOR,
            hyperband_iterations=hyperband_iterations(setting),
            **options,
        ),
    )


def bayesian_optimization(assignment: Assignment, *, configuration: str) -> Found:
    """Search with a Gaussian process; every trial is trained to its end."""
    return _search(
        assignment,
        configuration,
        lambda model, options: keras_tuner.BayesianOptimization(
            model,
            max_trials=assignment.setting.n_trials,
            num_initial_points=INITIAL_POINTS_AT_BEST if configuration == "best" else None,
            **options,
        ),
    )


def hyperband_iterations(setting: Setting) -> int:
    """Return how many whole iterations try the number of configurations that is nearest."""
    return max(1, round(setting.n_trials / hyperband_configurations(setting.epochs)))


def hyperband_configurations(epochs: int, factor: int = HYPERBAND_FACTOR) -> int:
    """Return how many configurations one iteration of KerasTuner's Hyperband tries.

    Its brackets s = 0, 1, ... while factor**s <= epochs begin with
    ceil(ceil(1 + log_factor(epochs)) / (s + 1) * factor**s) configurations.
    """
    last_size = math.ceil(1 + math.log(epochs, factor))
    total, bracket = 0, 0
    while epochs / factor**bracket >= 1:
        total += math.ceil(last_size / (bracket + 1) * factor**bracket)
        bracket += 1
    return total


def _search(
    assignment: Assignment,
    configuration: str,
    make_tuner: Callable[[StudiedModel, dict[str, Any]], keras_tuner.Tuner],
) -> Found:
    user = KerasUser.prepared(assignment, configuration, sample=assignment.draw_sample())
    model = StudiedModel(user)
    tuner = make_tuner(
        model,
        {
            "objective": MONITORED,
            "seed": assignment.seed,
            "directory": str(assignment.scratch),
            "project_name": "search",
        },
    )
    first_trial_at = time.time()
    tuner.search(epochs=assignment.setting.epochs, verbose=0)
    (best,) = tuner.oracle.get_best_trials(1)
    ended_at = time.time()
    return Found(
        tried=model.tried(),
        winner=model.params(best.hyperparameters),
        winner_accuracy=float(best.score),
        first_trial_at=first_trial_at,
        ended_at=ended_at,
        remarks={"precision": user.precision},
    )
