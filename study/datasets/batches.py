"""CIFAR-10's official Python batches (Krizhevsky 2009): pickles, none of which can do a thing."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from study.datasets.base import UInt8Array
from study.datasets.files import read_capped, reading
from study.datasets.tar import read_tar_members

FOLDER = "cifar-10-batches-py"
TRAINING_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_BATCH = "test_batch"

MAX_BATCH_BYTES = 40 * 2**20
"""A batch has 31 million bytes."""

MAX_ARCHIVE_BYTES = 256 * 2**20
"""The archive unpacks to 186 million bytes."""


MAX_OPCODES = 200_000
MAX_MEMO_INDEX = 100_000
MAX_NESTED = 100
"""A batch has 40,000 opcodes, remembers each of its 20,000 objects, and has four tuples."""

_MEMOIZING = {"PUT", "BINPUT", "LONG_BINPUT"}
_NESTING = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET"}


def read_archive(path: Path) -> dict[str, UInt8Array]:
    """Return the four arrays of the official archive, `cifar-10-python.tar.gz`.

    Raises:
        DatasetError: If the archive cannot be read, or is not CIFAR-10's.
    """
    with reading(path):
        names = [f"{FOLDER}/{name}" for name in (*TRAINING_BATCHES, TEST_BATCH)]
        members = read_tar_members(path, names, max_bytes=MAX_ARCHIVE_BYTES)
        return _join({name.removeprefix(f"{FOLDER}/"): data for name, data in members.items()})


def read_folder(path: Path) -> dict[str, UInt8Array]:
    """Return the four arrays of the folder that the official archive unpacks to.

    Raises:
        DatasetError: If a batch is missing, cannot be read, or is not CIFAR-10's.
    """
    batches: dict[str, bytes] = {}
    for name in (*TRAINING_BATCHES, TEST_BATCH):
        with reading(path / name), (path / name).open("rb") as file:
            batches[name] = read_capped(file, max_bytes=MAX_BATCH_BYTES)
    with reading(path):
        return _join(batches)


def _join(batches: Mapping[str, bytes]) -> dict[str, UInt8Array]:
    training = [decode_batch(batches[name]) for name in TRAINING_BATCHES]
    x_test, y_test = decode_batch(batches[TEST_BATCH])
    return {
        "x_train": np.concatenate([images for images, _ in training]),
        "y_train": np.concatenate([labels for _, labels in training]),
        "x_test": x_test,
        "y_test": y_test,
    }


def decode_batch(data: bytes) -> tuple[UInt8Array, UInt8Array]:
    """Return the images, uint8 (n, 32, 32, 3), and labels, uint8 (n,), of one pickled batch.

    Raises:
        ValueError: If the pickle is damaged, is no such batch, or holds anything but bytes, text,
            numbers, containers and one array of bytes.
    """
    try:
        _check_opcodes(data)
        batch = _BatchUnpickler(io.BytesIO(data), encoding="bytes").load()
        pixels, labels = batch[b"data"], bytes(list(batch[b"labels"]))
        images = np.frombuffer(pixels.data, dtype=np.uint8).reshape(-1, 3, 32, 32)
    except Exception as error:  # A damaged pickle may raise any exception.
        raise ValueError(f"not a batch of CIFAR-10, {type(error).__name__}: {error}") from error
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1)), np.frombuffer(labels, np.uint8)


def _check_opcodes(data: bytes) -> None:
    """Refuse a pickle that calls nothing and yet ends or fills up whoever reads it.

    Ten bytes can have the unpickler make room for billions of remembered objects, and a tuple of a
    tuple of a tuple, a hundred thousand deep, overflows the stack when it is a key.
    """
    n_nesting = 0
    for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
        n_nesting += opcode.name in _NESTING
        remembered = argument if opcode.name in _MEMOIZING and isinstance(argument, int) else 0
        if number > MAX_OPCODES or n_nesting > MAX_NESTED or remembered > MAX_MEMO_INDEX:
            raise ValueError(f"{opcode.name} at opcode {number}, more than a batch has")


class _PickledArray:
    """Stands for `numpy.ndarray` in a batch: keeps the array's bytes, calls nothing of NumPy's."""

    data: bytes

    def __init__(self, *_arguments: object) -> None: ...

    def __setstate__(self, state: tuple[int, tuple[int, ...], object, bool, bytes]) -> None:
        _version, _shape, _dtype, fortran_order, self.data = state
        if fortran_order:
            raise ValueError("an array in Fortran order")


class _PickledType:
    """Stands for `numpy.dtype` in a batch; the digests tell whether it was uint8."""

    def __init__(self, *_description: object) -> None: ...

    def __setstate__(self, state: object) -> None: ...


_ALLOWED: Mapping[tuple[str, str], type] = {
    ("numpy.core.multiarray", "_reconstruct"): _PickledArray,
    ("numpy._core.multiarray", "_reconstruct"): _PickledArray,
    ("numpy", "ndarray"): _PickledArray,
    ("numpy", "dtype"): _PickledType,
}


class _BatchUnpickler(pickle.Unpickler):
    """Builds containers, bytes, text and numbers, and the stand-ins above; imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a batch")
        return _ALLOWED[module, name]
