"""The search spaces as KerasTuner sees them, against Optuna's view of the same spaces."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import optuna
import pytest
from keras_tuner import HyperParameters

from search_spaces import SPACES, SearchSpace
from study.keras_tuner.adapter import hyperparameters, to_params, to_values
from tests.study import small


@dataclass(frozen=True, kw_only=True)
class OddSpace(SearchSpace):
    """What our spaces do not have, but another might."""

    def suggest(self, suggester):
        return {
            "none": suggester.suggest_categorical("none", (None, "l2")),
            "mixed": suggester.suggest_categorical("mixed", (1, True, 1.0, "1")),
            "log_int": suggester.suggest_int("log_int", 1, 100, log=True),
            "uneven": suggester.suggest_int("uneven", 3, 8, step=2),
            "one": suggester.suggest_float("one", 0.5, 0.5),
            "tenths": suggester.suggest_float("tenths", -0.3, 0.7, step=0.1),
            "third": suggester.suggest_float("third", 0.0, 1.0, step=0.3),
        }


ODD = OddSpace(**{**vars(small.space("odd")), "baselines": {}})
ALL = [*SPACES.values(), ODD]
every_space = pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)


def drawn(space, n, *, edges=False):
    """Return values as KerasTuner draws them: from numbers in [0, 1], the edges too if wanted."""
    rng = np.random.default_rng(0)
    parameters = hyperparameters(space).space
    for number in range(n):
        quantiles = rng.uniform(size=len(parameters))
        if edges:
            quantiles = np.full(len(parameters), number % 2, dtype=float)
        yield {
            one.name: one.prob_to_value(quantile)
            for one, quantile in zip(parameters, quantiles, strict=True)
        }


def typed(params):
    return {name: (type(value), value) for name, value in params.items()}


@every_space
def test_what_keras_tuner_chooses_is_a_configuration_that_optuna_could_have_chosen(space):
    for values in [*drawn(space, 200), *drawn(space, 2, edges=True)]:
        params = to_params(space, values)
        with warnings.catch_warnings():
            # Optuna only warns of a value out of range.
            warnings.filterwarnings("error", message="Fixed parameter")
            again = space.suggest(optuna.trial.FixedTrial(dict(params)))
        assert typed(again) == typed(params)


@every_space
def test_what_optuna_chooses_is_a_configuration_of_keras_tuners(space):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(200):
        params = space.suggest(study.ask())
        values = to_values(space, params)
        assert values is not None
        again = to_params(space, values)
        assert [type(value) for value in again.values()] == [type(v) for v in params.values()]
        # Optuna adds up steps in binary: its 0.15 may be 0.15000000000000002.
        for name, value in params.items():
            is_float = isinstance(value, float)
            assert again[name] == (pytest.approx(value, rel=1e-12) if is_float else value)


@every_space
def test_values_survive_the_way_to_a_configuration_and_back(space):
    for values in drawn(space, 200):
        assert to_values(space, to_params(space, values)) == values


@pytest.mark.parametrize(
    ("space", "name", "choices"),
    [
        (SPACES["custom_cnn"], "batch_normalization", [False, True]),
        (SPACES["custom_cnn"], "n_blocks", [2, 3, 4]),
        (SPACES["custom_cnn"], "filter_growth", [1.0, 1.5, 2.0]),
        (SPACES["custom_cnn"], "dense_units", [0, 64, 128, 256]),
        (
            SPACES["alexnet_lite"],
            "dense_dropout",
            [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6],
        ),
        (SPACES["alexnet_lite"], "normalization", ["none", "batch", "local_response"]),
        (ODD, "none", [None, "l2"]),
        (ODD, "mixed", [1, True, 1.0, "1"]),
        (ODD, "uneven", [3, 5, 7]),
        (ODD, "tenths", [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        (ODD, "third", [0.0, 0.3, 0.6, 0.9]),
    ],
)
def test_a_grid_has_every_value_of_a_parameter_and_of_its_type(space, name, choices):
    registered = hyperparameters(space)
    (parameter,) = (one for one in registered.space if one.name == name)
    found = [to_params(space, {**registered.values, name: v})[name] for v in parameter.values]
    assert [(type(value), value) for value in found] == [(type(v), v) for v in choices]


@pytest.mark.parametrize(
    "change",
    [
        {"n_blocks": 9},
        {"n_blocks": "2"},
        {"learning_rate": 0.5},
        {"head": "maximum"},
        {"batch_normalization": 1},
        {"dense_units": 64.0},
    ],
    ids=str,
)
def test_a_configuration_of_another_space_is_told_apart(change):
    space = SPACES["custom_cnn"]
    params = dict(space.baselines["V1"])
    assert to_values(space, params) is not None
    assert to_values(space, {**params, **change}) is None
    del params["n_blocks"]
    assert to_values(space, params) is None


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_a_space_is_registered_once_with_all_its_parameters(space):
    registered = hyperparameters(space)
    assert isinstance(registered, HyperParameters)
    assert [one.name for one in registered.space] == list(space.roles)
    assert all(not one.conditions for one in registered.space)
