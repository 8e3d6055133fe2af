"""A small dataset, a small family and the objects around them, for tests that need no real ones."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from search_spaces import SearchSpace
from study.config import RetrainConfig, SearchConfig, StudyConfig
from study.datasets.base import Dataset, Images
from study.datasets.sampling import Sample
from study.progress import Progress

N_CLASSES = 3
IMAGE_SHAPE = (8, 6, 1)
NUISANCE = {
    "learning_rate": 3e-3,
    "weight_decay": 1e-3,
    "batch_size": 64,
    "label_smoothing": 0.0,
}


def images(n: int, *, seed: int = 0, image_shape: tuple[int, int, int] = IMAGE_SHAPE) -> Images:
    """Return images that are easy to tell apart: each class is bright in a third of the columns."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % N_CLASSES).astype(np.uint8)
    pixels = rng.integers(0, 90, size=(n, *image_shape), dtype=np.uint8)
    third = image_shape[1] // N_CLASSES
    for image, label in zip(pixels, labels, strict=True):
        image[:, label * third : (label + 1) * third] += 150
    return Images(images=pixels, labels=labels)


def sample(n_train: int = 48, n_validation: int = 12) -> Sample:
    return Sample(train=images(n_train, seed=1), validation=images(n_validation, seed=2))


def dataset(
    *,
    name: str = "stripes",
    n_train: int = 60,
    load_test: Callable[[Path], Images] = lambda _folder: images(21, seed=3),
) -> Dataset:
    return Dataset(
        name=name,
        classes=("left", "middle", "right"),
        flips=False,
        digests={"x_train": "0" * 64},
        load_training=lambda _folder: images(n_train, seed=1),
        load_test=load_test,
        image_shape=IMAGE_SHAPE,
    )


def build(params: Any, *, image_shape: tuple[int, int, int], n_classes: int, seed: int) -> Any:
    import keras

    inputs = keras.Input(image_shape)
    features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    hidden = keras.layers.Dense(
        params["units"],
        activation="relu",
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
    )(features)
    logits = keras.layers.Dense(
        n_classes, kernel_initializer=keras.initializers.HeNormal(seed=seed + 1), dtype="float32"
    )(hidden)
    return keras.Model(inputs, logits)


def space(name: str = "small", **changes: Any) -> SearchSpace:
    attributes: dict[str, Any] = {
        "name": name,
        "title": name.title(),
        "suggest_architecture": lambda suggester: {"units": suggester.suggest_int("units", 2, 512)},
        "scientific": ("units",),
        "baselines": {"B1": {"units": 8, **NUISANCE}, "B2": {"units": 16, **NUISANCE}},
        "build": build,
        "count_parameters": lambda params, **_shape: params["units"],
    }
    return SearchSpace(**{**attributes, **changes})


def config(folder: Path, **changes: Any) -> StudyConfig:
    attributes: dict[str, Any] = {
        "name": "trial-run",
        "dataset": "stripes",
        "families": ("small",),
        "storage_url": f"sqlite:///{folder / 'studies.db'}",
        "data_dir": folder,
        "out": folder / "out",
        "search": SearchConfig(
            n_trials=3, epochs=1, fraction=1.0, precision="float32", sampler="random"
        ),
        "retrain": RetrainConfig(epochs=1, n_seeds=1),
        "command": "python -m study run",
    }
    return StudyConfig(**{**attributes, **changes})


def silent_progress() -> Progress:
    return Progress(console=Console(file=io.StringIO()), quiet=True)


def started_progress() -> Progress:
    progress = silent_progress()
    progress.retraining_started(0, target=4)
    return progress
