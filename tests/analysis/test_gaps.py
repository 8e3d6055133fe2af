"""Everything that is missing must be said, and nothing that is there."""

from __future__ import annotations

import dataclasses

import pytest

from analysis import evidence
from analysis.gaps import MAX_REASON_CHARACTERS, failures, gaps
from study.records import StudyRecord, TrialRecord
from tests.analysis import synthetic
from tests.analysis.synthetic_draws import with_draws

FULL = synthetic.study()
ALEXNET, CUSTOM = FULL.families


def with_custom(**changes) -> StudyRecord:
    return dataclasses.replace(FULL, families=(ALEXNET, dataclasses.replace(CUSTOM, **changes)))


def fewer_seeds() -> StudyRecord:
    kept = [r for r in FULL.retrained if (r.family, r.augmented, r.seed) != ("custom_cnn", True, 2)]
    return dataclasses.replace(FULL, retrained=tuple(kept))


CASES = {
    "not retrained": (
        synthetic.study(retrained=False),
        "The winner of custom CNN with augmentation has not been retrained yet.",
    ),
    "fewer seeds": (fewer_seeds(), "custom CNN with augmentation has 2 of 3 seeds so far."),
    "one sample": (
        FULL,
        "of training images that was drawn has not been measured: python -m study run",
    ),
    "no random trials": (synthetic.study(validated=False), "30 --measure-trials 20"),
    "no path": (synthetic.study(validated=False), "python -m study ablate --name cifar10"),
    "one seed": (synthetic.study(seeds=(0,)), "with one seed, so the spread is not known"),
    "one family": (synthetic.study(families=("custom_cnn",)), "Only one family was searched"),
    "no roles": (with_custom(roles={}), "custom CNN: which hyperparameters are scientific"),
    "fewer trials": (
        with_custom(settings={"trials": 50}),
        "custom CNN: 30 of the 50 trials asked for have finished.",
    ),
    "still running": (
        with_custom(trials=(*CUSTOM.trials, TrialRecord(number=30, state="RUNNING"))),
        "custom CNN: trials waiting or still running: 1.",
    ),
    "nothing completed": (
        dataclasses.replace(
            FULL, families=(ALEXNET, synthetic.without_completed(CUSTOM)), retrained=()
        ),
        "custom CNN: no trial has completed",
    ),
    "bare": (synthetic.bare(FULL), "Trials without a learning curve"),
    "former winners": (
        dataclasses.replace(
            FULL,
            retrained=tuple(
                dataclasses.replace(result, source_trial=999) for result in FULL.retrained
            ),
        ),
        "are left out: 12.",
    ),
}


@pytest.mark.parametrize(("study", "sentence"), CASES.values(), ids=CASES)
def test_what_is_missing_is_said(study, sentence):
    assert any(sentence in said for said in gaps(evidence.from_study(study)))


def test_a_whole_study_has_no_gaps():
    assert gaps(evidence.from_study(with_draws(FULL, 3))) == ()


def test_failures_are_grouped_by_reason_and_put_on_one_short_line():
    reasons = ["out of memory", "out of memory", "line one\nline two", "x" * 1000, None]
    failed = tuple(
        TrialRecord(number=i, state="FAIL", failure=reason) for i, reason in enumerate(reasons)
    )
    study = with_custom(trials=failed)
    study = dataclasses.replace(study, families=study.families[1:], retrained=())

    rows = failures(evidence.from_study(study))

    assert rows[0] == ("custom_cnn", "out of memory", 2)
    assert ("custom_cnn", "line one line two", 1) in rows
    assert ("custom_cnn", "no reason recorded", 1) in rows
    assert max(len(reason) for _, reason, _ in rows) == MAX_REASON_CHARACTERS
