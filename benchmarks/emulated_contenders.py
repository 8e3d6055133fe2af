"""Who is compared on the emulator: samplers with the default scheduler, and the other way round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from benchmarks import replay_policies
from study.config import SearchConfig
from study.samplers import N_STARTUP_TRIALS
from study.samplers import SAMPLERS as STUDY_SAMPLERS
from study.schedulers import Scheduler, WholeTrials

MakeSampler = Callable[[int], BaseSampler]
"""Makes a sampler from a seed; called anew for each trial, as the program does."""

MakeScheduler = Callable[[int, int], Scheduler]
"""Makes a scheduler from the number of trials and the epochs of a whole one."""

RANDOM_SHARE = 1 / 3


def _mixed(seed: int) -> BaseSampler:
    if np.random.default_rng(seed).random() < RANDOM_SHARE:
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed)


def _whole(n_trials: int, epochs: int) -> Scheduler:
    return WholeTrials(n_trials=n_trials, epochs=epochs)


DEFAULT_SAMPLER = f"TPE after {N_STARTUP_TRIALS} trials"

SAMPLERS: dict[str, MakeSampler] = {
    "random": lambda seed: RandomSampler(seed=seed),
    "TPE, as it comes": lambda seed: TPESampler(seed=seed),
    DEFAULT_SAMPLER: lambda seed: STUDY_SAMPLERS["tpe"](seed, SearchConfig.n_trials),
    "TPE, a third at random (as BOHB)": _mixed,
    "TPE, one parameter at a time": lambda seed: TPESampler(seed=seed, multivariate=False),
    f"the same after {N_STARTUP_TRIALS} trials": lambda seed: TPESampler(
        seed=seed, multivariate=False, n_startup_trials=N_STARTUP_TRIALS
    ),
}

DEFAULT_SCHEDULER = replay_policies.DEFAULT

SCHEDULERS: dict[str, MakeScheduler] = {
    "every trial to its end": _whole,
    **{
        name: replay_policies.SCHEDULERS[name]
        for name in (
            "asynchronous 1/2/4, factor 2",
            "asynchronous 1/2/4, factor 2.5",
            DEFAULT_SCHEDULER,
            "asynchronous 1/2/4, factor 4",
            "asynchronous 1/2/4, factor 5",
            "asynchronous 1/4, factor 4",
            "delayed 1/2/4, factor 2",
            "delayed 1/2/4, factor 2.5",
            "delayed 1/2/4, factor 3",
            "in rounds 1/2/4, factor 2",
            replay_policies.ROUNDS,
            "in rounds 1/2/4, factor 3",
            "in rounds 2/4, factor 3",
        )
    },
}

CONTENDERS: list[tuple[str, str]] = [
    *((sampler, DEFAULT_SCHEDULER) for sampler in SAMPLERS),
    *((DEFAULT_SAMPLER, name) for name in SCHEDULERS if name != DEFAULT_SCHEDULER),
]
"""Pairs of a sampler and a scheduler."""
