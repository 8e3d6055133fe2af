"""The F1 score as a mean over images, so that its precision can be told like that of any mean.

F1 is a ratio of two sums over images: twice the hits, over the images of the class plus those taken
for it. To first order such a ratio is a mean of one value an image (Cochran 1977, "Sampling
Techniques", section 6.4; Efron 1982, "The Jackknife, the Bootstrap and Other Resampling Plans",
section 6.3, the infinitesimal jackknife): the ratio plus what the image adds to it.
"""

from __future__ import annotations

import numpy as np


def f1_by_image(labels: np.ndarray, predictions: np.ndarray, n_classes: int) -> np.ndarray:
    """Return what each image says of each class's F1 score.

    Args:
        labels: True class of each image, integers in [0, n_classes).
        predictions: Predicted class of each image.
        n_classes: How many classes.

    Returns:
        Shape (n_classes, n_images), float64; the mean of a row is the F1 score of its class, the
        variance of a row over the number of images that score's sampling variance. A class that
        neither occurs nor was predicted has rows of zeros, as in scikit-learn.
    """
    classes = np.arange(n_classes)[:, None]
    true, predicted = labels == classes, predictions == classes
    hits = 2.0 * (true & predicted)
    named = true.astype(float) + predicted
    mean_named = named.mean(axis=1, keepdims=True)
    known = np.maximum(mean_named, 1 / max(labels.size, 1))
    score = hits.mean(axis=1, keepdims=True) / known
    return np.asarray(score + (hits - score * named) / known)
