"""Write files so that a reader finds the old one or the whole new one, never half of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from study.errors import FolderError


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside its target for writing bytes; at the end it takes the target's place.

    What is cut short leaves at most a file with another name, which nobody reads: `.NAME.PID`. The
    content reaches the disk before the name does, so that a power failure changes none of this.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text in the target's place, whole or not at all; return the path.

    Half a character, as JSON in a database can tell of, is written as its number.
    """
    with replaced(path) as file:
        file.write(text.encode(errors="backslashreplace"))
    return path


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Make a folder, also one that vanished, and say in one line where it cannot be written to.

    Raises:
        FolderError: In place of the system's error: no room, no permission, no folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise FolderError(
            f"Folder {str(folder)!r} cannot be written ({error.strerror or error}); make room or "
            "mend it, then run the same command again, or name another with --out."
        ) from error
