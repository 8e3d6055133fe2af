"""The replay of policies and samplers, against simulations that share no code with it."""

from __future__ import annotations

import math

import numpy as np
import optuna
import pytest

from benchmarks.replay_measures import outcome
from benchmarks.replay_policies import (
    NEAREST_TO_RANDOM,
    NO_PRUNING,
    PRUNERS,
    SAMPLERS,
    policies,
)
from benchmarks.replay_policies import replay as replay_policy
from benchmarks.replay_pool import read_pool
from benchmarks.replay_search import replay_pruner
from tests.benchmarks.synthetic_curves import EPOCHS, table
from tests.benchmarks.synthetic_pool import FAMILY, POLICIES, N

pytestmark = pytest.mark.usefixtures("quiet_optuna")


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_begins_each_configuration_once_and_never_trains_an_epoch_twice(policy, pool):
    steps = replay_policy(policy, pool, sampler="random", n_trials=N, seed=3)
    assert sorted(step.row for step in steps if step.start == 0) == list(range(N))
    reached = dict.fromkeys(range(N), 0)
    for step in steps:
        assert step.start == reached[step.row] < step.end <= EPOCHS
        reached[step.row] = step.end


@pytest.mark.parametrize("name", PRUNERS)
def test_optunas_pruners_do_in_the_replay_what_they_do_in_optimize(name, pool):
    steps = replay_pruner(pool, PRUNERS[name](EPOCHS), make_sampler=None, n_trials=N, seed=5)

    def objective(trial):
        for epoch, accuracy in enumerate(pool.accuracy[steps[trial.number].row], start=1):
            trial.report(accuracy, epoch)
            if epoch < EPOCHS and trial.should_prune():
                raise optuna.TrialPruned
        return accuracy

    study = optuna.create_study(
        study_name="replay-5", direction="maximize", pruner=PRUNERS[name](EPOCHS)
    )
    study.optimize(objective, n_trials=N)
    assert [step.end for step in steps] == [trial.last_step for trial in study.trials]


def test_at_one_seed_all_policies_meet_the_same_configurations_in_the_same_order(pool):
    orders = {
        policy: [
            step.row
            for step in replay_policy(policy, pool, sampler="random", n_trials=N // 2, seed=7)
            if step.start == 0
        ]
        for policy in POLICIES
    }
    assert len({tuple(order) for order in orders.values()}) == 1
    assert orders[NO_PRUNING] != list(range(N // 2))


@pytest.mark.parametrize("policy", [NO_PRUNING, "Optuna Hyperband", "asynchronous 1/3/9, factor 3"])
def test_a_sampler_is_told_of_the_nearest_unused_row_and_of_nothing_else(policy, pool, monkeypatch):
    proposals, seen = [], []

    class Proposer(optuna.samplers.RandomSampler):
        def sample_relative(self, study, trial, search_space):
            seen.extend(study.get_trials(deepcopy=False))
            return {}

        def sample_independent(self, study, trial, name, distribution):
            value = super().sample_independent(study, trial, name, distribution)
            if name == "rate":
                proposals.append({})
            proposals[-1][name] = value
            return value

    monkeypatch.setitem(SAMPLERS, "proposer", lambda seed, n_trials: Proposer(seed=seed))
    steps = replay_policy(policy, pool, sampler="proposer", n_trials=N, seed=1)
    unused = list(range(N))
    for proposal, row in zip(
        proposals, [step.row for step in steps if step.start == 0], strict=True
    ):

        def distance(other, proposal=proposal):
            mine = pool.params[other]
            return math.hypot(
                math.log10(mine["rate"] / proposal["rate"]) / 2,
                (mine["width"] - proposal["width"]) / 56,
                mine["head"] != proposal["head"],
            )

        assert row == min(unused, key=distance)
        unused.remove(row)
    known = [dict(params) for params in pool.params]
    told = [trial for trial in seen if trial.state.is_finished()]
    assert told
    assert all(trial.params in known for trial in told)
    for trial in told:
        scores = pool.accuracy[known.index(trial.params)]
        assert trial.intermediate_values == dict(
            enumerate(scores[: trial.last_step].tolist(), start=1)
        )


def test_tpe_learns_where_the_good_configurations_are(monkeypatch):
    pool = read_pool(table(64), FAMILY, "all")
    asked = []
    sample = optuna.samplers.TPESampler._sample

    def counted(self, *arguments):
        asked.append(self)
        return sample(self, *arguments)

    monkeypatch.setattr(optuna.samplers.TPESampler, "_sample", counted)

    def best(sampler):
        return np.mean(
            [
                outcome(
                    pool, replay_policy(NO_PRUNING, pool, sampler=sampler, n_trials=20, seed=seed)
                ).pool_regret
                for seed in range(6)
            ]
        )

    # Both take the row nearest to what is proposed; of 20 trials TPE proposes the last 10.
    assert best("tpe") < best(NEAREST_TO_RANDOM)
    assert len(asked) == 6 * 10


def test_a_scheduler_whose_rungs_are_too_high_is_left_out():
    assert set(policies(EPOCHS)) - set(policies(9)) == {
        "asynchronous 1/3/9, factor 3",
        "delayed 1/3/9, factor 3",
        "in rounds 1/3/9, factor 3",
    }
