"""The tables of a GPU's benchmark, from numbers made up here: no GPU is needed."""

from __future__ import annotations

import pytest

from benchmarks.gpu import tables


def result(accuracies):
    return {
        "settings": {"trials": 10},
        "measured": {
            "throughput": {"custom_cnn": {"n_images": 100, "seconds": {"jax, float32": [2.0]}}},
            "trial_seconds": {"1": [100.0, 200.0, 400.0], "4": [20.0, 50.0, 100.0]},
            "accuracies": accuracies,
        },
    }


BOTH = {"custom_cnn": {"plain": [0.81, 0.83], "augmented": [0.87]}}


def test_trials_an_hour_are_given_with_how_many_times_as_many_as_of_one_worker():
    rates, sharing, _ = tables(result(BOTH))
    assert rates.rows == [["jax, float32", "50"]]
    assert sharing.title == "Trials on one GPU (target: 4 times one worker: met)"
    assert sharing.rows == [
        ["1", "180 (90 to 360)", "1.00"],
        ["4", "720 (360 to 1,800)", "4.00 (4.00 to 5.00)"],
    ]


@pytest.mark.parametrize(
    ("accuracies", "plain", "augmented"),
    [
        (BOTH, ["custom_cnn 82.0 %", "80 %: met"], ["custom_cnn 87.0 %", "88 %: missed"]),
        (
            {"custom_cnn": {"plain": [0.5]}},
            ["custom_cnn 50.0 %", "80 %: missed"],
            ["", "88 %: missed"],
        ),
        ({}, ["", "80 %: missed"], ["", "88 %: missed"]),
    ],
)
def test_goals_are_judged_also_where_runs_failed(accuracies, plain, augmented):
    goals = tables(result(accuracies))[-1]
    assert goals.rows == [["plain", *plain], ["augmented", *augmented]]
