"""Pareto fronts against brute force, and what the charts of cost say of them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from analysis import evidence
from analysis.charts import cost, speed
from analysis.statistics.pareto import on_front
from study.records import FamilyRecord, TrialRecord
from tests.analysis import synthetic

FULL = synthetic.study()
KNOWN = evidence.from_study(FULL)


def by_brute_force(costs, scores):
    points = list(zip(costs, scores, strict=True))
    return [not any(c <= a and s >= b and (c, s) != (a, b) for c, s in points) for a, b in points]


@pytest.mark.parametrize("n_values", [3, 10, 1000])
def test_the_front_is_what_nothing_dominates(n_values):
    rng = np.random.default_rng(n_values)
    for _ in range(50):
        costs, scores = rng.integers(n_values, size=(2, 30)).tolist()
        assert on_front(costs, scores).tolist() == by_brute_force(costs, scores)


def test_points_without_a_cost_or_a_score_are_on_no_front():
    assert on_front([1.0, math.nan, 2.0], [math.nan, 9.0, 5.0]).tolist() == [False, False, True]


def test_the_chart_knows_the_fronts_of_each_family_and_of_all():
    trials = cost.compute(KNOWN).trials

    for name in cost.COSTS:
        joint = by_brute_force(trials[name], trials["accuracy"])
        assert trials[f"{name}:joint"].tolist() == joint
        for _, rows in trials.groupby("family"):
            own = by_brute_force(rows[name], rows["accuracy"])
            assert rows[f"{name}:family"].tolist() == own


def test_words_say_who_is_on_the_joint_front_and_what_the_dearest_buys():
    families = tuple(
        FamilyRecord(
            family=name,
            trials=tuple(
                TrialRecord(number=i, state="COMPLETE", value=value, n_parameters=n_parameters)
                for i, (n_parameters, value) in enumerate(trials)
            ),
        )
        for name, trials in {
            "small": [(1000, 0.5), (2000, 0.4)],
            "large": [(3000, 0.6), (9000, 0.8)],
        }.items()
    )
    study = dataclasses.replace(FULL, families=families, retrained=())

    text = cost.words(cost.compute(evidence.from_study(study)))

    assert "holds 1 of small and 2 of large" in text
    assert "from trial 0 of small (50.0 %) with 1k to trial 1 of large (80.0 %) with 9k" in text
    assert "9.0 times as many, which buy 30.0 percentage points" in text


def test_speed_takes_the_median_of_all_runs_of_a_network_whatever_the_augmentation():
    timed = tuple(
        dataclasses.replace(run, milliseconds_per_image=0.1 * (1 + run.number % 6) ** 2)
        for run in FULL.retrained
    )
    known = evidence.from_study(dataclasses.replace(FULL, retrained=timed))
    models = speed.compute(known).models

    assert len(models) == 4
    for (family, augmented), rows in models.groupby(["family", "augmented"]):
        runs = [r for r in timed if r.family == family]
        times = [r.milliseconds_per_image for r in runs]
        scores = [100 * r.test_accuracy for r in runs if r.augmented == augmented]
        assert rows["milliseconds"].item() == pytest.approx(np.median(times))
        assert (rows["fastest"].item(), rows["slowest"].item()) == (min(times), max(times))
        assert rows["accuracy"].item() == pytest.approx(np.mean(scores))
        assert rows["accuracy_sd"].item() == pytest.approx(np.std(scores, ddof=1))
        compared = known.comparison[known.comparison["family"] == family]
        assert compared["milliseconds_per_image"].tolist() == [pytest.approx(np.median(times))] * 2
    assert models["front"].tolist() == by_brute_force(models["milliseconds"], models["accuracy"])


def test_words_say_what_the_slower_model_buys():
    times = {"alexnet_lite": 0.5, "custom_cnn": 1.5}
    retrained = tuple(
        dataclasses.replace(
            result,
            milliseconds_per_image=times[result.family],
            test_accuracy=times[result.family] / 2 + 0.1 * result.augmented,
        )
        for result in FULL.retrained
    )
    study = dataclasses.replace(FULL, retrained=retrained)

    text = speed.words(speed.compute(evidence.from_study(study)))

    assert "On the front: AlexNet-lite with augmentation and custom CNN with augmentation" in text
    assert "takes 1.5 ms an image, 3.0 times as long as the fastest" in text
    assert "better by 50.0 percentage points" in text
