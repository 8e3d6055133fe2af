"""Small files that would fill the memory, take for ever or crash a reader: refused at once."""

from __future__ import annotations

import gzip
import io
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from study.datasets.batches import MAX_OPCODES, decode_batch
from study.datasets.cifar10 import decode_labels, decode_sheet
from study.datasets.tar import read_tar_members
from tests.study.datasets_stand_ins import MEBIBYTE, batch_bytes, png, tar

PICKLES = {
    # Python's unpickler makes room for two thousand million objects, twice over.
    "a memo of eight gigabytes": b"\x80\x02Nr\xff\xff\xff\x1f.",
    "a memo of eight gigabytes, as text": b"Np536870911\n.",
    # The hash of a key calls that of what is in it, and so on down the stack.
    "a deep key": b"\x80\x02})" + b"\x85" * 1_000_000 + b"Ns.",
    "a deep key of pairs": b"\x80\x02})" + b")\x86" * 1_000_000 + b"Ns.",
    "a deep frozen set": b"\x80\x04})" + b"\x94(h\x00\x91" * 300_000 + b"Ns.",
    "many opcodes": b"\x80\x02" + b"N0" * 10_000_000 + b"N.",
}
DECODE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from study.datasets.batches import decode_batch
try:
    decode_batch(sys.stdin.buffer.read())
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("data", PICKLES.values(), ids=PICKLES)
def test_a_pickle_that_calls_nothing_and_yet_crashes_is_refused(data: bytes) -> None:
    # In a process of its own, which a reader without the check would take down.
    done = subprocess.run(
        [sys.executable, "-c", DECODE], input=data, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert b"more than a batch has" in done.stdout


def test_a_batch_of_ten_thousand_images_is_far_from_what_is_refused() -> None:
    batch = batch_bytes(np.zeros((10_000, 32, 32, 3), np.uint8), np.zeros(10_000, np.uint8))
    images, labels = decode_batch(batch)
    assert images.shape == (10_000, 32, 32, 3)
    assert labels.shape == (10_000,)
    assert 2 * batch.count(b"leptodactylus") < MAX_OPCODES / 5


def test_long_digits_in_an_extended_header_take_no_longer_than_other_bytes(tmp_path: Path) -> None:
    # `tarfile` looks for a number before a word, from every digit on: hours for these.
    digits = b"1" * (4 * MEBIBYTE)
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(digits)
    path = tmp_path / "archive.tgz"
    rest = tar({"wanted": b"3"})
    path.write_bytes(gzip.compress(info.tobuf() + digits + rest, compresslevel=1))
    assert read_tar_members(path, ["wanted"], max_bytes=8 * MEBIBYTE) == {"wanted": b"3"}


@pytest.mark.parametrize("size", [-1, -512, -(2**60), 2**60])
def test_a_member_of_an_impossible_size_is_refused(size: int, tmp_path: Path) -> None:
    info = tarfile.TarInfo("wanted")
    info.size = size
    path = tmp_path / "archive.tgz"
    path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))
    with pytest.raises(ValueError, match="more bytes than the dataset has"):
        read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)


def claiming(width: int, height: int) -> bytes:
    """Return a PNG whose header, checksum and all, claims another size than it has."""
    picture = bytearray(png(np.zeros((2, 32, 32, 3), np.uint8)))
    picture[16:24] = struct.pack(">II", width, height)
    picture[29:33] = struct.pack(">I", zlib.crc32(picture[12:29]))
    return bytes(picture)


@pytest.mark.parametrize(
    ("width", "height"), [(1024, 10_001), (1024, 2**31 - 1), (60_000, 60_000), (1, 2), (0, 0)]
)
def test_a_sheet_that_claims_another_size_is_refused_unopened(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=f"a sheet of {width} x {height} pixels"):
        decode_sheet(claiming(width, height))


def test_a_sheet_of_its_own_size_is_read_and_a_stump_is_not() -> None:
    assert decode_sheet(claiming(1024, 2)).shape == (2, 32, 32, 3)
    with pytest.raises(ValueError, match="a sheet of 0 x 0"):
        decode_sheet(b"\x89PNG")


@pytest.mark.parametrize(
    "text", [b"{}", b"null", b"[1, null]", b"[300]", b"[-1]", b"[1.5]", b'["1"]', b"[[1]]", b"[1"]
)
def test_labels_that_are_no_list_of_bytes_are_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_labels(text)


def test_a_tar_archive_with_its_paths_elsewhere_and_its_links_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, kind, target in (
            ("link", tarfile.SYMTYPE, "/etc"),
            ("link/passwd", tarfile.REGTYPE, ""),
            ("../escaped", tarfile.REGTYPE, ""),
            ("wanted", tarfile.SYMTYPE, "/etc/passwd"),
            ("wanted", tarfile.LNKTYPE, "../escaped"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    path = tmp_path / "archive.tgz"
    path.write_bytes(file.getvalue())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LookupError, match="it has no wanted"):
        read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)
    assert list(tmp_path.iterdir()) == [path]
