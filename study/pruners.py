"""The pruners: who stops a trial early. Adding one is one function and one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.pruners import BasePruner

# Optuna is imported where it is used: listing the names for --help must be quick.


def _halving(_epochs: int) -> BasePruner:
    from optuna.pruners import SuccessiveHalvingPruner

    # One bracket, rungs after 1, 3, 9, ... epochs. Hyperband's several brackets split the trials
    # among them, and the sampler learns only inside each.
    return SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)


def _median(epochs: int) -> BasePruner:
    from optuna.pruners import MedianPruner

    return MedianPruner(n_startup_trials=5, n_warmup_steps=min(4, epochs - 1))


def _hyperband(epochs: int) -> BasePruner:
    from optuna.pruners import HyperbandPruner

    return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)


def _none(_epochs: int) -> BasePruner:
    from optuna.pruners import NopPruner

    return NopPruner()


PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    "halving": _halving,
    "median": _median,
    "hyperband": _hyperband,
    "none": _none,
}
"""Makes a pruner from the number of epochs of a whole trial."""
