"""The most confident mistakes and the confidences that retraining keeps."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from study.config import RetrainConfig
from study.datasets import DATASETS
from study.mistakes import N_MISTAKES, encode_confidences, most_confident_mistakes
from study.storage.decoding import bytes_of
from tests.study import small
from tests.study.kept_of_tests import check_kept, softmax


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
    check_kept(best, test, probabilities)
