"""What a replay draws from: one family's recorded configurations."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    json_to_distribution,
)

from benchmarks.curve_table import Curve, CurveTable

Floats = npt.NDArray[np.float64]

PARTS = {"A": (0,), "B": (1,), "all": (0, 1)}
"""Halves of the configurations: A, those of even index, to choose by; B, the odd, to confirm."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """One family's configurations, a row each.

    Attributes:
        family: As "custom_cnn".
        params: Hyperparameters by row.
        distributions: Range of each hyperparameter.
        accuracy: Validation accuracy in [0, 1] after each epoch, shape (n, epochs).
        loss: Validation loss in nats after each epoch, shape (n, epochs).
        epoch_seconds: Wall time of one epoch, shape (n,): the median over a curve's epochs, which
            a busy or suspended machine disturbs least.
        start_seconds: Wall time to build and trace a model, the median over the pool: spent by
            whoever begins a configuration, and again by whoever goes on with it.
    """

    family: str
    params: tuple[Mapping[str, Any], ...]
    distributions: Mapping[str, BaseDistribution]
    accuracy: Floats
    loss: Floats
    epoch_seconds: Floats
    start_seconds: float

    def __len__(self) -> int:
        return len(self.params)

    @property
    def epochs(self) -> int:
        """Epochs of a whole curve."""
        return int(self.accuracy.shape[1])

    @property
    def final(self) -> Floats:
        """Validation accuracy after the last epoch, shape (n,)."""
        return self.accuracy[:, -1]


def read_pool(table: CurveTable, family: str, part: str) -> Pool:
    """Return one family's configurations that did not fail, each trained once.

    Args:
        table: The recording.
        family: As "custom_cnn".
        part: Key of `PARTS`.
    """
    curves = sorted(
        (curve for curve in table.curves if _belongs(curve, family, part)),
        key=lambda curve: curve.index,
    )
    space = table.header["spaces"][family]
    seconds = np.array([curve.seconds for curve in curves])
    total_seconds = np.array([curve.total_seconds for curve in curves])
    # The first epoch traces the model as well.
    epoch_seconds = np.median(seconds[:, 1:], axis=1)
    start_seconds = total_seconds - seconds[:, 1:].sum(axis=1) - epoch_seconds
    return Pool(
        family=family,
        params=tuple(curve.params for curve in curves),
        distributions={
            name: json_to_distribution(json.dumps(as_json)) for name, as_json in space.items()
        },
        accuracy=np.array([curve.validation_accuracy for curve in curves]),
        loss=np.array([curve.validation_loss for curve in curves]),
        epoch_seconds=epoch_seconds,
        start_seconds=float(np.median(start_seconds)),
    )


def _belongs(curve: Curve, family: str, part: str) -> bool:
    return (
        curve.family == family
        and curve.repeat == 0
        and curve.failure is None
        and curve.index % 2 in PARTS[part]
    )


def unit_cube(params: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]) -> Floats:
    """Return a configuration as a point: each range becomes [0, 1], on the scale that is searched.

    A categorical parameter takes an axis for each choice, 0 or sqrt(1/2), so that two different
    choices are 1 apart.
    """
    point: list[float] = []
    for name, distribution in distributions.items():
        value = params[name]
        if isinstance(distribution, CategoricalDistribution):
            point += [math.sqrt(0.5) * (value == choice) for choice in distribution.choices]
        elif isinstance(distribution, (FloatDistribution, IntDistribution)):
            scale = math.log if distribution.log else float
            low, high = scale(distribution.low), scale(distribution.high)
            point.append((scale(value) - low) / (high - low))
    return np.array(point)
