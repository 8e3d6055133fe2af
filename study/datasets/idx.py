"""MNIST's IDX files (LeCun, Cortes and Burges 1998): big-endian dimensions, then the bytes."""

from __future__ import annotations

import gzip
import io
import math
from pathlib import Path

import numpy as np

from study.datasets.base import UInt8Array
from study.datasets.files import read_capped, reading

MAX_BYTES = 64 * 2**20
"""The largest, the training images, has 47 million bytes."""

_UINT8 = 0x08
_GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path) -> UInt8Array:
    """Return the array of an IDX file of unsigned bytes, gzipped or not.

    Raises:
        DatasetError: If the file cannot be read, is cut off, or is no such IDX file.
    """
    with reading(path):
        with path.open("rb") as file:
            data = read_capped(file, max_bytes=MAX_BYTES)
        # By content, not by name: some browsers unpack a download and keep its ".gz".
        if data.startswith(_GZIP_MAGIC):
            with gzip.open(io.BytesIO(data)) as unzipped:
                data = read_capped(unzipped, max_bytes=MAX_BYTES)
        return decode_idx(data)


def decode_idx(data: bytes) -> UInt8Array:
    """Return the array that an IDX file's bytes describe, uint8, of 1 to 4 dimensions.

    The magic number is two zero bytes, the type (0x08 is unsigned byte) and the number of
    dimensions; each dimension is a big-endian 32-bit integer.

    Raises:
        ValueError: If the magic number is another, or the length is not what the dimensions say.
    """
    if len(data) < 4 or data[:3] != bytes((0, 0, _UINT8)) or not 1 <= data[3] <= 4:
        raise ValueError(f"not an IDX file of unsigned bytes, it begins with {data[:4].hex(' ')}")
    header_bytes = 4 + 4 * data[3]
    if len(data) < header_bytes:
        raise ValueError("the IDX header is cut off")
    shape = tuple(int(size) for size in np.frombuffer(data[4:header_bytes], dtype=">u4"))
    if len(data) - header_bytes != math.prod(shape):
        raise ValueError(
            f"the IDX header says {shape}, but {len(data) - header_bytes:,} bytes follow"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=header_bytes).reshape(shape)
