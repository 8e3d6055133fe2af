"""Tar archives: only what is wanted is read, into little memory."""

from __future__ import annotations

import gzip
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from study.datasets.tar import read_tar_members
from tests.study.datasets_stand_ins import MEBIBYTE, tar_gz


def test_a_tar_member_is_read_into_memory_and_nothing_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "working"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = tmp_path / "archive.tgz"
    path.write_bytes(tar_gz({"../escaped": b"1", "/absolute": b"2", "wanted": b"3", "x": b"4"}))
    assert read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE) == {"wanted": b"3"}
    assert set(tmp_path.rglob("*")) == {folder, path}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_only_regular_members_count(kind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "archive.tgz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("wanted")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(LookupError, match="it has no wanted"):
        read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)


def member_of(size: int, *, kind: bytes = tarfile.REGTYPE, name: str = "big") -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "header",
    [
        member_of(64 * MEBIBYTE, name="wanted"),
        member_of(64 * MEBIBYTE),
        member_of(64 * MEBIBYTE, kind=tarfile.XHDTYPE),
        member_of(64 * MEBIBYTE, kind=tarfile.GNUTYPE_LONGNAME),
    ],
    ids=["wanted", "skipped", "extended header", "long name"],
)
def test_an_archive_that_unpacks_to_too_much_takes_little_memory(
    header: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "archive.tgz"
    path.write_bytes(gzip.compress(header + bytes(64 * MEBIBYTE), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="it unpacks to more bytes than the dataset has"):
            read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)
        assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a_sparse_member_is_not_blown_up(tmp_path: Path) -> None:
    info = tarfile.TarInfo("wanted")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"77777777777\0"  # 8 GiB, of which nothing is stored
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "archive.tgz"
    path.write_bytes(gzip.compress(bytes(header) + bytes(1024)))
    with pytest.raises(LookupError, match="it has no wanted"):
        read_tar_members(path, ["wanted"], max_bytes=MEBIBYTE)
