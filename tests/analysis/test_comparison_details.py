"""What stands behind the verdicts in `comparison.json`, against plain numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis import comparison_json, evidence
from tests.analysis import synthetic
from tests.analysis.json_schema import problems
from tests.analysis.synthetic_draws import with_draws
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
    assert path["gain"]["mean"] == pytest.approx(means[-1] - means[0])
    assert all(step["gain"]["low"] < step["gain"]["high"] for step in steps[1:])


def test_what_was_not_run_leaves_empty_lists():
    found = of(synthetic.study(retrained=False, validated=False))
    assert (found["effects"], found["ablations"], found["variance"]) == ([], [], [])
    assert [one["as_they_are"] or one["at_matched_size"] for one in found["matched"]] == [None]


def test_the_seeds_part_is_the_mean_of_the_variances_within_draws():
    drawn = with_draws(FULL, 3)
    runs = (*drawn.retrained, *drawn.redrawn)
    for found in of(drawn)["variance"]:
        own = [r for r in runs if (r.family, r.augmented) == (found["family"], found["augmented"])]
        by_draw = [[r.test_accuracy for r in own if r.draw == draw] for draw in range(3)]
        seed = found["sources"]["seed"]
        assert seed["deviation"] == pytest.approx(
            np.sqrt(np.mean([np.var(one, ddof=1) for one in by_draw]))
        )
        assert seed["low"] < seed["deviation"] < seed["high"]
        assert (seed["confidence"], seed["was_negative"]) == (0.9, False)
        assert (found["seeds_by_draw"], found["not_known"]) == ([3, 3, 3], {})


def test_one_sample_says_nothing_of_others_and_why():
    found = of(FULL)
    assert found["redrawn"] == []
    for budget in found["variance"]:
        assert budget["sources"]["sample_draw"] is None
        assert budget["not_known"] == {"sample_draw": "too few draws (--draws 3)"}


@pytest.mark.parametrize(("n_draws", "known"), [(2, False), (3, True)])
def test_a_difference_is_told_on_each_draw(n_draws, known):
    drawn = with_draws(FULL, n_draws)
    found = of(drawn)
    runs = (*drawn.retrained, *drawn.redrawn)

    def score(side, draw):
        wanted = (draw, side["family"], side["augmented"])
        return np.mean([r.test_accuracy for r in runs if (r.draw, r.family, r.augmented) == wanted])

    for told, verdict in zip(found["redrawn"], found["verdicts"], strict=True):
        expected = [
            score(told["first"], draw) - score(told["second"], draw) for draw in range(n_draws)
        ]
        assert told["differences"] == pytest.approx(expected)
        assert told["differences"][0] == pytest.approx(verdict["difference"])
        assert (told["sample_draw"] is not None) == known


def test_winners_and_the_rival_of_matched_size_are_compared_by_fresh_seeds():
    (found,) = of(FULL)["matched"]

    def fresh(trained):
        scores = {
            one.seed: one.validation_accuracy
            for one in FULL.validated
            if (one.family, one.source_trial) == (trained["family"], trained["trial"])
        }
        return np.array([scores[seed] for seed in (0, 1, 2)])

    assert found["smaller"]["n_parameters"] < found["larger"]["n_parameters"]
    assert found["rival"]["family"] == found["larger"]["family"]
    assert found["rival"]["n_parameters"] <= found["most_parameters"]
    assert found["most_parameters"] == int(1.1 * found["smaller"]["n_parameters"])
    both = found["as_they_are"], found["at_matched_size"]
    for compared, larger in zip(both, (found["larger"], found["rival"]), strict=True):
        assert larger in (compared["first"], compared["second"])
        assert found["smaller"] in (compared["first"], compared["second"])
        expected = fresh(compared["first"]) - fresh(compared["second"])
        assert compared["seeds"] == [0, 1, 2]
        assert compared["differences"] == pytest.approx(expected)
        assert compared["difference"] == pytest.approx(expected.mean())
