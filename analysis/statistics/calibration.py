"""Whether a classifier is right as often as it is sure."""

from __future__ import annotations

import math

import numpy as np

N_BINS = 15
"""As in Guo et al. 2017."""


def expected_calibration_error(
    right: np.ndarray, confidences: np.ndarray, *, n_bins: int = N_BINS
) -> float:
    """Return the mean gap between accuracy and confidence among images of like confidence.

    Guo et al. 2017, "On calibration of modern neural networks", equation 3: images are put into
    bins of equal width by their confidence, bin m of n holding those in ((m - 1) / n, m / n], and
    the gaps between each bin's accuracy and mean confidence are averaged over images.

    Args:
        right: Whether each image was classified rightly, bool, shape (n_images,), not empty.
        confidences: Probability of the predicted class, in [0, 1], shape (n_images,).
        n_bins: How many bins.

    Returns:
        In [0, 1]; 0 for a classifier that is right as often as it is sure.
    """
    bins = _bins(confidences, n_bins)
    # Within a bin the gap is that of two means over the same images: a sum of differences.
    gaps = np.bincount(bins, weights=right - confidences, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(confidences))


def chance_calibration_error(confidences: np.ndarray, *, n_bins: int = N_BINS) -> float:
    """Return the expected calibration error to expect of a model that is as sure as it should be.

    Each gap is an absolute value, so chance never averages out: of a bin whose images are right
    with the probability p of their confidence, the sum of hits less confidences has the variance
    sum p (1 - p), and the mean of a centred normal variable's absolute value is sqrt(2 / pi) of its
    standard deviation.

    Args:
        confidences: Probability of the predicted class, in [0, 1], shape (n_images,), not empty.
        n_bins: How many bins.
    """
    variances = np.bincount(
        _bins(confidences, n_bins), weights=confidences * (1 - confidences), minlength=n_bins
    )
    return float(np.sqrt(variances).sum() * math.sqrt(2 / math.pi) / len(confidences))


def _bins(confidences: np.ndarray, n_bins: int) -> np.ndarray:
    return np.asarray(np.digitize(confidences, np.arange(1, n_bins) / n_bins, right=True))
