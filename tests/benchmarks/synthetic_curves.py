"""Made-up learning curves, for tests only: plainly no measurements, but shaped like some."""

from __future__ import annotations

import json
import math

import numpy as np
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from benchmarks.curve_table import SCHEMA_VERSION, Curve, CurveTable

EPOCHS = 12
SPACE = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "width": IntDistribution(8, 64, step=8),
    "head": CategoricalDistribution(("average", "flatten")),
}
FAMILIES = ("custom_cnn", "alexnet_lite")


def curve(family: str, index: int, *, noise: float = 0.01) -> Curve:
    rng = np.random.default_rng([FAMILIES.index(family), index])
    rate, width = float(10 ** rng.uniform(-4, -2)), int(8 * rng.integers(1, 9))
    head = str(rng.choice(["average", "flatten"]))
    best = 0.75 - 0.08 * (math.log10(rate) + 3) ** 2 - 0.002 * (64 - width)
    epochs = np.arange(1, EPOCHS + 1)
    rising = best * (1 - 0.6 * np.exp(-epochs / rng.uniform(1, 4)))
    accuracy = tuple(np.clip(rising + noise * rng.standard_normal(EPOCHS), 0, 1).tolist())
    seconds = width / 10
    return Curve(
        family=family,
        index=index,
        repeat=0,
        params={"rate": rate, "width": width, "head": head},
        seed=index,
        n_parameters=1000 * width,
        forward_flops=10**6 * width,
        validation_accuracy=accuracy,
        validation_loss=tuple(2 - 2 * value for value in accuracy),
        training_accuracy=accuracy,
        training_loss=tuple(2 - 2 * value for value in accuracy),
        seconds=(seconds + 2.0,) + (seconds,) * (EPOCHS - 1),
        total_seconds=EPOCHS * seconds + 3.0,
        failure=None,
    )


def table(n: int, *, noise: float = 0.01) -> CurveTable:
    space = {name: json.loads(distribution_to_json(each)) for name, each in SPACE.items()}
    return CurveTable(
        header={
            "schema_version": SCHEMA_VERSION,
            "dataset": "synthetic",
            "n_train": 100,
            "n_validation": 25,
            "precision": "none",
            "epochs": EPOCHS,
            "spaces": dict.fromkeys(FAMILIES, space),
        },
        curves=tuple(
            curve(family, index, noise=noise) for index in range(n) for family in FAMILIES
        ),
    )
