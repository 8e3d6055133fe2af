"""NumPy's `.npz` files: read without pickle or trust in their headers, written atomically."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO
from uuid import uuid4

import numpy as np

from study.datasets.base import UInt8Array
from study.datasets.digests import ArrayDigest
from study.datasets.files import reading

MAX_HEADER_BYTES = 512


def read_npz(path: Path, digests: Mapping[str, ArrayDigest]) -> dict[str, UInt8Array]:
    """Return the arrays that the digests name; others in the file are not read.

    Args:
        path: An `.npz` file, compressed or not.
        digests: Shape of each wanted array; no more memory than these shapes is ever taken.

    Raises:
        DatasetError: If the file cannot be read, or an array has another dtype or shape.
    """
    with reading(path), zipfile.ZipFile(path) as archive:
        return {name: _read_array(archive, name, digest) for name, digest in digests.items()}


def _read_array(archive: zipfile.ZipFile, name: str, digest: ArrayDigest) -> UInt8Array:
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > digest.n_bytes + MAX_HEADER_BYTES:
        raise ValueError(f"{name} has {info.file_size:,} bytes, {digest.n_bytes:,} expected")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in a way that NumPy does not use")
    with archive.open(info) as member:
        shape, dtype = _read_header(member)
        if dtype != np.uint8 or shape != digest.shape:
            raise ValueError(f"{name} is {dtype} {shape}, uint8 {digest.shape} expected")
        # A length, since a member read whole may unpack to far more than its declared size.
        data = member.read(digest.n_bytes + 1)
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise ValueError(f"npy format {version}, (1, 0) expected")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(
        member, max_header_size=MAX_HEADER_BYTES
    )
    if fortran_order:
        raise ValueError("an array in Fortran order")
    return shape, dtype


def write_npz(path: Path, arrays: Mapping[str, UInt8Array]) -> None:
    """Write an uncompressed `.npz` that is either whole or not there; parent folders are made.

    Raises:
        OSError: If the folder cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.stem}-{uuid4().hex}.tmp")
    try:
        with unfinished.open("xb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
