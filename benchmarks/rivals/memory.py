"""The most memory that a process and all its descendants hold at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def tree_bytes(root: int) -> int | None:
    """Return the bytes held now, or None where /proc does not tell.

    Pages of files and shared memory are counted once, by the process that has most of them:
    several workers share the libraries that they loaded.
    """
    if not (PROC / "self" / "statm").exists():
        return None
    parents, pages = {}, {}
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name, in parentheses, may itself hold spaces and parentheses.
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            resident, shared = (folder / "statm").read_text().split()[1:3]
        except (OSError, ValueError):
            continue  # It ended meanwhile.
        parents[int(folder.name)] = int(after_name[1])
        pages[int(folder.name)] = (int(resident), int(shared))
    tree = [pages[process] for process in _descendants(root, parents) if process in pages]
    private = sum(resident - shared for resident, shared in tree)
    return PAGE_BYTES * (private + max((shared for _, shared in tree), default=0))


def _descendants(root: int, parents: dict[int, int]) -> set[int]:
    found, grown = {root}, True
    while grown:
        children = {process for process, parent in parents.items() if parent in found}
        grown = not children <= found
        found |= children
    return found


class PeakMemory:
    """Looks at a process tree every second, from a thread, while a `with` block runs."""

    def __init__(self, root: int, *, interval_seconds: float = 1.0) -> None:
        self.peak_bytes: int | None = None
        self._root = root
        self._interval_seconds = interval_seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._done.is_set():
            held = tree_bytes(self._root)
            if held is not None:
                self.peak_bytes = max(held, self.peak_bytes or 0)
            self._done.wait(self._interval_seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
