"""Read members of a gzipped tar archive into memory, whatever its headers claim."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Collection
from pathlib import Path

from study.datasets.files import Readable


class _CappedReader:
    """Refuses to give more than so many bytes: a tar archive's headers declare their own sizes."""

    def __init__(self, file: Readable, *, max_bytes: int) -> None:
        self._file = file
        self._left = max_bytes

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("it unpacks to more bytes than the dataset has")
        return data


def read_tar_members(path: Path, names: Collection[str], *, max_bytes: int) -> dict[str, bytes]:
    """Return some regular files of a gzipped tar archive by name, without unpacking it to disk.

    Args:
        path: The archive.
        names: Full names of the wanted members.
        max_bytes: Most bytes the whole archive may unpack to.

    Raises:
        LookupError: If a member is missing.
        OSError, EOFError, ValueError, tarfile.TarError, zlib.error: If the archive is damaged.
    """
    members: dict[str, bytes] = {}
    with gzip.open(path) as unzipped:
        stream = _CappedReader(unzipped, max_bytes=max_bytes)
        with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                # A sparse file is a few bytes that claim to be many.
                if member.name not in names or not member.isreg() or member.issparse():
                    continue
                file = archive.extractfile(member)
                if file is not None:
                    members[member.name] = file.read()
    missing = [name for name in names if name not in members]
    if missing:
        raise LookupError(f"it has no {missing[0]}")
    return members
