"""Made-up confidences and misclassified images of a made-up retrained model."""

from __future__ import annotations

from typing import Any

import numpy as np

from study.records import Mistake

IMAGE_SHAPE = (32, 32, 3)
N_MISTAKES = 8


def kept(labels: np.ndarray, predictions: np.ndarray, *, seed: int) -> dict[str, Any]:
    """Return `confidences` and `mistakes` of a result: surer where it is right.

    Args:
        labels: True class of each test image.
        predictions: Predicted class of each test image.
        seed: Of the confidences.
    """
    rng = np.random.default_rng(seed)
    wrong = predictions != labels
    confidences = np.where(wrong, rng.beta(4, 4, labels.size), rng.beta(8, 2, labels.size))
    order = sorted(np.flatnonzero(wrong), key=lambda i: (-confidences[i], i))
    return {
        "confidences": np.rint(255 * confidences).astype(np.uint8).tobytes(),
        "mistakes": tuple(
            Mistake(
                index=int(i),
                true=int(labels[i]),
                predicted=int(predictions[i]),
                confidence=float(confidences[i]),
                pixels=_picture(int(i)),
            )
            for i in order[:N_MISTAKES]
        ),
    }


def _picture(index: int) -> bytes:
    """Return a gradient that differs from image to image."""
    rows, columns, channels = np.indices(IMAGE_SHAPE)
    return ((5 * rows + 3 * columns + 60 * channels + index) % 256).astype(np.uint8).tobytes()
