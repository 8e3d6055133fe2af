from __future__ import annotations

import dataclasses
import math

import pytest

from study.records import (
    FINALIST,
    DatasetRecord,
    FamilyRecord,
    RetrainedResult,
    StudyRecord,
    TrialRecord,
    ValidatedResult,
)
from study.runs import candidates, missing_runs, planned_runs
from study.winners import lacking, pick_winner, pick_winners, results_of_winners


def family(*trials, name="custom_cnn"):
    return FamilyRecord(
        family=name,
        trials=tuple(
            TrialRecord(number=number, state=state, value=value)
            for number, (state, value) in enumerate(trials)
        ),
    )


def result(number, **changes):
    known = {
        "family": "custom_cnn",
        "configuration": "winner",
        "augmented": False,
        "seed": 0,
        "test_accuracy": 0.5,
        "source_trial": 1,
    }
    return RetrainedResult(number=number, **{**known, **changes})


@pytest.mark.parametrize(
    ("trials", "winner"),
    [
        ([("COMPLETE", 0.4), ("COMPLETE", 0.6), ("COMPLETE", 0.5)], 1),
        ([("COMPLETE", 0.6), ("COMPLETE", 0.7), ("COMPLETE", 0.7)], 1),
        ([("COMPLETE", 0.0), ("COMPLETE", 0.0)], 0),
        ([("COMPLETE", 0.4), ("PRUNED", 0.9), ("FAIL", 0.9), ("RUNNING", 0.9)], 0),
        ([("COMPLETE", math.nan), ("COMPLETE", 0.1), ("COMPLETE", math.inf)], 1),
        ([("COMPLETE", None), ("COMPLETE", 0.1)], 1),
        ([("PRUNED", 0.9), ("FAIL", None), ("WAITING", None)], None),
        ([("COMPLETE", math.nan)], None),
        ([], None),
    ],
)
def test_the_winner_is_the_earliest_completed_trial_with_the_highest_value(trials, winner):
    picked = pick_winner(family(*trials))
    assert (picked and picked.trial.number) == winner


def test_the_winner_does_not_depend_on_the_order_of_the_trials():
    trials = family(("COMPLETE", 0.7), ("COMPLETE", 0.7), ("COMPLETE", 0.2)).trials
    backwards = FamilyRecord(family="custom_cnn", trials=trials[::-1])
    assert pick_winner(backwards).trial.number == 0


def test_a_family_without_a_winner_is_left_out_and_the_order_is_kept():
    families = [
        family(("COMPLETE", 0.5), name="b"),
        family(("FAIL", None), name="c"),
        family(("COMPLETE", 0.9), name="a"),
    ]
    assert [winner.family for winner in pick_winners(families)] == ["b", "a"]


def with_params(record, *params):
    trials = [
        dataclasses.replace(trial, params=one)
        for trial, one in zip(record.trials, params, strict=True)
    ]
    return dataclasses.replace(record, trials=tuple(trials))


def validated(number, *, trial, accuracy, seed=0, **params):
    return ValidatedResult(
        number=number,
        family="custom_cnn",
        purpose=FINALIST,
        params=params,
        seed=seed,
        validation_accuracy=accuracy,
        source_trial=trial,
    )


def test_results_of_another_configuration_with_the_number_of_a_trial_do_not_count():
    searched = with_params(family(("COMPLETE", 0.6), ("COMPLETE", 0.7)), {"a": 1}, {"a": 2})
    # Of a search that was deleted since; its trial 0 was good.
    former = [validated(0, trial=0, accuracy=0.9, a=7), validated(1, trial=1, accuracy=0.5, a=8)]
    assert pick_winner(searched, former).trial.number == 1
    own = [validated(2, trial=0, accuracy=0.8, a=1), validated(3, trial=1, accuracy=0.5, a=2)]
    assert pick_winner(searched, [*former, *own]).trial.number == 0

    study = StudyRecord(
        name="s",
        dataset=DatasetRecord(name="d", classes=()),
        families=(searched,),
        retrained=(result(0, params={"a": 8}), result(1, params={"a": 2}), result(2)),
    )
    # One that does not say which it was built from is believed.
    assert [kept.number for kept in results_of_winners(study)] == [1, 2]
    runs = planned_runs(candidates(pick_winners(study.families), baselines=False), n_seeds=1)
    assert len(missing_runs(runs, study.retrained[:1])) == 2
    assert [run.augmented for run in missing_runs(runs, study.retrained[:2])] == [True]
    assert [run.augmented for run in missing_runs(runs, study.retrained[2:])] == [True]


@pytest.mark.parametrize(
    ("seeds_by_trial", "wanted", "winner"),
    [
        ({}, None, 3),
        ({3: [0, 1]}, None, 3),
        ({3: [0, 1], 0: [0, 1], 2: [0, 1]}, None, 0),
        # More seeds, but of the best trial alone.
        ({3: [0, 1, 2], 0: [0, 1], 2: [0, 1]}, (3, 3), 3),
        ({3: [0, 1, 2], 2: [0, 1]}, (2, 3), 3),
        ({3: [0, 1], 0: [0], 2: [0, 1]}, (3, 2), 2),
        # A search that went on has a new best trial, which was not trained anew yet.
        ({0: [0, 1], 2: [0, 1]}, None, 3),
    ],
)
def test_finalists_that_lack_a_seed_of_the_best_trial_are_named_and_do_not_win(
    seeds_by_trial, wanted, winner
):
    states = [("COMPLETE", 0.6), ("PRUNED", 0.9), ("COMPLETE", 0.7), ("COMPLETE", 0.8)]
    searched = family(*states)
    fresh = [
        validated(10 * trial + seed, trial=trial, accuracy=1 - trial / 10, seed=seed)
        for trial, seeds in seeds_by_trial.items()
        for seed in seeds
    ]
    assert lacking(searched, fresh) == wanted
    assert pick_winner(searched, fresh).trial.number == winner


def test_test_accuracy_has_no_say():
    trials = family(("COMPLETE", 0.6), ("COMPLETE", 0.7))
    study = StudyRecord(
        name="s",
        dataset=DatasetRecord(name="d", classes=()),
        families=(trials,),
        retrained=(
            result(0, source_trial=0, test_accuracy=1.0),
            result(1, source_trial=1, test_accuracy=0.0),
        ),
    )
    assert [kept.number for kept in results_of_winners(study)] == [1]


def test_results_of_former_winners_of_baselines_and_of_unknown_families_are_left_out():
    study = StudyRecord(
        name="s",
        dataset=DatasetRecord(name="d", classes=()),
        families=(family(("COMPLETE", 0.6), ("COMPLETE", 0.7)),),
        retrained=(
            result(0, source_trial=0),
            result(1),
            result(2, configuration="V1", source_trial=None),
            result(3, configuration="V1", source_trial=1),
            result(4, family="alexnet_lite"),
            result(5, augmented=True, seed=3),
            result(6, source_trial=None),
        ),
    )
    assert [kept.number for kept in results_of_winners(study)] == [1, 5]
