"""The made-up search spaces, and how good their configurations are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

SPACES: dict[str, dict[str, BaseDistribution]] = {
    "alexnet_lite": {
        "width": CategoricalDistribution((0.5, 0.75, 1.0)),
        "dropout": FloatDistribution(0.0, 0.6),
        "dense_units": IntDistribution(128, 1024, log=True),
        "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
        "optimizer": CategoricalDistribution(("adam", "sgd")),
        "momentum": FloatDistribution(0.8, 0.99),
        "batch_size": CategoricalDistribution((32, 64, 128)),
    },
    "custom_cnn": {
        "blocks": IntDistribution(2, 4),
        "filters": CategoricalDistribution((16, 32, 48, 64)),
        "kernel_size": CategoricalDistribution((3, 5)),
        "batch_norm": CategoricalDistribution((True, False)),
        "dropout": FloatDistribution(0.0, 0.6),
        "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
        "weight_decay": FloatDistribution(1e-6, 1e-2, log=True),
        "optimizer": CategoricalDistribution(("adam", "sgd")),
        "momentum": FloatDistribution(0.8, 0.99),
    },
}
ROLES = {
    "width": "scientific",
    "dense_units": "scientific",
    "blocks": "scientific",
    "filters": "scientific",
    "kernel_size": "scientific",
    "batch_norm": "scientific",
    "dropout": "nuisance",
    "learning_rate": "nuisance",
    "weight_decay": "nuisance",
    "optimizer": "nuisance",
    "momentum": "nuisance",
    "batch_size": "nuisance",
}
BASELINES: dict[str, dict[str, dict[str, Any]]] = {
    "alexnet_lite": {
        "AlexNet": {
            "width": 1.0,
            "dropout": 0.5,
            "dense_units": 512,
            "learning_rate": 0.01,
            "optimizer": "sgd",
            "momentum": 0.9,
            "batch_size": 128,
        }
    },
    "custom_cnn": {
        name: {
            "blocks": blocks,
            "filters": 32,
            "kernel_size": 3,
            "batch_norm": blocks > 2,
            "dropout": 0.25,
            "learning_rate": 0.001,
            "weight_decay": 1e-5,
            "optimizer": "adam",
        }
        for name, blocks in (("V1", 2), ("V2", 3), ("V3", 4))
    },
}
REACH = {"alexnet_lite": 0.70, "custom_cnn": 0.76}


def sample(name: str, rng: np.random.Generator) -> dict[str, Any]:
    params = {param: _draw(space, rng) for param, space in SPACES[name].items()}
    if params["optimizer"] != "sgd":
        del params["momentum"]  # A conditional hyperparameter, as real spaces have them.
    return params


def _draw(space: BaseDistribution, rng: np.random.Generator) -> Any:
    if isinstance(space, CategoricalDistribution):
        return space.choices[int(rng.integers(len(space.choices)))]
    if isinstance(space, IntDistribution) and not space.log:
        return int(rng.integers(space.low, space.high + 1))
    low, high = float(space.low), float(space.high)
    if space.log:
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = float(rng.uniform(low, high))
    return int(value) if isinstance(space, IntDistribution) else value


def quality(name: str, params: Mapping[str, Any]) -> float:
    """Accuracy a configuration tends to: best near a learning rate of 0.003 and little dropout."""
    off = abs(math.log10(params["learning_rate"] / 0.003))
    size = 0.01 * params.get("blocks", 3) + 0.02 * params.get("width", 0.75)
    return REACH[name] - 0.13 * off**1.5 - 0.15 * abs(params["dropout"] - 0.25) + size
