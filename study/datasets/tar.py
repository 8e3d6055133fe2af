"""Read members of a gzipped tar archive into memory, whatever its headers claim."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Collection
from pathlib import Path

from study.datasets.files import Readable

BLOCK_BYTES = tarfile.BLOCKSIZE
REGULAR = {tarfile.REGTYPE, tarfile.AREGTYPE}
"""Not links, which lead elsewhere, nor sparse files: a few bytes that claim to be many."""

EMPTY = {
    *(tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE),
    *(tarfile.DIRTYPE, tarfile.FIFOTYPE),
}
"""Members without data, whatever size they claim."""

CHUNK_BYTES = 2**20


class _CappedReader:
    """Refuses to give more than so many bytes: a tar archive's headers declare their own sizes."""

    def __init__(self, file: Readable, *, max_bytes: int) -> None:
        self._file = file
        self._left = max_bytes

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes; fewer only at the end of the file."""
        self._check(size)
        data = self._file.read(size)
        self._left -= len(data)
        return data

    def skip(self, size: int) -> None:
        """Pass over so many bytes, or over all up to the end of the file."""
        self._check(size)
        while size > 0 and (data := self._file.read(min(size, CHUNK_BYTES))):
            size -= len(data)
            self._left -= len(data)

    def skip_all(self) -> None:
        """Pass over all that may still come, at whose end gzip's checksum is."""
        self.skip(self._left)

    def _check(self, size: int) -> None:
        if not 0 <= size <= self._left:
            raise ValueError("it unpacks to more bytes than the dataset has")


def read_tar_members(path: Path, names: Collection[str], *, max_bytes: int) -> dict[str, bytes]:
    """Return some regular files of a gzipped tar archive by name, without unpacking it to disk.

    The headers are read one by one, not by `tarfile.open`: it keeps all of them, looks for names
    in extended ones with patterns that take hours over long runs of digits, and follows links.

    Args:
        path: The archive.
        names: Full names of the wanted members, of at most 100 characters.
        max_bytes: Most bytes the whole archive may unpack to.

    Raises:
        LookupError: If a member is missing.
        OSError, EOFError, ValueError, tarfile.TarError, zlib.error: If the archive is damaged.
    """
    members: dict[str, bytes] = {}
    with gzip.open(path) as unzipped:
        stream = _CappedReader(unzipped, max_bytes=max_bytes)
        while (block := stream.read(BLOCK_BYTES)).strip(b"\0"):
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            if info.type in REGULAR and info.name in names:
                members[info.name] = stream.read(info.size)
                if len(members[info.name]) < info.size:
                    raise EOFError(f"{info.name} is cut off")
                stream.skip(-info.size % BLOCK_BYTES)
            elif info.type not in EMPTY:
                stream.skip(info.size + -info.size % BLOCK_BYTES)
        stream.skip_all()
    missing = [name for name in names if name not in members]
    if missing:
        raise LookupError(f"it has no {missing[0]}")
    return members
