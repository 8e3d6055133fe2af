"""The tuners: which configuration KerasTuner's oracles want next. One function and one line each.

An oracle is made anew from the trials for each question, as Optuna's samplers are: there is no
state beside the trials that could be lost, and a search in pieces asks what a whole one does.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search_spaces import SearchSpace
from study.schedulers import Task, TrialProgress

# KerasTuner is imported where it is used: listing the names for --help must be quick.


@dataclass(frozen=True, kw_only=True)
class Past:
    """What a tuner knows when it is asked.

    Attributes:
        space: The family.
        trials: All trials of the family that were begun.
        proposer: "keras-tuner/" and the key of TUNERS: the `sampler` of trials it proposed.
        epochs: Epochs of a whole trial.
        n_trials: Configurations that may be tried in all.
        seed: Of this answer.
    """

    space: SearchSpace
    trials: Sequence[TrialProgress]
    proposer: str
    epochs: int
    n_trials: int
    seed: int

    @property
    def n_left(self) -> int:
        """Return how many configurations may still be begun."""
        return max(0, self.n_trials - len(self.trials))


Tuner = Callable[[Past], Task | None]
"""Answers None where it wants nothing at present: the budget or the space is used up, or what is
next depends on a trial under way."""


def _random(past: Past) -> Task | None:
    from keras_tuner.oracles import RandomSearchOracle

    from study.keras_tuner import oracles

    if not past.n_left:
        return None
    oracle = oracles.informed(RandomSearchOracle, past)
    return oracles.proposal(past, oracle.populate_space("next"))


def _bayesian(past: Past) -> Task | None:
    from keras_tuner.oracles import BayesianOptimizationOracle
    from sklearn.exceptions import ConvergenceWarning

    from study.keras_tuner import oracles

    if not past.n_left:
        return None
    n_random = oracles.n_initial_points(past)
    oracle = oracles.informed(BayesianOptimizationOracle, past, num_initial_points=n_random)
    with warnings.catch_warnings():
        # Says that a length scale is at its bound, as it is for a parameter that does not matter.
        warnings.simplefilter("ignore", ConvergenceWarning)
        oracles.imagine_running(oracle, past)
        answer = oracle.populate_space("next")
    if oracles.was_tried(oracle, answer):
        # The Gaussian process may want what it knows; to train it again would teach it nothing.
        answer = oracle._random_populate_space()
    return oracles.proposal(past, answer)


def _grid(past: Past) -> Task | None:
    from study.keras_tuner import oracles

    return oracles.next_on_grid(past) if past.n_left else None


def _hyperband(past: Past) -> Task | None:
    from study.keras_tuner import hyperband

    return hyperband.ask(past)


TUNERS: dict[str, Tuner] = {
    "hyperband": _hyperband,
    "bayesian": _bayesian,
    "random": _random,
    "grid": _grid,
}
