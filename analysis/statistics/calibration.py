"""Whether a classifier is right as often as it is sure."""

from __future__ import annotations

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
    bins = np.digitize(confidences, np.arange(1, n_bins) / n_bins, right=True)
    # Within a bin the gap is that of two means over the same images: a sum of differences.
    gaps = np.bincount(bins, weights=right - confidences, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(confidences))
