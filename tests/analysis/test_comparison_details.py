"""Selection, effects and ablation paths in `comparison.json`, against plain means."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis import comparison_json, evidence
from tests.analysis import synthetic
from tests.analysis.json_schema import problems
from tests.analysis.test_ablations import with_path

SCHEMA = json.loads(comparison_json.SCHEMA.read_text(encoding="utf-8"))
FULL = synthetic.study()
WITH_PATH = with_path([0.1, -0.05])


def of(study):
    found = json.loads(
        comparison_json.as_text(comparison_json.of_study(evidence.from_study(study)))
    )
    assert problems(found, SCHEMA, SCHEMA) == []
    return found


def mean(family, augmented):
    return np.mean(
        [
            run.test_accuracy
            for run in FULL.retrained
            if (run.family, run.augmented) == (family, augmented)
        ]
    )


def test_effects_are_contrasts_of_the_four_means():
    (found,) = of(FULL)["effects"]
    alexnet, custom = (
        np.array([mean(family, augmented) for augmented in (True, False)])
        for family in (found["first"], found["second"])
    )
    expected = {
        "family": np.mean(alexnet) - np.mean(custom),
        "augmentation": np.mean([alexnet, custom], axis=0) @ [1, -1],
        "interaction": (alexnet - custom) @ [1, -1],
    }
    assert found["seeds"] == [0, 1, 2]
    assert {name: one["mean"] for name, one in found["effects"].items()} == pytest.approx(expected)
    for one in found["effects"].values():
        assert one["low"] < one["mean"] < one["high"]
        assert one["confidence"] == 0.95


def test_selection_puts_search_fresh_seeds_and_test_side_by_side():
    known = evidence.from_study(FULL)
    for found in of(FULL)["selection"]:
        family, trial = found["family"], known.winners[found["family"]]
        fresh = [
            one.validation_accuracy
            for one in FULL.validated
            if (one.family, one.source_trial) == (family, trial.number)
        ]
        assert (found["trial"], found["searched"]) == (trial.number, trial.value)
        assert found["fresh"] == pytest.approx(np.mean(fresh))
        assert found["luck"] == pytest.approx(trial.value - np.mean(fresh))
        assert found["low"] < found["luck"] < found["high"]
        assert found["tested"] == pytest.approx(mean(family, False))
        assert found["tested_augmented"] == pytest.approx(mean(family, True))
        assert found["finalists"] == [
            {"trial": trial.number, "searched": trial.value, "seeds": [0, 1, 2], "fresh": fresh}
        ]


def test_without_fresh_seeds_the_luck_is_not_known():
    for found in of(synthetic.study(validated=False))["selection"]:
        unknown = (found["fresh"], found["luck"], found["low"], found["high"])
        assert unknown == (None, None, None, None)
        assert found["finalists"] == []


def test_a_path_holds_each_steps_accuracies_and_gain():
    (path,) = of(WITH_PATH)["ablations"]
    steps = path["steps"]
    assert [step["changed"] for step in steps] == [None, "p0", "p1"]
    assert [(step["before"], step["after"]) for step in steps[1:]] == [(0, 1), (None, 2)]
    means = [np.mean(step["accuracies"]) for step in steps]
    assert steps[0]["gain"] is None
    assert [step["gain"]["mean"] for step in steps[1:]] == pytest.approx(np.diff(means))
    assert all(step["gain"]["low"] < step["gain"]["high"] for step in steps[1:])


def test_what_was_not_run_leaves_empty_lists():
    found = of(synthetic.study(retrained=False, validated=False))
    assert (found["effects"], found["ablations"]) == ([], [])
