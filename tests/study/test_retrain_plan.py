"""What is to be retrained, and in which order."""

from __future__ import annotations

import itertools

import pytest

from search_spaces import SPACES
from study.records import TrialRecord, Winner
from study.runs import Candidate, candidates, planned_runs


def winner(family="custom_cnn", *, number=7, baseline=None, seconds=None):
    trial = TrialRecord(
        number=number,
        state="COMPLETE",
        value=0.5,
        validation_accuracy=((1, 0.4), (2, 0.5)),
        training_seconds=seconds,
        params={"units": 3},
        baseline=baseline,
    )
    return Winner(family=family, trial=trial)


def test_a_winner_is_retrained_from_its_own_parameters():
    assert candidates([winner()], baselines=False) == (
        Candidate(family="custom_cnn", configuration="winner", source_trial=7, params={"units": 3}),
    )


@pytest.mark.parametrize(
    ("baseline", "named"), [(None, ["V1", "V2", "V3"]), ("V2", ["V1", "V3"]), ("V9", 3 * [...])]
)
def test_named_configurations_are_retrained_on_request_but_the_one_that_won_only_once(
    baseline, named
):
    chosen = candidates([winner(baseline=baseline)], baselines=True)
    assert chosen[0].configuration == "winner"
    assert len(chosen[1:]) == len(named)
    for candidate, name in zip(chosen[1:], named, strict=True):
        assert candidate.configuration == (candidate.configuration if name is ... else name)
        assert candidate.source_trial is None
        assert candidate.params == SPACES["custom_cnn"].baselines[candidate.configuration]


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_runs_go_seed_by_seed_so_that_wherever_they_stop_all_have_had_equally_many(n_seeds):
    chosen = candidates([winner(), winner("alexnet_lite")], baselines=False)
    runs = planned_runs(chosen, n_seeds=n_seeds)
    assert [(run.seed, run.augmented, run.candidate.family) for run in runs] == list(
        itertools.product(range(n_seeds), (False, True), ("custom_cnn", "alexnet_lite"))
    )
    assert len({run.key for run in runs}) == len(runs) == 4 * n_seeds


@pytest.mark.parametrize(
    ("seconds", "first"),
    [
        ((10.0, 20.0), "alexnet_lite"),
        ((20.0, 10.0), "custom_cnn"),
        ((None, 1.0), "alexnet_lite"),
        ((None, None), "custom_cnn"),
    ],
)
def test_the_slowest_winner_is_retrained_first_so_that_workers_end_together(seconds, first):
    names = ("custom_cnn", "alexnet_lite")
    chosen = [winner(name, seconds=one) for name, one in zip(names, seconds, strict=True)]
    runs = planned_runs(candidates(chosen, baselines=False), n_seeds=2)
    assert [run.family for run in runs[::2]] == [first] * 4
