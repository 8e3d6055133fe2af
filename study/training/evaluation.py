"""Loss, scores and predictions of a model over many images, in large batches of one shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from scipy.special import softmax

from study.datasets.base import Images
from study.training.backend import active_backend
from study.training.per_model import per_model

BATCH_SIZE = 500


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Accuracy in [0, 1] and mean smoothed cross-entropy in nats."""

    accuracy: float
    loss: float


def smoothed_cross_entropy(
    scores: Any, labels: Any, *, n_classes: int, label_smoothing: float
) -> Any:
    """Return the mean cross-entropy against smoothed targets, in nats.

    The targets of Szegedy et al. (2016), section 7, are 1 - s + s / n_classes for the true class
    and s / n_classes for the others.

    Args:
        scores: Logits, float tensor, shape (n, n_classes).
        labels: True classes, integer tensor, shape (n,).
        n_classes: Number of classes.
        label_smoothing: s, in [0, 1).
    """
    ops = keras.ops
    targets = (1.0 - label_smoothing) * ops.one_hot(labels, n_classes) + label_smoothing / n_classes
    return ops.mean(ops.categorical_crossentropy(targets, scores, from_logits=True))


class Predictor:
    """Predicts with one model, traced once: a last, smaller batch is padded."""

    def __init__(self, model: keras.Model) -> None:
        # Tracing is deferred to the first batch.
        self._scores = active_backend().compiled_model(model)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32, shape (n, n_classes), of uint8 images (n, h, w, channels)."""
        size = min(BATCH_SIZE, len(images))
        parts = []
        for start in range(0, len(images), size):
            batch = images[start : start + size]
            padding = np.repeat(batch[:1], size - len(batch), axis=0)
            parts.append(self._scores(np.concatenate([batch, padding]))[: len(batch)])
        return np.concatenate(parts)


def mirrored_too(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return class probabilities averaged over images and their mirror images (test-time flip).

    Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks",
    section 4.1, without the crops.

    Args:
        predict: Gives the logits of images, as a `Predictor`.
        images: uint8, shape (n, h, w, channels).

    Returns:
        Float32, shape (n, n_classes).
    """
    views = [predict(view) for view in (images, np.ascontiguousarray(images[:, :, ::-1]))]
    shares: np.ndarray = np.mean([softmax(logits, axis=1) for logits in views], axis=0)
    return shares


@per_model
def predictor(model: keras.Model) -> Predictor:
    """Return the model's predictor, the same one as long as the model is in use: traced once."""
    return Predictor(model)


class Scorer:
    """Scores one model on the same images again and again."""

    def __init__(self, model: keras.Model, images: Images, *, label_smoothing: float) -> None:
        self._predict = predictor(model)
        self._images = images
        self._label_smoothing = label_smoothing

    def __call__(self) -> Scores:
        """Return the model's scores as it is now."""
        logits = self._predict(self._images.images)
        loss = smoothed_cross_entropy(
            logits,
            self._images.labels.astype(np.int32),
            n_classes=logits.shape[1],
            label_smoothing=self._label_smoothing,
        )
        accuracy = np.mean(logits.argmax(axis=1) == self._images.labels)
        return Scores(accuracy=float(accuracy), loss=float(loss))
