"""Search spaces of every kind of hyperparameter, and trials drawn from them at random."""

from __future__ import annotations

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

SPACES = {
    "floats": {"a": FloatDistribution(0, 1), "b": FloatDistribution(-3, 2)},
    "a tiny and a logarithmic range": {
        "a": FloatDistribution(1e-9, 1e-2, log=True),
        "b": FloatDistribution(0, 1e-12),
    },
    "integers in steps": {
        "a": IntDistribution(16, 64, step=16),
        "b": IntDistribution(1, 512, log=True),
    },
    "choices": {
        "a": CategoricalDistribution(["relu", "gelu", "swish", None]),
        "b": CategoricalDistribution([False, True]),
    },
    "all kinds": {
        "a": FloatDistribution(1e-4, 1e-1, log=True),
        "b": IntDistribution(3, 7, step=2),
        "c": CategoricalDistribution([8, 16, 32]),
        "d": CategoricalDistribution(["only"]),
        "e": FloatDistribution(2.0, 2.0),
    },
    "nothing that varies": {"a": CategoricalDistribution(["only"])},
}


def drawn(space, *, n, seed=0, value=None):
    rng = np.random.default_rng(seed)
    sampler = optuna.samplers.RandomSampler(seed=seed)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler)
    trials = []
    for _ in range(n):
        params = study.ask(space).params
        score = rng.random() + sum(len(repr(params[name])) % 5 / 5 for name in params)
        trials.append(
            optuna.trial.create_trial(
                params=params, distributions=space, value=value(params) if value else score
            )
        )
    return trials
