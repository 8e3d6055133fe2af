"""NumPy's npz files: the expected arrays, or an error."""

from __future__ import annotations

import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from study.datasets.digests import ArrayDigest, verify
from study.datasets.npz import read_npz
from study.errors import DatasetError
from tests.study.datasets_stand_ins import MEBIBYTE, digests_of, tiny_arrays, write_npz
from tests.study.hostile_pickles import Hostile


def npy(array: np.ndarray, *, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


WANTED = {"x": ArrayDigest(shape=(4, 3), sha256="")}


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy(np.zeros((4, 3), np.float32)), r"x is float32 \(4, 3\), uint8 \(4, 3\) expected"),
        (npy(np.zeros((3, 4), np.uint8)), r"x is uint8 \(3, 4\)"),
        (npy(np.zeros((4, 3), np.int8)), r"x is int8"),
        (npy(np.array([[Hostile(print)] * 3] * 4, dtype=object)), r"x is object"),
        (npy(np.asfortranarray(np.zeros((4, 3), np.uint8))), "Fortran"),
        (npy(np.zeros((4, 3), np.uint8), version=(2, 0)), r"npy format \(2, 0\)"),
        (npy(np.zeros((4, 3), np.uint8))[:-1], "cannot reshape"),
        (npy(np.zeros((4, 3), np.uint8)) + b"!", "cannot reshape"),
        (npy(np.zeros((100, 100), np.uint8)), "x has 10,128 bytes, 12 expected"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': (((((((", "TokenError"),
        (pickle.dumps(0), "magic string"),
        (b"", "EOF"),
    ],
)
def test_an_npz_member_that_is_not_the_expected_array_is_refused(
    member: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", member)
    with pytest.raises(DatasetError, match=message) as caught:
        read_npz(path, WANTED)
    assert str(path) in str(caught.value)


def test_an_npz_without_an_array_is_refused(tmp_path: Path) -> None:
    write_npz(tmp_path / "file.npz", {"y": np.zeros((4, 3), np.uint8)})
    with pytest.raises(DatasetError, match=r"x\.npy"):
        read_npz(tmp_path / "file.npz", WANTED)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_npz_that_claims_less_than_it_unpacks_to_takes_little_memory(
    compression: int, tmp_path: Path
) -> None:
    honest = npy(np.zeros((32, MEBIBYTE), np.uint8))
    claimed = len(npy(np.zeros((4, 3), np.uint8)))
    path = tmp_path / "file.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("x.npy", npy(np.zeros((4, 3), np.uint8))[:-12] + honest)
    data = path.read_bytes()
    size = struct.pack("<I", claimed - 12 + len(honest))
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, struct.pack("<I", claimed)))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError):
            read_npz(path, WANTED)
        assert tracemalloc.get_traced_memory()[1] < MEBIBYTE
    finally:
        tracemalloc.stop()


def test_no_change_of_a_few_bytes_gives_other_images_or_another_error(tmp_path: Path) -> None:
    arrays = {name: values[:4] for name, values in tiny_arrays("mnist").items()}
    digests = digests_of(arrays)
    path = tmp_path / "mnist.npz"
    np.savez(path, **arrays)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    outcomes = {"refused": 0, "right": 0}
    for _ in range(400):
        altered = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 4)):
            altered[place] = rng.integers(256)
        path.write_bytes(altered[: rng.integers(len(data))] if rng.random() < 0.2 else altered)
        try:
            read = read_npz(path, digests)
            verify(read, digests, origins=dict.fromkeys(read, "file"), remedy="")
        except DatasetError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
        else:
            assert all((read[name] == arrays[name]).all() for name in arrays)
            outcomes["right"] += 1
    assert outcomes["refused"] > 300


def test_no_change_of_a_header_is_another_error(tmp_path: Path) -> None:
    good = npy(np.zeros((4, 3), np.uint8))
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(600):
        altered = bytearray(good)
        for place in rng.integers(8, 80, size=rng.integers(1, 6)):
            altered[place] = rng.choice(bytearray(b"(){}[]'\",: \n\t\x00\xff09LuOV|<>-+#;"))
        path = tmp_path / "file.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", altered)
        try:
            read_npz(path, WANTED)
        except DatasetError:
            refused += 1
    assert refused > 500
