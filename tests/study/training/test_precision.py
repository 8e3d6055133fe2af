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
    ("looks", "on_many", "n_on_many", "speed_up"),
    [
        ((13.0, 11.0, 12.0), 9.0, 0, 1 / 12),
        ((13.0, 2.0, 12.0), 9.0, 5, 1 / 9),
        ((13.0, 2.0, 12.0), 0.5, 5, 2.0),
        ((1.0, 1.0, 1.0), 0.5, 5, 2.0),
    ],
)
def test_many_images_are_measured_unless_each_look_at_a_few_finds_bfloat16_hopeless(
    looks, on_many, n_on_many, speed_up, monkeypatch
):
    tracing = 100.0  # What a step's first call takes.
    seconds = {
        ("float32", precision.FEW_IMAGES): [tracing, 1.0, 1.0, 1.0],
        ("bfloat16", precision.FEW_IMAGES): [tracing, *looks],
        ("float32", precision.MANY_IMAGES): [tracing] + [1.0] * (2 + n_on_many),
        ("bfloat16", precision.MANY_IMAGES): [tracing] + [on_many] * n_on_many,
    }
    monkeypatch.setattr(precision, "_step", lambda dtype, n_images: (dtype, n_images))
    monkeypatch.setattr(precision, "_seconds", lambda step: seconds[step].pop(0))
    assert precision.bfloat16_speed_up.__wrapped__(5) == pytest.approx(speed_up)
    assert len(seconds["bfloat16", precision.MANY_IMAGES]) == (0 if n_on_many else 1)


def test_steps_are_made_longer_until_a_gpu_is_measured_and_not_how_it_is_handed_work(monkeypatch):
    measured = []

    def timed(step):
        measured.append(step)
        return 1e-3

    monkeypatch.setattr(precision, "_step", lambda dtype, n_images: (dtype, n_images))
    monkeypatch.setattr(precision, "_seconds", timed)
    assert precision.bfloat16_speed_up.__wrapped__(5) == 1.0
    assert max(measured) == ("float32", precision.MOST_IMAGES)
    assert measured.count(("bfloat16", precision.MOST_IMAGES)) == 1 + 5


@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
def test_a_model_computes_in_the_active_precision_keeps_float32_weights_and_learns(chosen):
    precision.activate(chosen)
    model = small_model()
    assert model.layers[3].compute_dtype == chosen
    assert {weight.dtype for weight in model.weights} == {"float32"}
    history = train(model, validation=small.images(30), epochs=8)
    assert history[-1].validation_accuracy > 0.9
    assert evaluation.Predictor(model)(small.images(3).images).dtype == np.float32
