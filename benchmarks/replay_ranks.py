"""How well early scores rank configurations as their final accuracy does, and whom they favour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.curve_table import CurveTable
from benchmarks.replay_pool import Floats, Pool

BATCH_NORMALIZED: Mapping[str, tuple[str, Any]] = {
    "custom_cnn": ("batch_normalization", True),
    "alexnet_lite": ("normalization", "batch"),
}
"""By family, which parameter has which value where a model uses batch normalization."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Rank correlation of a score after an epoch with the final validation accuracy.

    Attributes:
        epoch: From 1.
        score: "accuracy" or "loss" (a low loss counts as high).
        among: "all" configurations, or the "top half" by final accuracy.
        spearman, kendall: In [-1, 1].
    """

    epoch: int
    score: str
    among: str
    spearman: float
    kendall: float


def agreements(pool: Pool) -> list[Agreement]:
    """Return the rank correlations after every epoch."""
    is_top = pool.final >= np.median(pool.final)
    found = []
    for score, values in {"accuracy": pool.accuracy, "loss": -pool.loss}.items():
        for among, rows in {"all": np.ones(len(pool), bool), "top half": is_top}.items():
            for epoch in range(1, pool.epochs + 1):
                early, final = values[rows, epoch - 1], pool.final[rows]
                found.append(
                    Agreement(
                        epoch=epoch,
                        score=score,
                        among=among,
                        spearman=float(stats.spearmanr(early, final).statistic),
                        kendall=float(stats.kendalltau(early, final).statistic),
                    )
                )
    return found


@dataclass(frozen=True, kw_only=True)
class Favour:
    """By how much a rung ranks a group of configurations too high.

    Attributes:
        group: Which configurations.
        n: How many they are.
        epoch: Of the early score.
        shift: Mean of their rank after the epoch less their final rank, as a share of the ranking:
            at 0.1 the epoch puts them a tenth of the table too high.
        low, high: 90 % bootstrap interval of the shift.
    """

    group: str
    n: int
    epoch: int
    shift: float
    low: float
    high: float


def favours(pool: Pool, *, seed: int = 0) -> list[Favour]:
    """Return how each epoch treats groups that could learn faster or slower than they end.

    A fair rung favours none of them: a pruner that stops slow starters stops them for a wrong
    reason.
    """
    rng = np.random.default_rng(seed)
    final = _percentiles(pool.final)
    found = []
    for group, rows in _groups(pool).items():
        for epoch in range(1, pool.epochs):
            shifts = (_percentiles(pool.accuracy[:, epoch - 1]) - final)[rows]
            samples = rng.choice(shifts, size=(1000, len(shifts))).mean(axis=1)
            low, high = np.quantile(samples, (0.05, 0.95))
            found.append(
                Favour(
                    group=group,
                    n=len(shifts),
                    epoch=epoch,
                    shift=float(shifts.mean()),
                    low=float(low),
                    high=float(high),
                )
            )
    return found


def _groups(pool: Pool) -> dict[str, npt.NDArray[np.bool_]]:
    groups = {}
    if pool.family in BATCH_NORMALIZED:
        name, value = BATCH_NORMALIZED[pool.family]
        groups["batch normalization"] = np.array([row.get(name) == value for row in pool.params])
    for name in ("learning_rate", "batch_size"):
        if name in pool.distributions:
            values = np.array([row[name] for row in pool.params])
            groups[f"{name} below its median"] = values < np.median(values)
            groups[f"{name} above its median"] = values > np.median(values)
    return {name: rows for name, rows in groups.items() if rows.any()}


def _percentiles(values: Floats) -> Floats:
    ranks: Floats = stats.rankdata(values)
    return (ranks - 0.5) / len(values)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What a score is worth: the same configurations trained twice, by different seeds.

    Attributes:
        n: Configurations trained twice.
        points: Standard deviation of one final accuracy over seeds, in points.
        spearman: Rank correlation of the two final accuracies: no early score can do much better.
    """

    n: int
    points: float
    spearman: float


def noise(table: CurveTable, family: str) -> Noise | None:
    """Return the noise of a family's final accuracies; None where fewer than 3 were repeated."""
    finals = {
        curve.key: curve.validation_accuracy[-1] for curve in table.curves if curve.failure is None
    }
    pairs = np.array(
        [
            (first, finals[family, index, 1])
            for (name, index, repeat), first in finals.items()
            if name == family and repeat == 0 and (family, index, 1) in finals
        ]
    )
    if len(pairs) < 3:
        return None
    differences = pairs[:, 0] - pairs[:, 1]
    return Noise(
        n=len(pairs),
        points=100 * float(np.sqrt(np.mean(differences**2) / 2)),
        spearman=float(stats.spearmanr(pairs[:, 0], pairs[:, 1]).statistic),
    )
