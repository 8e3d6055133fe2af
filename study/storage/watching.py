"""Whether a database's file is still the one that was opened: a deleted one takes writes, too."""

from __future__ import annotations

import os
from pathlib import Path

from study.errors import StorageError


class FileWatch:
    """The file of an open SQLite database, by its inode and its size.

    A file that was deleted stays writable for who has it open, and all that is written is lost when
    they end. Only `stat` is asked: opening and closing the file would drop SQLite's locks on it.
    """

    def __init__(self, path: Path) -> None:
        """Note the file as it is now.

        Raises:
            StorageError: If it is not there.
        """
        # Whole, so that it stays the same file where the program changes its folder.
        self.path = path.absolute()
        self._shown = str(path)
        opened = self._stat()
        if opened is None:
            raise self._gone("is gone")
        self._opened = opened
        self._n_bytes = opened.st_size

    def is_there(self) -> bool:
        """Return whether the file at this path is the one that was opened."""
        found = self._stat()
        return found is not None and self._is_same(found)

    def check(self) -> None:
        """See that the file is the same and whole.

        Raises:
            StorageError: If it was deleted, replaced or cut short since.
        """
        # Before looking: another thread, as the heartbeat's, may see it larger meanwhile.
        n_bytes = self._n_bytes
        found = self._stat()
        if found is None or not self._is_same(found):
            raise self._gone("was deleted or replaced while it was in use")
        if found.st_size < n_bytes:
            # A database does not shrink by itself: without VACUUM, free pages are kept.
            raise StorageError(
                f"Database {self._shown!r} became smaller while it was in use; if `python -m study "
                "doctor` finds it sound, as after VACUUM, run the same command again, else put a "
                "backup of it back first."
            )
        self._n_bytes = found.st_size

    def _is_same(self, found: os.stat_result) -> bool:
        return os.path.samestat(found, self._opened)

    def _stat(self) -> os.stat_result | None:
        try:
            return self.path.stat()
        except OSError:
            return None

    def _gone(self, what: str) -> StorageError:
        return StorageError(
            f"Database {self._shown!r} {what}; put it or a backup of it back, then run the same "
            "command again, or run it without to begin anew."
        )
