"""The samplers: who proposes the next configuration. Adding one is one function and one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

# Optuna is imported where it is used: listing the names for --help must be quick.

N_STARTUP_TRIALS = 20
"""Trials that TPE does not look behind: until there are as many, it draws at random.

Optuna's default of 10 leaves a family's choices to two or three examples each. One that meets good
company late is then never tried again: see `benchmarks/emulator.py`. Hyperopt begins with 20, too.
"""


def _tpe(seed: int) -> BaseSampler:
    from optuna.samplers import TPESampler

    # Multivariate, and aware of running trials, by Optuna's own default.
    return TPESampler(seed=seed, n_startup_trials=N_STARTUP_TRIALS)


def _random(seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {"tpe": _tpe, "random": _random}
"""Makes a sampler from a seed; called anew for each trial, so it may hold no state of its own."""
