"""The test images that a model took for something else with the greatest confidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from study.byte_coding import encode_bytes
from study.datasets.base import Images

N_MISTAKES = 8
"""Of each retrained model as many are kept, with their pixels."""


def most_confident_mistakes(
    test: Images, *, predicted: npt.NDArray[np.uint8], confidences: npt.NDArray[np.floating[Any]]
) -> list[dict[str, Any]]:
    """Return what `docs/records.md` calls `mistakes`.

    Args:
        test: The whole test split.
        predicted: Predicted class of each image, shape (n,).
        confidences: Probability of that class, in [0, 1], shape (n,).

    Returns:
        At most `N_MISTAKES`, the most confident first, among equals the first in the test split.
    """
    wrong = np.flatnonzero(predicted != test.labels)
    order = np.argsort(-confidences[wrong], kind="stable")
    return [
        {
            "index": int(index),
            "true": int(test.labels[index]),
            "predicted": int(predicted[index]),
            "confidence": float(confidences[index]),
            "pixels": encode_bytes(test.images[index].tobytes()),
        }
        for index in wrong[order][:N_MISTAKES]
    ]


def encode_confidences(confidences: npt.NDArray[np.floating[Any]]) -> str:
    """Return what `docs/records.md` calls `confidences`, of probabilities in [0, 1], shape (n,)."""
    return encode_bytes(np.rint(255 * confidences).astype(np.uint8).tobytes())
