"""The whole replay on made-up curves: savings, losses, the choice, the command line."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from benchmarks import replay
from benchmarks.replay_experiments import BOTH, TRIALS_SHARE, pruning
from benchmarks.replay_policies import NO_PRUNING
from benchmarks.replay_pool import read_pool
from tests.benchmarks.synthetic_curves import table
from tests.benchmarks.synthetic_pool import FAMILY, POLICIES, N

pytestmark = pytest.mark.usefixtures("quiet_optuna")


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
