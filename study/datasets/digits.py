"""scikit-learn's digits (Alpaydin and Kaynak 1998): 1,797 handwritten digits, 8 x 8, embedded."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from study.datasets.base import Dataset, Images, UInt8Array
from study.datasets.digests import DIGESTS, sha256_by_array, verify
from study.datasets.sampling import draw_ranks

ENLARGEMENT = 4
TEST_FRACTION = 0.2


def load_training(data_dir: Path) -> Images:
    """Return the training images, four fifths of each class; `data_dir` is not used."""
    arrays = _arrays()
    return Images(images=enlarge(arrays["x_train"]), labels=arrays["y_train"])


def load_test(data_dir: Path) -> Images:
    """Return the test images, one fifth of each class; `data_dir` is not used."""
    arrays = _arrays()
    return Images(images=enlarge(arrays["x_test"]), labels=arrays["y_test"])


def enlarge(images: UInt8Array) -> UInt8Array:
    """Return 8 x 8 images of 0..16, (n, 8, 8), as 32 x 32 ones of 0..255, (n, 32, 32, 1).

    Each pixel becomes a square of pixels: the same bytes on every machine, unlike interpolation.
    """
    brightened = ((images.astype(np.uint16) * 255 + 8) // 16).astype(np.uint8)
    return brightened.repeat(ENLARGEMENT, axis=1).repeat(ENLARGEMENT, axis=2)[..., np.newaxis]


@cache
def _arrays() -> dict[str, UInt8Array]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    n_test = np.round(np.bincount(labels) * TEST_FRACTION).astype(int)
    is_test = draw_ranks(labels, seed=0) < n_test[labels]
    arrays = {
        "x_train": images[~is_test],
        "y_train": labels[~is_test],
        "x_test": images[is_test],
        "y_test": labels[is_test],
    }
    verify(
        arrays,
        DIGESTS["digits"],
        origins=dict.fromkeys(arrays, "scikit-learn's own copy of the digits"),
        remedy="Install the version of scikit-learn that pyproject.toml names.",
    )
    return arrays


DIGITS = Dataset(
    name="digits",
    classes=tuple("0123456789"),
    flips=False,
    digests=sha256_by_array("digits"),
    load_training=load_training,
    load_test=load_test,
    image_shape=(32, 32, 1),
)
