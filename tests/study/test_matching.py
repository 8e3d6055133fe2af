"""Which trials are compared at equally many parameters, and how they are trained."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from optuna.distributions import IntDistribution, distribution_to_json

from search_spaces import SPACES
from study import job
from study.config import RetrainConfig
from study.matching import size_matches
from study.records import (
    ABLATION,
    FINALIST,
    MATCHED,
    DatasetRecord,
    FamilyRecord,
    StudyRecord,
    TrialRecord,
    ValidatedResult,
)
from study.validate import Validator
from study.validated import ValidatedModel
from study.validation_runs import matched_runs
from tests.study import small
from tests.study.local_workers import LocalWorkers
from tests.study.written import write


def trial(number, n_parameters, value=None, *, curve=(), state=None):
    return TrialRecord(
        number=number,
        state=state or ("COMPLETE" if value is not None else "PRUNED"),
        value=value,
        params={"units": number},
        n_parameters=n_parameters,
        validation_accuracy=tuple(enumerate(curve, start=1)),
    )


SMALL = FamilyRecord(family="small", trials=(trial(0, 100, 0.7), trial(1, 90, 0.6)))


def large(*trials):
    return FamilyRecord(family="large", trials=(trial(0, 400, 0.9), *trials))


@pytest.mark.parametrize(
    ("family", "found"),
    [
        # The best completed one of at most a tenth more.
        (large(trial(1, 111, 0.8), trial(2, 110, 0.6), trial(3, 50, 0.5)), 2),
        (large(trial(1, 110, 0.5), trial(2, 50, 0.6)), 2),
        # One that was trained to the end comes before one that was stopped, however good.
        (large(trial(1, 80, curve=(0.9,)), trial(2, 80, 0.3)), 2),
        # Of those that were stopped, the one that came furthest, and of these the best.
        (large(trial(1, 80, curve=(0.9,)), trial(2, 80, curve=(0.1, 0.2))), 2),
        (large(trial(1, 80, curve=(0.3, 0.1)), trial(2, 80, curve=(0.1, 0.2))), 2),
        (large(trial(1, 80, curve=(0.1,)), trial(2, 80, curve=(0.1,))), 1),
        (large(trial(1, 80, curve=(0.9,), state="FAIL"), trial(2, 80), trial(3, None, 0.8)), None),
        (large(), None),
    ],
)
def test_the_rival_is_the_best_trial_of_the_larger_family_that_is_small_enough(family, found):
    for families in ((SMALL, family), (family, SMALL)):
        (match,) = size_matches(families)
        assert (match.larger.family, match.smaller.family) == ("large", "small")
        assert match.limit == 110
        assert (match.trial.number if match.trial else None) == found


def test_a_larger_winner_that_is_small_enough_is_its_own_rival_even_where_others_scored_higher():
    close = FamilyRecord(family="large", trials=(trial(0, 105, 0.9), trial(1, 80, 0.8)))
    fresh = [
        ValidatedResult(
            number=number,
            family="large",
            purpose=FINALIST,
            params={},
            seed=0,
            validation_accuracy=accuracy,
            source_trial=number,
        )
        for number, accuracy in ((0, 0.6), (1, 0.7))
    ]
    assert size_matches([SMALL, close])[0].trial.number == 0
    # Fresh seeds named the other one winner, which is the smaller of the two families' now.
    (match,) = size_matches([SMALL, close], fresh)
    assert (match.larger.family, match.smaller.trial.number) == ("small", 1)


def test_families_without_a_winner_or_of_unknown_size_are_not_matched():
    empty = FamilyRecord(family="none", trials=(trial(0, 10, curve=(0.5,)),))
    unknown = FamilyRecord(family="unknown", trials=(trial(0, None, 0.5),))
    assert size_matches([SMALL, empty, unknown]) == ()
    assert len(size_matches([SMALL, large(), FamilyRecord(family="x", trials=SMALL.trials)])) == 3


def test_both_winners_and_the_rival_are_run_with_each_seed_or_it_is_said_why_not(caplog):
    with caplog.at_level(logging.WARNING):
        runs = matched_runs(size_matches([SMALL, large(trial(1, 80, 0.5))]), n_seeds=2)
        assert caplog.messages == []
        assert matched_runs(size_matches([SMALL, large()]), n_seeds=2) == ()
    assert [(run.seed, run.family, run.source_trial) for run in runs] == [
        (seed, *one) for seed in (0, 1) for one in (("small", 0), ("large", 0), ("large", 1))
    ]
    assert {run.purpose for run in runs} == {MATCHED}
    assert caplog.messages == [
        "No trial of large has 110 parameters or fewer: it is not compared at the size of small."
    ]


def scored_only(self, run):
    """Stand in for the training of a run."""
    return ValidatedModel(
        started=datetime(2030, 1, 1, tzinfo=UTC),
        accuracy_by_epoch={1: 0.5},
        attributes={
            "purpose": run.purpose,
            "source_trial": run.source_trial,
            "hyperparameters": dict(run.params),
        },
    )


def test_ablate_trains_what_is_compared_from_the_same_seeds_and_once(
    tmp_path, small_parts, monkeypatch
):
    monkeypatch.setattr(job, "WorkerPool", LocalWorkers)
    monkeypatch.setattr(Validator, "_run", scored_only)
    monkeypatch.setitem(SPACES, "wide", small.space("wide"))
    units = {"units": distribution_to_json(IntDistribution(0, 9))}
    families = [
        FamilyRecord(
            family=name,
            trials=tuple(
                replace(
                    trial(number, n_parameters, value, curve=(value,)),
                    distributions=units,
                    baseline="V1" if number == 0 else None,
                )
                for number, (n_parameters, value) in enumerate(trials)
            ),
            baselines={"V1": {"units": 0}},
        )
        for name, trials in (
            ("small", [(80, 0.3), (100, 0.6)]),
            ("wide", [(300, 0.4), (110, 0.5), (400, 0.7)]),
        )
    ]
    changes = {"families": ("small", "wide"), "retrain": RetrainConfig(n_seeds=2)}
    config = small.config(tmp_path, **changes)
    dataset = DatasetRecord(name="stripes", classes=("left", "middle", "right"))
    write(config.storage_url, StudyRecord(name=config.name, dataset=dataset, families=families))
    options = {"sample": small.sample(), "progress": small.silent_progress()}

    studied = job.ablate(config, **options)

    made = [(one.purpose, one.family, one.params["units"], one.seed) for one in studied.validated]
    assert made == [
        (purpose, family, number, seed)
        for purpose, ends in (
            (ABLATION, [("small", 0), ("small", 1), ("wide", 0), ("wide", 2)]),
            (MATCHED, [("wide", 1)]),
        )
        for seed in (0, 1)
        for family, number in ends
    ]
    assert [one.source_trial for one in studied.validated[-2:]] == [1, 1]
    assert job.ablate(config, **options).validated == studied.validated
