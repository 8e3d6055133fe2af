"""Find and read files that may be missing, cut off or hostile: one error for all damage."""

from __future__ import annotations

import lzma
import struct
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from study.datasets.base import UInt8Array
from study.errors import DatasetError

MOVE_AWAY = "Move it away and run again."

DAMAGE = (
    OSError,  # permissions, a folder in place of a file, gzip's and zip's checksums
    EOFError,
    LookupError,  # a missing member of an archive
    NotImplementedError,  # a compression nobody writes
    RuntimeError,  # an encrypted member
    SyntaxError,  # this and the next one from NumPy's parser of headers
    tokenize.TokenError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a cut off or altered file raises."""


class Readable(Protocol):
    """A file open for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes."""
        ...


@dataclass(frozen=True, kw_only=True)
class Found:
    """The four arrays of a dataset, not yet verified.

    Attributes:
        arrays: By name: x_train, y_train, x_test, y_test.
        origins: The file, folder or download that each array came from.
        remedy: What to do should they prove to be altered.
    """

    arrays: Mapping[str, UInt8Array]
    origins: Mapping[str, str]
    remedy: str = MOVE_AWAY


def is_present(path: Path) -> bool:
    """Return whether anything lies at a path, readable or not.

    Raises:
        DatasetError: If that cannot be told, as in a folder without permission.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    return True


def unreadable(path: Path, error: BaseException) -> DatasetError:
    """Return the error that says a file or folder cannot be used, and the remedy."""
    if isinstance(error, OSError) and error.strerror:
        return DatasetError(
            f"{path} cannot be read: {error.strerror}. Mend that, or move it away, and run again."
        )
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return DatasetError(f"{path} is cut off or altered ({reason}). {MOVE_AWAY}")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever damage is met inside the block into one DatasetError that names the path."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            # To open a pipe would wait for whoever writes into it.
            raise ValueError("no regular file")
        yield
    except DAMAGE as error:
        raise unreadable(path, error) from error


def find_first(
    folder: Path, readers: Mapping[str, Callable[[Path], Mapping[str, UInt8Array]]]
) -> Found | None:
    """Read the first of several files or folders that is present; None where none is.

    Args:
        folder: Where to look.
        readers: How to read each, by path relative to the folder, in order of preference.

    Raises:
        DatasetError: If the first that is present cannot be read.
    """
    for name, read in readers.items():
        path = folder / name
        if is_present(path):
            arrays = read(path)
            return Found(arrays=arrays, origins=dict.fromkeys(arrays, str(path)))
    return None


def read_capped(file: Readable, *, max_bytes: int) -> bytes:
    """Return all that is left of a file.

    Raises:
        ValueError: If that is more than `max_bytes`.
    """
    data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"more than {max_bytes:,} bytes")
    return data
