"""Who competes. Adding a contender is one function and one entry.

What a contender needs is imported where it runs: the rivals' libraries are optional.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.rivals.outcome import Found
from benchmarks.rivals.setting import Assignment
from benchmarks.rivals.styles import choose_kernels


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One tool in one configuration.

    Attributes:
        name: As on the command line.
        tool: In words, the same for all configurations of a tool.
        configuration: In words, beginning with "default" or "best".
        wanted_speed_up: How many times faster ours should be; None for ours.
        search: Does an assignment.
        packages: What must be installed beside our own requirements.
    """

    name: str
    tool: str
    configuration: str
    wanted_speed_up: float | None
    search: Callable[[Assignment], Found]
    packages: tuple[str, ...] = ()


def _ours(assignment: Assignment) -> Found:
    from benchmarks.rivals import ours

    return ours.search(assignment)


def _optuna(assignment: Assignment, *, configuration: str) -> Found:
    choose_kernels(configuration)
    from benchmarks.rivals import optuna_fit

    return optuna_fit.search(assignment, configuration=configuration)


def _hyperband(assignment: Assignment, *, configuration: str) -> Found:
    choose_kernels(configuration)
    from benchmarks.rivals import keras_tuners

    return keras_tuners.hyperband(assignment, configuration=configuration)


def _bayesian(assignment: Assignment, *, configuration: str) -> Found:
    choose_kernels(configuration)
    from benchmarks.rivals import keras_tuners

    return keras_tuners.bayesian_optimization(assignment, configuration=configuration)


def _ray(assignment: Assignment, *, configuration: str, cpus_per_trial: int) -> Found:
    choose_kernels(configuration)
    from benchmarks.rivals import ray_tune

    return ray_tune.search(assignment, configuration=configuration, cpus_per_trial=cpus_per_trial)


OURS = "ours"
_OPTUNA = "Optuna and Model.fit, MedianPruner"
_HYPERBAND = "KerasTuner Hyperband"
_BAYESIAN = "KerasTuner BayesianOptimization"
_RAY = "Ray Tune, ASHA and OptunaSearch"

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(
            name=OURS,
            tool="ours",
            configuration="default",
            wanted_speed_up=None,
            search=_ours,
        ),
        Contender(
            name="optuna",
            tool=_OPTUNA,
            configuration="default",
            wanted_speed_up=4.0,
            search=partial(_optuna, configuration="default"),
            packages=("optuna_integration",),
        ),
        Contender(
            name="optuna-best",
            tool=_OPTUNA,
            configuration="best",
            wanted_speed_up=4.0,
            search=partial(_optuna, configuration="best"),
            packages=("optuna_integration",),
        ),
        Contender(
            name="hyperband",
            tool=_HYPERBAND,
            configuration="default",
            wanted_speed_up=3.0,
            search=partial(_hyperband, configuration="default"),
            packages=("tensorboard",),
        ),
        Contender(
            name="hyperband-best",
            tool=_HYPERBAND,
            configuration="best",
            wanted_speed_up=3.0,
            search=partial(_hyperband, configuration="best"),
            packages=("tensorboard",),
        ),
        Contender(
            name="bayesian",
            tool=_BAYESIAN,
            configuration="default",
            wanted_speed_up=3.0,
            search=partial(_bayesian, configuration="default"),
            packages=("tensorboard",),
        ),
        Contender(
            name="bayesian-best",
            tool=_BAYESIAN,
            configuration="best",
            wanted_speed_up=3.0,
            search=partial(_bayesian, configuration="best"),
            packages=("tensorboard",),
        ),
        Contender(
            name="ray",
            tool=_RAY,
            configuration="default",
            wanted_speed_up=2.0,
            search=partial(_ray, configuration="default", cpus_per_trial=1),
            packages=("ray",),
        ),
        Contender(
            name="ray-best",
            tool=_RAY,
            configuration="best, a processor a trial",
            wanted_speed_up=2.0,
            search=partial(_ray, configuration="best", cpus_per_trial=1),
            packages=("ray",),
        ),
        Contender(
            name="ray-best-pairs",
            tool=_RAY,
            configuration="best, two processors a trial",
            wanted_speed_up=2.0,
            search=partial(_ray, configuration="best", cpus_per_trial=2),
            packages=("ray",),
        ),
    )
}
