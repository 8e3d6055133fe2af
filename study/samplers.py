"""The samplers: who proposes the next configuration. Adding one is one function and one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

# Optuna is imported where it is used: listing the names for --help must be quick.


def _tpe(seed: int) -> BaseSampler:
    from optuna.samplers import TPESampler

    # Multivariate, and aware of running trials, by Optuna's own default.
    return TPESampler(seed=seed)


def _random(seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {"tpe": _tpe, "random": _random}
"""Makes a sampler from a seed; called anew for each trial, so it may hold no state of its own."""
