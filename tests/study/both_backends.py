"""Trains one small model on digits; `test_jax.py` runs it as a program under JAX too."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np

from search_spaces.layers import SeededLayers, scale_pixels
from study.config import AugmentationConfig
from study.datasets import DATASETS
from study.datasets.base import Images
from study.training.fit import FitConfig
from study.training.loop import Training
from study.training.precision import activate

EPOCHS, N_IMAGES = 4, 320


def begin(folder: Path, *, precision: str = "float32", augmentation=None) -> Training:
    """Begin a run from the initial weights in the folder, which the first call leaves there."""
    activate(precision)
    digits = DATASETS["digits"].load_training(folder)
    images = Images(images=digits.images[:N_IMAGES], labels=digits.labels[:N_IMAGES])
    layers, inputs = SeededLayers(0), keras.Input(images.image_shape)
    features = keras.layers.MaxPooling2D(4)(scale_pixels(inputs))
    features = layers.convolution(features, 8, 3, batch_normalization=True)
    features = layers.dense(keras.layers.Flatten()(features), 16)
    model = keras.Model(inputs, layers.logits(features, 10))
    path = folder / "initial.npz"
    if not path.exists():
        np.savez(path, *model.get_weights())
    with np.load(path, allow_pickle=False) as arrays:
        model.set_weights(list(arrays.values()))
    config = FitConfig(
        epochs=EPOCHS,
        batch_size=32,
        learning_rate=0.005,
        weight_decay=0.01,
        label_smoothing=0.1,
        seed=0,
        augmentation=augmentation,
    )
    return Training(model, images, images, config=config)


def curve(training: Training) -> list[list[float]]:
    """Train to the end and return each epoch's training and validation loss."""
    scores = [training.run_epoch() for _ in range(training.epoch, EPOCHS)]
    return [[epoch.training_loss, epoch.validation_loss] for epoch in scores]


def main(folder: Path) -> None:
    results = {
        "float32": curve(begin(folder)),
        "bfloat16": curve(begin(folder, precision="bfloat16")),
        "augmented": curve(begin(folder, augmentation=AugmentationConfig())),
    }
    restored = begin(folder)
    restored.restore(folder / "tensorflow.npz")
    results["restored"] = curve(restored)
    results["loaded"] = sorted({"jax", "tensorflow"} & set(sys.modules))
    (folder / "jax.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
