"""The most confident mistakes and the confidences that retraining keeps."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

# Loading a saved model needs the layers that it may hold.
import search_spaces.layers  # noqa: F401
from study.config import RetrainConfig
from study.datasets import DATASETS
from study.datasets.base import Images
from study.mistakes import N_MISTAKES, encode_confidences, most_confident_mistakes
from study.storage.decoding import bytes_of
from tests.study import small


def random_test(n, *, n_wrong, levels):
    rng = np.random.default_rng(0)
    test = small.images(n)
    predicted = test.labels.copy()
    wrong = rng.choice(n, n_wrong, replace=False)
    predicted[wrong] = (predicted[wrong] + rng.integers(1, small.N_CLASSES, n_wrong)) % 3
    # Few levels make many equal confidences.
    return test, predicted, rng.choice(np.linspace(0.4, 1, levels), n).astype(np.float32)


@pytest.mark.parametrize(("n_wrong", "levels"), [(60, 4), (60, 1), (5, 100), (0, 3)])
def test_the_most_confident_mistakes_come_first_and_equal_ones_in_their_order(n_wrong, levels):
    test, predicted, confidences = random_test(200, n_wrong=n_wrong, levels=levels)
    wrong = [i for i in range(200) if predicted[i] != test.labels[i]]
    expected = sorted(wrong, key=lambda i: (-confidences[i], i))[:N_MISTAKES]

    found = most_confident_mistakes(test, predicted=predicted, confidences=confidences)

    assert [mistake["index"] for mistake in found] == expected
    for mistake in found:
        place = mistake["index"]
        assert (mistake["true"], mistake["predicted"]) == (test.labels[place], predicted[place])
        assert mistake["confidence"] == confidences[place]
        assert bytes_of(mistake["pixels"]) == test.images[place].tobytes()


def test_confidences_are_one_byte_each():
    found = bytes_of(encode_confidences(np.array([0, 0.1, 0.25, 0.5019, 1], np.float32)))
    assert list(found) == [0, 26, 64, 128, 255]


def softmax(logits):
    powers = np.exp(logits.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


def check(result, test: Images, probabilities):
    """Check what was kept of a run against its model's probabilities on the test split."""
    predicted = np.frombuffer(result.predictions, np.uint8)
    np.testing.assert_array_equal(predicted, probabilities.argmax(axis=1))
    highest = probabilities.max(axis=1)
    np.testing.assert_allclose(
        np.frombuffer(result.confidences, np.uint8) / 255, highest, atol=3e-3
    )
    wrong = np.flatnonzero(predicted != test.labels)
    assert len(result.mistakes) == min(N_MISTAKES, len(wrong)) > 0
    expected = np.sort(highest[wrong])[::-1][:N_MISTAKES]
    for mistake, confidence in zip(result.mistakes, expected, strict=True):
        assert mistake.confidence == pytest.approx(confidence, abs=1e-5)
        assert mistake.confidence == pytest.approx(highest[mistake.index], abs=1e-5)
        assert (mistake.true, mistake.predicted) == (
            test.labels[mistake.index],
            predicted[mistake.index],
        )
        assert mistake.pixels == test.images[mistake.index].tobytes()


@pytest.mark.parametrize(
    ("flips", "precision"), [(False, "float32"), (True, "float32"), (True, "bfloat16")]
)
def test_confidences_and_mistakes_are_those_of_the_models_that_were_kept(
    run_job, tmp_path, monkeypatch, flips, precision
):
    monkeypatch.setitem(DATASETS, "stripes", replace(small.dataset(), flips=flips))
    search = replace(small.config(tmp_path).search, precision=precision)
    record = run_job(search=search, retrain=RetrainConfig(epochs=1, n_seeds=1))
    best = max(record.retrained, key=lambda result: (result.test_accuracy, -result.number))
    model = keras.models.load_model(tmp_path / "out" / "models" / "small.keras", safe_mode=True)
    test = small.images(21, seed=3)
    # With a flip in testing they are the mean of both views.
    views = [test.images, test.images[:, :, ::-1]] if flips else [test.images]
    probabilities = np.mean([softmax(model.predict_on_batch(view)) for view in views], axis=0)
    check(best, test, probabilities)
