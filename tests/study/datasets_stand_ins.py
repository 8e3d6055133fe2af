"""Tiny stand-ins for CIFAR-10 and MNIST, written in every form that a source may have them in."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import struct
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from study.datasets.digests import ArrayDigest

Arrays = Mapping[str, np.ndarray]

N_CLASSES = 10
MEBIBYTE = 2**20


def tiny_arrays(name: str) -> dict[str, np.ndarray]:
    """Return random images and balanced labels: 50 and 20 like CIFAR-10's, or like MNIST's."""
    image_shape = {"cifar10": (32, 32, 3), "mnist": (28, 28)}[name]
    rng = np.random.default_rng(len(name))
    arrays = {}
    for split, n in (("train", 50), ("test", 20)):
        arrays[f"x_{split}"] = rng.integers(0, 256, size=(n, *image_shape), dtype=np.uint8)
        arrays[f"y_{split}"] = rng.permutation(np.arange(n) % N_CLASSES).astype(np.uint8)
    return arrays


def digests_of(arrays: Arrays) -> dict[str, ArrayDigest]:
    return {
        name: ArrayDigest(shape=array.shape, sha256=hashlib.sha256(array.tobytes()).hexdigest())
        for name, array in arrays.items()
    }


# CIFAR-10's official batches


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]
    """Writes bytes as Python 2 wrote its strings, which is how the official batches are."""

    dispatch = pickle._Pickler.dispatch.copy()  # type: ignore[attr-defined]

    def save_bytes(self, data: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(data)

    dispatch[bytes] = save_bytes


def batch_bytes(images: np.ndarray, labels: np.ndarray) -> bytes:
    batch = {
        b"batch_label": b"training batch 1 of 5",
        b"labels": [int(label) for label in labels],
        b"data": np.ascontiguousarray(images.transpose(0, 3, 1, 2).reshape(len(images), 3072)),
        b"filenames": [b"leptodactylus_pentadactylus_s_000004.png"] * len(labels),
    }
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(batch)
    return file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batches(arrays: Arrays) -> dict[str, bytes]:
    parts = zip(np.split(arrays["x_train"], 5), np.split(arrays["y_train"], 5), strict=True)
    return {
        **{f"data_batch_{i}": batch_bytes(*part) for i, part in enumerate(parts, start=1)},
        "test_batch": batch_bytes(arrays["x_test"], arrays["y_test"]),
    }


def tar(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def tar_gz(members: Mapping[str, bytes]) -> bytes:
    return gzip.compress(tar(members))


def cifar_archive(arrays: Arrays) -> bytes:
    members = {f"cifar-10-batches-py/{name}": data for name, data in batches(arrays).items()}
    return tar_gz({"cifar-10-batches-py/readme.html": b"<html>", **members})


def png(images: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(images.reshape(len(images), 1024, 3)).save(file, format="png")
    return file.getvalue()


def cifar_package(arrays: Arrays) -> bytes:
    sheets = {f"data_batch_{i}": x for i, x in enumerate(np.split(arrays["x_train"], 5), start=1)}
    members = {}
    for name, images in {**sheets, "test_batch": arrays["x_test"]}.items():
        members[f"package/{name}.png"] = png(images)
    for split in ("train", "test"):
        labels = json.dumps(arrays[f"y_{split}"].tolist())
        members[f"package/{split}_lables.json"] = labels.encode()
    return tar_gz(members)


# MNIST's official files

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def mnist_package(arrays: Arrays) -> bytes:
    return tar_gz({f"package/data/{IDX_NAMES[name]}": idx_bytes(arrays[name]) for name in arrays})


# Everything as files in a folder


def write_npz(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def write_archive(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cifar_archive(arrays))


def write_batches(path: Path, arrays: Arrays) -> None:
    path.mkdir(parents=True)
    for name, data in batches(arrays).items():
        (path / name).write_bytes(data)


def idx_writer(*, dot: bool, zipped: bool) -> Callable[[Path, Arrays], None]:
    def write(path: Path, arrays: Arrays) -> None:
        for array, official in IDX_NAMES.items():
            name = official.replace("-idx", ".idx") if dot else official
            data = idx_bytes(arrays[array])
            if zipped:
                name, data = f"{name}.gz", gzip.compress(data)
            (path.parent / name).write_bytes(data)

    return write


DATA_FOLDER_FORMS = {
    "npz of CIFAR-10": ("cifar10", "cifar10.npz", write_npz),
    "official archive": ("cifar10", "cifar-10-python.tar.gz", write_archive),
    "unpacked archive": ("cifar10", "cifar-10-batches-py", write_batches),
    "npz of MNIST": ("mnist", "mnist.npz", write_npz),
    "IDX": ("mnist", "train-images-idx3-ubyte", idx_writer(dot=False, zipped=False)),
    "IDX with dots": ("mnist", "train-images.idx3-ubyte", idx_writer(dot=True, zipped=False)),
    "IDX, gzipped": ("mnist", "train-images-idx3-ubyte.gz", idx_writer(dot=False, zipped=True)),
    "IDX with dots, gzipped": (
        "mnist",
        "train-images.idx3-ubyte.gz",
        idx_writer(dot=True, zipped=True),
    ),
}
"""By description: the dataset, the path in the data folder (of IDX, the images'), the writer."""

KERAS_FORMS = {
    "MNIST": ("mnist", "mnist.npz", write_npz),
    "archive": ("cifar10", "cifar-10-batches-py-target_archive", write_archive),
    "unpacked": ("cifar10", "cifar-10-batches-py-target/cifar-10-batches-py", write_batches),
    "older archive": ("cifar10", "cifar-10-batches-py.tar.gz", write_archive),
    "older unpacked": ("cifar10", "cifar-10-batches-py", write_batches),
}
"""The same, in Keras's folder of datasets."""
