from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from study.config import (
    MAX_DRAWS,
    MAX_EPOCHS,
    MAX_SEED,
    MAX_SEEDS,
    MAX_TRIALS,
    AugmentationConfig,
    RetrainConfig,
    SearchConfig,
)
from study.errors import ConfigError
from study.keras_tuner.tuners import TUNERS
from study.pruners import PRUNERS
from study.samplers import SAMPLERS
from study.schedulers import SCHEDULERS
from tests.study import small

INSIDE = [
    (SearchConfig, "n_trials", (1, MAX_TRIALS)),
    (SearchConfig, "epochs", (1, MAX_EPOCHS)),
    (SearchConfig, "seed", (0, MAX_SEED)),
    (SearchConfig, "fraction", (1e-9, 0.25, 1.0, 1)),
    (SearchConfig, "time_budget_seconds", (None, 0.5, 1e9)),
    (SearchConfig, "precision", ("auto", "float32", "bfloat16")),
    (SearchConfig, "engine", ("optuna", "keras-tuner")),
    (RetrainConfig, "epochs", (1, MAX_EPOCHS)),
    (RetrainConfig, "n_seeds", (1, MAX_SEEDS)),
    (RetrainConfig, "n_draws", (1, MAX_DRAWS)),
    (AugmentationConfig, "augmenter", ("affine", "image-data-generator", "keras-layers")),
]
OUTSIDE = [
    (SearchConfig, "n_trials", "--trials", (0, -1, MAX_TRIALS + 1)),
    (SearchConfig, "epochs", "--epochs", (0, -3, MAX_EPOCHS + 1)),
    (SearchConfig, "seed", "--seed", (-1, MAX_SEED + 1)),
    (SearchConfig, "fraction", "--fraction", (0, 0.0, -0.1, 1.0001, 25, math.nan, math.inf)),
    (SearchConfig, "time_budget_seconds", "--time-budget", (0, -1.0, math.inf, math.nan)),
    (SearchConfig, "precision", "precision", ("float16", "", "Float32")),
    (SearchConfig, "engine", "engine", ("ray", "", "keras_tuner")),
    (RetrainConfig, "epochs", "--retrain-epochs", (0, MAX_EPOCHS + 1)),
    (RetrainConfig, "n_seeds", "--seeds", (0, MAX_SEEDS + 1)),
    (RetrainConfig, "n_draws", "--draws", (0, MAX_DRAWS + 1)),
    (AugmentationConfig, "augmenter", "augmenter", ("", "Affine", "imgaug")),
]


@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [(kind, option, value) for kind, option, values in INSIDE for value in values],
)
def test_a_value_inside_its_limits_is_taken(kind, option, value):
    assert getattr(kind(**{option: value}), option) == value


@pytest.mark.parametrize(
    ("kind", "option", "shown", "value"),
    [(kind, option, shown, value) for kind, option, shown, values in OUTSIDE for value in values],
)
def test_a_value_outside_its_limits_is_one_line_that_names_option_and_value(
    kind, option, shown, value
):
    with pytest.raises(ConfigError) as caught:
        kind(**{option: value})
    message = str(caught.value)
    assert shown in message
    assert str(value) in message
    assert "\n" not in message


def test_the_defaults_are_usable_and_name_registered_plug_ins():
    assert SearchConfig().sampler in SAMPLERS
    assert SearchConfig().pruner in {**SCHEDULERS, **PRUNERS}
    assert SearchConfig().tuner in TUNERS
    assert RetrainConfig().augmentation == AugmentationConfig()


def test_a_search_says_who_proposes_and_what_it_goes_by():
    optunas = SearchConfig(sampler="random", pruner="none", tuner="grid")
    assert optunas.proposer == "random"
    assert optunas.method == {"sampler": "random", "pruner": "none", "tuner": None}
    keras_tuners = dataclasses.replace(optunas, engine="keras-tuner")
    assert keras_tuners.proposer == "keras-tuner/grid"
    assert keras_tuners.method == {"sampler": None, "pruner": None, "tuner": "grid"}


def test_configuration_cannot_be_changed_after_it_was_checked():
    for config in (SearchConfig(), RetrainConfig(), AugmentationConfig(), small.config(Path())):
        for field in dataclasses.fields(config):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(config, field.name, None)
