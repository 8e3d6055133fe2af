"""The replay on made-up curves, against simulations that share no code with it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import optuna
import pytest

from benchmarks import replay
from benchmarks.replay_experiments import BOTH, TRIALS_SHARE, pruning
from benchmarks.replay_measures import choice, outcome, seconds_used, stopped_after
from benchmarks.replay_policies import NO_PRUNING, PRUNERS, SAMPLERS, policies
from benchmarks.replay_policies import replay as replay_policy
from benchmarks.replay_pool import read_pool, unit_cube
from benchmarks.replay_ranks import agreements, favours, noise
from benchmarks.replay_search import Step, replay_pruner
from tests.benchmarks.synthetic_curves import EPOCHS, SPACE, curve, table

FAMILY = "custom_cnn"
N = 12
POLICIES = policies(EPOCHS)


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(scope="module")
def pool():
    return read_pool(table(N), FAMILY, "all")


def test_the_halves_share_nothing_and_failed_or_repeated_trainings_are_left_out():
    curves = table(N)
    extra = (
        replace(curve(FAMILY, 0), repeat=1),
        replace(curve(FAMILY, N), failure="diverged", validation_accuracy=()),
    )
    curves = replace(curves, curves=extra + curves.curves)
    rates = {
        part: [params["rate"] for params in read_pool(curves, FAMILY, part).params]
        for part in ("A", "B", "all")
    }
    expected = [curve(FAMILY, index).params["rate"] for index in range(N)]
    assert rates == {"A": expected[::2], "B": expected[1::2], "all": expected}


def test_starting_up_is_told_from_training(pool):
    # The synthetic curves spend 2 s in tracing within the first epoch and 1 s before it.
    assert pool.start_seconds == pytest.approx(3.0)
    assert pool.epoch_seconds.tolist() == [curve(FAMILY, index).seconds[5] for index in range(N)]


def test_the_unit_cube_is_laid_over_what_is_searched():
    def point(**params):
        return unit_cube(params, SPACE)

    low = point(rate=1e-4, width=8, head="average")
    assert point(rate=1e-3, width=8, head="average") - low == pytest.approx([0.5, 0, 0, 0])
    assert point(rate=1e-4, width=64, head="average") - low == pytest.approx([0, 1, 0, 0])
    other = point(rate=1e-4, width=8, head="flatten")
    assert math.dist(other, low) == pytest.approx(1.0)


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

    monkeypatch.setitem(SAMPLERS, "proposer", lambda seed: Proposer(seed=seed))
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


def test_tpe_learns_where_the_good_configurations_are():
    pool = read_pool(table(64), FAMILY, "all")

    def best(sampler):
        return np.mean(
            [
                outcome(
                    pool, replay_policy(NO_PRUNING, pool, sampler=sampler, n_trials=20, seed=seed)
                ).pool_regret
                for seed in range(6)
            ]
        )

    assert best("tpe") < best("random")


def test_an_outcome_is_what_can_be_counted_by_hand(pool):
    a, b, c = 0, 1, 2
    steps = [
        Step(row=a, start=0, end=1),
        Step(row=b, start=0, end=3),
        Step(row=a, start=1, end=EPOCHS),
        Step(row=c, start=0, end=EPOCHS),
    ]
    judged = outcome(pool, steps)
    assert judged.epochs_share == pytest.approx((1 + 3 + 11 + 12) / 36)
    per_epoch = pool.epoch_seconds
    spent = 4 * 3 + 12 * per_epoch[a] + 3 * per_epoch[b] + 12 * per_epoch[c]
    assert seconds_used(pool, steps) == pytest.approx(spent)
    assert judged.seconds_share == pytest.approx(spent / (9 + 12 * per_epoch[[a, b, c]].sum()))
    chosen = max(pool.final[a], pool.final[c])
    assert judged.regret == pytest.approx(100 * (max(pool.final[b], chosen) - chosen))
    assert judged.pool_regret == pytest.approx(100 * (max(pool.final) - chosen))
    assert judged.n_whole == 2


def test_a_search_stopped_early_chooses_among_what_it_had_trained(pool):
    steps = [Step(row=0, start=0, end=2), Step(row=1, start=0, end=3), Step(row=0, start=2, end=9)]
    assert stopped_after(steps, 1) == [Step(row=0, start=0, end=1)]
    assert stopped_after(steps, 5) == steps[:2]
    assert stopped_after(steps, 6) == [*steps[:2], Step(row=0, start=2, end=3)]
    assert stopped_after(steps, 99) == steps
    assert choice(pool, steps[:2]) == 1
    assert choice(pool, steps) == 0
    level = [Step(row=row, start=0, end=4) for row in range(N)]
    assert choice(pool, level) == pool.accuracy[:, 3].argmax()


def test_without_pruning_nothing_is_saved_and_nothing_lost():
    pools = [read_pool(table(N), family, "A") for family in (FAMILY, "alexnet_lite")]
    results = pruning(pools, policies=(NO_PRUNING,), n_seeds=3)
    assert [each.family for each in results] == [FAMILY, "alexnet_lite", BOTH]
    for each in results:
        assert each.n_trials == round(TRIALS_SHARE * N / 2)
        assert each.epochs_share.low == 1.0 == pytest.approx(each.seconds_share.high)
        assert each.regret.high == each.regret_after["1"].high == 0.0
        assert each.regret_after["0.25"].mean > 0.0
        assert each.on_target == 1.0


def test_the_choice_is_the_cheapest_of_the_best_that_can_be_afforded():
    pools = [read_pool(table(N), FAMILY, "A")]
    (any_result, *_), *_ = [pruning(pools, policies=(NO_PRUNING,), n_seeds=1)]

    def result(policy, epochs, regret):
        def constant(value):
            return replace(any_result.regret, median=value, mean=value)

        return replace(
            any_result,
            family=BOTH,
            policy=policy,
            epochs_share=constant(epochs),
            regret=constant(regret),
        )

    results = [
        result("too dear", 0.26, 0.0),
        result("best", 0.24, 0.20),
        result("as good, cheaper", 0.20, 0.24),
        result("cheap", 0.10, 0.30),
        replace(result("one family's", 0.10, 0.0), family=FAMILY),
    ]
    assert replay.choose(results) == "as good, cheaper"


def test_scores_that_foretell_the_end_agree_with_it_and_favour_nobody():
    pool = read_pool(table(40, noise=0.0), FAMILY, "all")
    steady = replace(pool, accuracy=pool.final[:, None] * np.linspace(0.5, 1, EPOCHS))
    steady = replace(steady, loss=1 - steady.accuracy)
    assert {round(each.spearman, 9) for each in agreements(steady)} == {1.0}
    assert {round(each.kendall, 9) for each in agreements(steady)} == {1.0}
    by_hand = replace(
        steady,
        params=tuple({**row, "learning_rate": n} for n, row in enumerate(steady.params)),
        distributions={**pool.distributions, "learning_rate": SPACE["rate"]},
    )
    assert {each.shift for each in favours(by_hand)} == {0.0}
    # Later rows score a whole point more after the first epoch, whatever they come to.
    late_first = by_hand.accuracy.copy()
    late_first[20:, 0] += 1
    shifts = {
        each.group: each.shift
        for each in favours(replace(by_hand, accuracy=late_first))
        if each.epoch == 1
    }
    assert shifts["learning_rate above its median"] > 0.1
    assert shifts["learning_rate below its median"] == pytest.approx(
        -shifts["learning_rate above its median"]
    )


def test_the_noise_is_that_of_two_trainings():
    curves = table(5)
    assert noise(curves, FAMILY) is None
    repeats = tuple(
        replace(
            curve(FAMILY, index),
            repeat=1,
            validation_accuracy=tuple(v + 0.02 for v in curve(FAMILY, index).validation_accuracy),
        )
        for index in range(5)
    )
    found = noise(replace(curves, curves=curves.curves + repeats), FAMILY)
    assert (found.n, found.spearman) == (5, pytest.approx(1.0))
    assert found.points == pytest.approx(2 / math.sqrt(2))


def test_the_whole_replay_writes_its_results_and_prints_its_tables(tmp_path, capsys):
    recording, out = tmp_path / "curves.jsonl", tmp_path / "out" / "replay.json"
    curves = table(N)
    lines = [curves.header, *(asdict(each) for each in curves.curves)]
    recording.write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ["--recording", str(recording), "--out", str(out), "--quick"]
    assert replay.main(arguments) == 0
    found = json.loads(out.read_text())["measured"]
    assert {each["policy"] for each in found["pruning"]["B"]} == set(POLICIES)
    assert found["chosen"] in POLICIES
    printed = capsys.readouterr().out
    assert all(policy in printed for policy in POLICIES)
    assert replay.main(["--recording", str(tmp_path / "none")]) == 2


def test_a_scheduler_whose_rungs_are_too_high_is_left_out():
    assert set(policies(EPOCHS)) - set(policies(9)) == {
        "asynchronous 1/3/9, factor 3",
        "in rounds 1/3/9, factor 3",
    }
