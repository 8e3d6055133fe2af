"""The throughput's tables tell rounds in which a rival stood still from others."""

from __future__ import annotations

import pytest

from benchmarks.throughput import CONTENDERS, OF_KERAS, fastest, tables, unstalled


@pytest.mark.parametrize(
    ("seconds", "rounds"),
    [
        ([10.0], [0]),
        ([10.0, 12.0, 19.0], [0, 1, 2]),
        ([60.0, 10.0, 55.0, 20.0, 20.1], [1, 3]),
    ],
)
def test_a_round_of_more_than_twice_the_shortest_time_is_stalled(seconds, rounds):
    assert unstalled(seconds) == rounds


def test_the_fastest_rival_is_the_one_of_the_shortest_median():
    seconds = {"one": [1.0, 9.0, 9.0], "other": [2.0, 3.0, 50.0], "third": [1.0, 1.0, 1.0]}
    assert fastest(seconds, ("one", "other")) == "other"


def test_stalled_rounds_are_left_out_of_the_second_table_alone():
    # Keras as shipped stalls in two rounds of three; all others take as long as ours.
    seconds = {name: [10.0, 10.0, 10.0] for name in CONTENDERS}
    seconds["keras"] = [60.0, 15.0, 80.0]
    facts = {name: {"precision": "float32"} for name in CONTENDERS}
    family = {"seconds": seconds, "facts": facts, "n_images": 100, "batch_size": 10}
    all_rounds, others = tables({"measured": {"custom_cnn": family}})[:2]
    assert all_rounds.rows[0][1] == "6.00 (1.50 to 8.00): met"
    assert others.rows[0][1] == "1.50 (1.50 to 1.50) in 1 of 3: met"
    assert [row[1].removeprefix("1.00 (1.00 to 1.00) in 3 of 3") for row in others.rows[2:]] == [
        ": missed",
        "",
        ": met",
    ]


def test_keras_with_our_layers_is_one_of_keras_configurations():
    assert "keras_our_layers" in OF_KERAS
