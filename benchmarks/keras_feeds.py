"""The ways to give `Model.fit` its images, and Keras's own ways to augment them.

This file imports Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.measuring import n_cores
from benchmarks.workload import N_CLASSES
from study.config import AugmentationConfig
from study.training.image_layers import random_layers

RANGES = AugmentationConfig()
"""The same ranges for every augmenter."""


def augmenting_layers() -> list[Any]:
    """Return Keras's random layers: a resampling each for rotation, shift and zoom, and a flip."""
    return random_layers(RANGES, flip=True)


def arrays(images: Any, labels: Any, batch_size: int) -> dict[str, Any]:
    """Return arrays, float32, shuffled by `fit`: how Keras's documentation trains on images."""
    return {
        "x": images.astype(np.float32),
        "y": keras.utils.to_categorical(labels, N_CLASSES),
        "batch_size": batch_size,
    }


def pipeline(images: Any, labels: Any, batch_size: int) -> dict[str, Any]:
    """Return a tf.data pipeline as TensorFlow's guide to performance advises.

    Batches are made of uint8 images, four times fewer bytes than float32. Autotuning is off: with
    it, an epoch can end in seconds of waiting.
    """
    batches = _batches(images, labels, batch_size).prefetch(2)
    return {"x": batches.with_options(_not_autotuned()), "shuffle": False}


def augmented_pipeline(images: Any, labels: Any, batch_size: int) -> dict[str, Any]:
    """Return that pipeline with Keras's random layers mapped over its batches, on all cores."""
    layers = keras.Sequential(augmenting_layers())

    def augment(batch: Any, targets: Any) -> tuple[Any, Any]:
        return layers(tf.cast(batch, tf.float32), training=True), targets

    batches = _batches(images, labels, batch_size).map(augment, num_parallel_calls=n_cores())
    return {"x": batches.prefetch(2).with_options(_not_autotuned()), "shuffle": False}


def image_data_generator(images: Any, labels: Any, batch_size: int) -> dict[str, Any]:
    """Return the classic image generator over the arrays, with one affine resampling an image."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(
        rotation_range=RANGES.rotation_degrees,
        width_shift_range=RANGES.shift_fraction,
        height_shift_range=RANGES.shift_fraction,
        zoom_range=RANGES.zoom_fraction,
        horizontal_flip=True,
        fill_mode="nearest",
    )
    targets = keras.utils.to_categorical(labels, N_CLASSES)
    return {"x": generator.flow(images.astype(np.float32), targets, batch_size=batch_size)}


FEEDS: dict[str, Callable[[Any, Any, int], dict[str, Any]]] = {
    "arrays": arrays,
    "pipeline": pipeline,
    "augmented_pipeline": augmented_pipeline,
    "image_data_generator": image_data_generator,
}
"""Arguments of `fit` from images, uint8, labels, uint8, and the batch size; by name."""


def _batches(images: Any, labels: Any, batch_size: int) -> Any:
    targets = keras.utils.to_categorical(labels, N_CLASSES)
    examples = tf.data.Dataset.from_tensor_slices((images, targets))
    return examples.shuffle(len(labels)).batch(batch_size, drop_remainder=True)


def _not_autotuned() -> Any:
    options = tf.data.Options()
    options.autotune.enabled = False
    return options
