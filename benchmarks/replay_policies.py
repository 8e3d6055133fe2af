"""What is compared: Optuna's pruners, schedulers that pause and resume, and samplers, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import optuna
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
)

from benchmarks.replay_pool import Pool
from benchmarks.replay_search import MakeSampler, Step, replay_pruner, replay_scheduler
from study.samplers import SAMPLERS as STUDY_SAMPLERS
from study.samplers import n_startup_trials
from study.schedulers import (
    ROUNDS_FACTOR,
    AsynchronousHalving,
    Scheduler,
    SynchronousHalving,
    kept_by_factor,
)

NO_PRUNING = "no pruning"

DEFAULT, ROUNDS = "asynchronous 1/2/4, factor 3", f"in rounds 1/2/4, factor {ROUNDS_FACTOR:g}"
"""What the program does by default, and what `--pruner rounds` does, with trials of 8 epochs."""


def _halving(_epochs: int, *, first: int, factor: int, bootstrap: int = 0) -> BasePruner:
    return SuccessiveHalvingPruner(
        min_resource=first, reduction_factor=factor, bootstrap_count=bootstrap
    )


OPTUNA_HALVING = "Optuna halving from 1, factor 3"
"""One bracket of successive halving, as the study had it before it could resume trials."""

PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    NO_PRUNING: lambda _epochs: NopPruner(),
    "Optuna Median, as it comes": lambda _epochs: MedianPruner(),
    "Optuna Median, from epoch 5": lambda _epochs: MedianPruner(n_warmup_steps=4),
    "Optuna Percentile 25": lambda _epochs: PercentilePruner(25.0),
    "Optuna Percentile 25, from epoch 3": lambda _epochs: PercentilePruner(25.0, n_warmup_steps=2),
    "Optuna Percentile 10": lambda _epochs: PercentilePruner(10.0),
    "Optuna Hyperband": lambda epochs: HyperbandPruner(max_resource=epochs),
    "Optuna Hyperband, factor 4": lambda epochs: HyperbandPruner(
        max_resource=epochs, reduction_factor=4
    ),
    "Optuna halving from 1, factor 2": partial(_halving, first=1, factor=2),
    OPTUNA_HALVING: partial(_halving, first=1, factor=3),
    f"{OPTUNA_HALVING}, bootstrap 5": partial(_halving, first=1, factor=3, bootstrap=5),
    "Optuna halving from 1, factor 4": partial(_halving, first=1, factor=4),
    "Optuna halving from 1, factor 5": partial(_halving, first=1, factor=5),
    "Optuna halving from 2, factor 2": partial(_halving, first=2, factor=2),
    "Optuna halving from 2, factor 3": partial(_halving, first=2, factor=3),
    "Optuna halving from 2, factor 4": partial(_halving, first=2, factor=4),
    "Optuna halving from 3, factor 3": partial(_halving, first=3, factor=3),
}
"""Makes a pruner from the epochs of a whole trial; all are Optuna's own classes."""


def _asynchronous(
    n_trials: int,
    epochs: int,
    *,
    rungs: tuple[int, ...],
    factor: float,
    is_delayed: bool = False,
) -> Scheduler:
    return AsynchronousHalving(
        n_trials=n_trials,
        epochs=epochs,
        rungs=rungs,
        reduction_factor=factor,
        is_delayed=is_delayed,
    )


def _in_rounds(n_trials: int, epochs: int, *, rungs: tuple[int, ...], factor: float) -> Scheduler:
    keep = kept_by_factor(n_trials, n_rungs=len(rungs), factor=factor)
    return SynchronousHalving(n_trials=n_trials, epochs=epochs, rungs=rungs, keep=keep)


LADDERS: tuple[tuple[tuple[int, ...], float], ...] = (
    ((1,), 6.0),
    ((1,), 10.0),
    ((2,), 10.0),
    ((1, 2), 3.0),
    ((1, 2), 4.0),
    ((1, 3), 3.0),
    ((1, 3), 4.0),
    ((1, 4), 4.0),
    ((2, 4), 3.0),
    ((1, 2, 4), 2.0),
    ((1, 2, 4), 2.5),
    ((1, 2, 4), 3.0),
    ((1, 2, 4), 4.0),
    ((1, 2, 4), 5.0),
    ((1, 3, 9), 3.0),
)
"""Rungs and reduction factors; with a single rung, "a few epochs each, then the best"."""

KINDS: dict[str, Callable[..., Scheduler]] = {
    "asynchronous": _asynchronous,
    "delayed": partial(_asynchronous, is_delayed=True),
    "in rounds": _in_rounds,
}
"""`AsynchronousHalving`, the same delayed, and `SynchronousHalving`."""

SCHEDULERS: dict[str, partial[Scheduler]] = {
    f"{kind} {'/'.join(map(str, rungs))}, factor {factor:g}": partial(
        make, rungs=rungs, factor=factor
    )
    for kind, make in KINDS.items()
    for rungs, factor in LADDERS
}
"""Makes a scheduler from the number of trials and the epochs of a whole one.

"In rounds 1, factor 10" is one epoch each and then the best tenth.
"""


def policies(epochs: int) -> tuple[str, ...]:
    """Return the pruners and schedulers that fit trials of so many epochs."""
    schedulers = (name for name, make in SCHEDULERS.items() if make.keywords["rungs"][-1] < epochs)
    return (*PRUNERS, *schedulers)


def _gp(seed: int, n_trials: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.GPSampler(seed=seed, n_startup_trials=n_startup_trials(n_trials))


RANDOM, NEAREST_TO_RANDOM = "random", "nearest-to-random"

SAMPLERS: dict[str, MakeSampler | None] = {
    RANDOM: None,
    NEAREST_TO_RANDOM: STUDY_SAMPLERS["random"],
    "tpe": STUDY_SAMPLERS["tpe"],
    "gp": _gp,
}
"""Samplers by name. "gp" needs PyTorch, which nothing else here does.

`RANDOM` draws rows, each as likely as any. `NEAREST_TO_RANDOM` proposes at random and takes the row
that is nearest, as it goes for whoever proposes: what a sampler is ahead of it, it has learnt.
"""


def replay(policy: str, pool: Pool, *, sampler: str, n_trials: int, seed: int) -> list[Step]:
    """Return what a search would train.

    Args:
        policy: Key of `PRUNERS` or `SCHEDULERS`.
        pool: The configurations.
        sampler: Key of `SAMPLERS`.
        n_trials: Trials to begin.
        seed: Of everything random.
    """
    make_sampler = SAMPLERS[sampler]
    if policy in PRUNERS:
        pruner = PRUNERS[policy](pool.epochs)
        return replay_pruner(pool, pruner, make_sampler=make_sampler, n_trials=n_trials, seed=seed)
    scheduler = SCHEDULERS[policy](n_trials, pool.epochs)
    return replay_scheduler(
        pool, scheduler, make_sampler=make_sampler, n_trials=n_trials, seed=seed
    )
