"""KerasTuner's oracles, told of what was tried, and their answers in our terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras_tuner import Objective, Oracle
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle

from study.keras_tuner.adapter import Values, hyperparameters, to_params, to_values
from study.keras_tuner.tuners import Past
from study.schedulers import Task

OBJECTIVE = "validation_accuracy"

Answer = Mapping[str, Any]
"""An oracle's answer: `status` and, where that is "RUNNING", `values`."""


def new(kind: type[Oracle], past: Past, **options: Any) -> Oracle:
    """Return an oracle that knows the space and what was tried in it, but no scores."""
    oracle = kind(
        objective=Objective(OBJECTIVE, direction="max"),
        hyperparameters=hyperparameters(past.space),
        # KerasTuner takes a seed of 0 for none.
        seed=past.seed or 1,
        **options,
    )
    for trial in past.trials:
        values = to_values(past.space, trial.params)
        if values is not None:
            oracle._tried_so_far.add(oracle._compute_values_hash(values))
    return oracle


def informed(kind: type[Oracle], past: Past, **options: Any) -> Oracle:
    """Return an oracle that also knows the scores of completed trials, whoever proposed them."""
    oracle = new(kind, past, **options)
    for trial in past.trials:
        values = to_values(past.space, trial.params)
        if values is not None and len(trial.scores) >= past.epochs:
            tell(oracle, str(trial.number), values, score=trial.scores[-1])
    return oracle


def imagine_running(oracle: BayesianOptimizationOracle, past: Past) -> None:
    """Let a Gaussian process expect little of the trials under way, so that it wants others.

    KerasTuner itself does so in a search of several processes, by the process of its last answer;
    an oracle that is made anew has none yet.
    """
    running = [trial for trial in past.trials if trial.is_running]
    if oracle.trials and running:
        known = oracle._vectorize_trials()
        oracle.gpr.fit(*(np.nan_to_num(one, posinf=0, neginf=0) for one in known))
    for trial in running:
        values = to_values(past.space, trial.params)
        if values is not None:
            number = str(trial.number)
            tell(oracle, number, values, score=None, status=TrialStatus.RUNNING)
            oracle.ongoing_trials[number] = oracle.trials[number]


def tell(
    oracle: Oracle,
    trial_id: str,
    values: Values,
    *,
    score: float | None,
    status: str = TrialStatus.COMPLETED,
) -> None:
    """Add a trial to those that an oracle knows."""
    parameters = oracle.get_space()
    parameters.values = dict(values)
    trial = Trial(parameters, trial_id=trial_id, status=status)
    trial.score = score
    oracle.trials[trial_id] = trial


def proposal(past: Past, answer: Answer) -> Task | None:
    """Return the configuration that an oracle answered with, to be trained to its last epoch.

    None where it has no configuration.
    """
    if answer["status"] != TrialStatus.RUNNING:
        return None
    return Task(trial=None, until_epoch=past.epochs, params=to_params(past.space, answer["values"]))


def was_tried(oracle: Oracle, answer: Answer) -> bool:
    """Return whether an oracle answered with a configuration that was tried before."""
    if answer["status"] != TrialStatus.RUNNING:
        return False
    return bool(oracle._duplicate(answer["values"]))


def n_initial_points(past: Past) -> int:
    """Return how many random configurations come before the Gaussian process is believed.

    KerasTuner's three a parameter would leave it 5 of 50 trials in a space of 15 parameters; here
    at most a fifth of the trials are random.
    """
    n_parameters = len(hyperparameters(past.space).space)
    return max(3, min(3 * n_parameters, past.n_trials // 5))


def next_on_grid(past: Past) -> Task | None:
    """Return the configuration after the last one on KerasTuner's grid that was not tried yet.

    The last parameter changes fastest. A logarithmic or continuous one has ten values and its
    lowest. KerasTuner itself forgets its place on the grid when it is resumed.
    """
    oracle = new(GridSearchOracle, past)
    for trial in past.trials:
        values = to_values(past.space, trial.params)
        if values is not None and trial.attrs.get("sampler") == past.proposer:
            _stand_on(oracle, str(trial.number), values)
    while True:
        here = f"next-{len(oracle.trials)}"
        answer = oracle.populate_space(here)
        if not was_tried(oracle, answer):
            return proposal(past, answer)
        # A baseline or another tuner's trial lies on the grid: step over it.
        _stand_on(oracle, here, answer["values"])


def _stand_on(oracle: GridSearchOracle, trial_id: str, values: Values) -> None:
    tell(oracle, trial_id, values, score=None)
    if trial_id not in oracle._ordered_ids._data_to_index:
        oracle._ordered_ids.insert(trial_id, next(reversed(oracle.start_order), None))
    oracle.start_order.append(trial_id)
    oracle._populate_next = [trial_id]
