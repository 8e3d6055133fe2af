from __future__ import annotations

import math

import numpy as np
import pytest

from study.training import evaluation, precision
from tests.study import small
from tests.study.training.fitting import small_model, train


@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
def test_a_named_precision_is_taken_without_measuring(chosen, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_speed_up", None)
    assert precision.resolve(chosen) == chosen


@pytest.mark.parametrize(
    ("speed_up", "chosen"),
    [
        (0.5, "float32"),
        (1.0, "float32"),
        (precision.REQUIRED_SPEED_UP - 0.01, "float32"),
        (precision.REQUIRED_SPEED_UP, "bfloat16"),
        (3.0, "bfloat16"),
    ],
)
def test_auto_takes_bfloat16_only_where_it_is_clearly_faster(speed_up, chosen, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_speed_up", lambda: speed_up)
    assert precision.resolve("auto") == chosen


def test_the_speed_up_is_measured():
    assert 0 < precision.bfloat16_speed_up(repeats=1) < math.inf


@pytest.mark.parametrize(
    ("seconds", "n_measured", "speed_up"),
    [((1.0, 13.0), 1, 1 / 13), ((1.0, 1.5), 5, 1 / 1.5), ((1.0, 0.5), 5, 2.0)],
)
def test_the_speed_up_is_measured_again_and_again_unless_it_is_hopeless(
    seconds, n_measured, speed_up, monkeypatch
):
    measured = []

    def timed(step):
        measured.append(step)
        return seconds[step == "bfloat16"]

    monkeypatch.setattr(precision, "_step", lambda dtype, n_images: dtype)
    monkeypatch.setattr(precision, "_seconds", timed)
    assert precision.bfloat16_speed_up.__wrapped__(5) == pytest.approx(speed_up)
    assert measured.count("bfloat16") == 1 + n_measured  # The first one only traces.


@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
def test_a_model_computes_in_the_active_precision_keeps_float32_weights_and_learns(chosen):
    precision.activate(chosen)
    model = small_model()
    assert model.layers[3].compute_dtype == chosen
    assert {weight.dtype for weight in model.weights} == {"float32"}
    history = train(model, validation=small.images(30), epochs=8)
    assert history[-1].validation_accuracy > 0.9
    assert evaluation.Predictor(model)(small.images(3).images).dtype == np.float32
