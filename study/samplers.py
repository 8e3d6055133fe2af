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
company late is then never tried again: see `benchmarks/README.md`. Hyperopt begins with 20, too.
"""

FEWEST_STARTUP_TRIALS = 10
"""In a search of few trials, where TPE is to have its say, too: Optuna's default."""

STARTUP_SHARE = 0.4
"""Of the trials of a search that is neither small nor large: 20 of 50."""


def n_startup_trials(n_trials: int) -> int:
    """Return after how many trials of so many TPE proposes."""
    return min(N_STARTUP_TRIALS, max(FEWEST_STARTUP_TRIALS, round(STARTUP_SHARE * n_trials)))


def _tpe(seed: int, n_trials: int) -> BaseSampler:
    from optuna.samplers import TPESampler

    # Multivariate, and aware of running trials, by Optuna's own default.
    return TPESampler(seed=seed, n_startup_trials=n_startup_trials(n_trials))


def _random(seed: int, n_trials: int) -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


SAMPLERS: dict[str, Callable[[int, int], BaseSampler]] = {"tpe": _tpe, "random": _random}
"""Makes a sampler from a seed and the search's number of trials.

Called anew for each trial, so it may hold no state of its own.
"""
