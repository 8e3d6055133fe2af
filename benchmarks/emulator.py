"""An emulator of training: the scores that any configuration would get, learnt from real ones.

A surrogate benchmark (Eggensperger et al. 2015, "Efficient benchmarking of hyperparameter
optimizers via surrogates"). The replay asks samplers to choose among recorded configurations, which
is to the disadvantage of whoever proposes well; here each proposal is answered. What is answered is
made up: good for comparing samplers, or schedulers, with each other, not for what a configuration
is worth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from optuna.distributions import BaseDistribution
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.model_selection import KFold, cross_val_predict

from benchmarks.curve_table import CurveTable
from benchmarks.replay_pool import unit_cube
from study.records import MEASURED, StudyRecord

FLOOR = 0.35
"""Configurations that end lower are all the same, bad: else they would shape the model's scale."""

HEADROOM = 0.02
"""How much better than the best one known a configuration can come out, at most."""

SEED_NOISE = 0.006
"""Standard deviation of one configuration's last accuracy over seeds, as fresh seeds showed."""

FOLDS = 10

Floats = npt.NDArray[np.float64]
Known = tuple[Mapping[str, Any], Sequence[float]]
"""A configuration and its validation accuracy after each epoch."""


def known_curves(table: CurveTable, record: StudyRecord, family: str) -> list[Known]:
    """Return the whole curves of one family: recorded ones, drawn ones, and those of a search."""
    return list(_known_curves(table, record, family, table.header["epochs"]))


def _known_curves(
    table: CurveTable, record: StudyRecord, family: str, epochs: int
) -> Iterator[Known]:
    for curve in table.curves:
        if curve.family == family and curve.repeat == 0 and curve.failure is None:
            yield curve.params, curve.validation_accuracy
    for result in record.validated:
        if (result.family, result.purpose) == (family, MEASURED):
            scores = result.validation_accuracy_by_epoch
            if len(scores) == epochs:
                yield result.params, [score for _, score in scores]
    for searched in record.families:
        for trial in searched.trials if searched.family == family else ():
            if len(trial.validation_accuracy) == epochs:
                yield trial.params, [score for _, score in trial.validation_accuracy]


@dataclass(frozen=True, kw_only=True, eq=False)
class Emulator:
    """Answers what a configuration would score.

    Attributes:
        distributions: Range of each hyperparameter.
        rungs: Epochs after which a score is asked for; the last is a whole trial.
        best: The highest final accuracy that is known.
        correlation: Of predicted and true final accuracies of configurations left out.
        noise: Standard deviation of an answer after each rung, shape (n_rungs,): of seeds, and of
            what makes a configuration early or late that its parameters do not tell.
    """

    distributions: Mapping[str, BaseDistribution]
    rungs: tuple[int, ...]
    best: float
    correlation: float
    noise: Floats
    _final: GaussianProcessRegressor
    _early: Mapping[int, tuple[Floats, GaussianProcessRegressor]]

    def scores(self, params: Mapping[str, Any]) -> Floats:
        """Return the accuracy to expect after each rung, in [0, 1], shape (n_rungs,)."""
        point = unit_cube(params, self.distributions)[np.newaxis]
        final = max(FLOOR, float(self._final.predict(point)[0]))
        if final > self.best:
            # A smooth model rises between and beyond what it knows: by no more than this.
            final = self.best + HEADROOM * float(np.tanh((final - self.best) / HEADROOM))
        early = [
            float(np.polyval(curve, final) + rest.predict(point)[0])
            for curve, rest in self._early.values()
        ]
        return np.array([*early, final])


def learn(
    known: Sequence[Known],
    distributions: Mapping[str, BaseDistribution],
    *,
    rungs: tuple[int, ...],
) -> Emulator:
    """Return an emulator of what is known of a family.

    The final accuracy is a Gaussian process of the configuration; an earlier one is what usually
    goes with that final one, and a Gaussian process of who comes early or late. So early scores
    foretell the last ones about as well as they truly do.

    Args:
        known: At least `FOLDS` configurations, with a score for each epoch of a whole trial.
        distributions: Range of each hyperparameter.
        rungs: Epochs after which a score will be asked for, rising; the last is a whole trial.
    """
    points = np.array([unit_cube(params, distributions) for params, _ in known])
    curves = np.array([[max(FLOOR, score) for score in scores] for _, scores in known])
    last = curves[:, rungs[-1] - 1]
    final = _process(points.shape[1]).fit(points, last)
    left_out = cross_val_predict(
        GaussianProcessRegressor(final.kernel_, optimizer=None, normalize_y=True),
        points,
        last,
        cv=KFold(FOLDS, shuffle=True, random_state=0),
    )
    early, noise = {}, []
    for rung in rungs[:-1]:
        usual = np.polyfit(last, curves[:, rung - 1], 2)
        rest = curves[:, rung - 1] - np.polyval(usual, last)
        process = _process(points.shape[1]).fit(points, rest)
        early[rung] = usual, process
        unexplained = float(rest.std()) * math.sqrt(process.kernel_.k2.noise_level)
        noise.append(max(SEED_NOISE, unexplained))
    return Emulator(
        distributions=distributions,
        rungs=rungs,
        best=float(last.max()),
        correlation=float(np.corrcoef(left_out, last)[0, 1]),
        noise=np.array([*noise, SEED_NOISE]),
        _final=final,
        _early=early,
    )


def _process(n_axes: int) -> GaussianProcessRegressor:
    # A length of 100 ranges is that of a parameter without effect.
    shape = Matern(length_scale=np.ones(n_axes), length_scale_bounds=(0.2, 100), nu=2.5)
    kernel = ConstantKernel() * shape + WhiteKernel(0.01, (1e-3, 0.3))
    return GaussianProcessRegressor(
        kernel, normalize_y=True, n_restarts_optimizer=1, random_state=0
    )
