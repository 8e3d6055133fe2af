"""What is kept of a model's test, checked against the probabilities that it gives."""

from __future__ import annotations

import numpy as np
import pytest

from study.datasets.base import Images
from study.mistakes import N_MISTAKES


def softmax(logits):
    powers = np.exp(logits.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


def check_kept(result, test: Images, probabilities):
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
