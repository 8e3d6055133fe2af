"""IDX files, as MNIST is published."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from study.datasets.idx import decode_idx, read_idx
from study.errors import DatasetError
from tests.study.datasets_stand_ins import MEBIBYTE, idx_bytes


@pytest.mark.parametrize("shape", [(7,), (3, 5), (2, 28, 28), (0,), (1, 2, 3, 4)])
def test_an_idx_file_gives_the_array_that_was_written(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)
    np.testing.assert_array_equal(decode_idx(idx_bytes(array)), array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an IDX file"),
        (b"\0\0\x08", "not an IDX file"),
        (struct.pack(">HBBI", 1, 8, 1, 1) + b"a", "not an IDX file"),
        (struct.pack(">HBBI", 0, 13, 1, 1) + b"abcd", "not an IDX file of unsigned bytes"),
        (struct.pack(">HBB", 0, 8, 0) + b"a", "not an IDX file"),
        (struct.pack(">HBB", 0, 8, 200) + b"a" * 800, "not an IDX file"),
        (struct.pack(">HBBI", 0, 8, 3, 1), "header is cut off"),
        (struct.pack(">HBBI", 0, 8, 1, 3) + b"ab", r"says \(3,\), but 2 bytes follow"),
        (struct.pack(">HBBI", 0, 8, 1, 1) + b"ab", r"says \(1,\), but 2 bytes follow"),
        (struct.pack(">HBB4I", 0, 8, 4, *[2**32 - 1] * 4), "but 0 bytes follow"),
    ],
)
def test_what_is_no_idx_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_idx(data)


def test_a_gzipped_idx_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(bytes(65 * MEBIBYTE), compresslevel=1))
    with pytest.raises(DatasetError, match="more than 67,108,864 bytes"):
        read_idx(path)
