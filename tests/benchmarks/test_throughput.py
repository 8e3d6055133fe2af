"""The throughput's tables tell rounds in which a rival stood still from others."""

from __future__ import annotations

import pytest

from benchmarks.throughput import (
    CONTENDERS,
    OF_KERAS,
    WITHOUT_BFLOAT16,
    fastest,
    tables,
    unstalled,
)
from tests.benchmarks import results


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
    assert others.rows[0][1] == "1.50 in 1 of 3: met"
    assert [row[1].removeprefix("1.00 in 3 of 3") for row in others.rows[2:]] == [
        ": missed",
        "",
        ": met",
    ]


def test_keras_with_our_layers_is_one_of_keras_configurations():
    assert "keras_our_layers" in OF_KERAS


def test_without_bfloat16_all_compute_in_float32_and_are_held_to_the_same_precision():
    assert {contender.spec["precision"] for contender in WITHOUT_BFLOAT16.values()} == {"float32"}
    result = results.throughput(
        contenders=WITHOUT_BFLOAT16, ours=[1.0, 1.0], keras=[1.2, 1.2], torch_tuned=[0.9, 0.9]
    )
    promised, *_, contenders = tables(result)
    shown = {row[0]: row[1] for row in promised.rows}
    assert shown["Keras as shipped"] == "1.20: missed"
    assert shown["PyTorch's fastest"] == "0.90: met"
    assert len(shown) == 4
    assert len(contenders.rows) == len(WITHOUT_BFLOAT16)
