"""What Linux's control groups leave a process of its machine, in a container or on a cluster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def free_memory_bytes() -> float:
    """Return how much memory this process may still use; infinity where nothing limits it.

    What only caches files does not count as used: the system gives it up when it is needed.
    """
    # Of the second version and of the first.
    names = (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    )
    return min(
        (
            limit - used + _entry(folder / "memory.stat", cached)
            for folder in _folders("memory")
            for maximum, current, cached in names
            if (limit := _number(folder / maximum)) is not None
            and (used := _number(folder / current)) is not None
        ),
        default=math.inf,
    )


def n_cpus() -> float:
    """Return how many processors' time this process may use; infinity where nothing limits it."""
    return min((quota for folder in _folders("cpu") if (quota := _quota(folder))), default=math.inf)


def _quota(folder: Path) -> float | None:
    words = _words(folder / "cpu.max") or [
        *_words(folder / "cpu.cfs_quota_us"),
        *_words(folder / "cpu.cfs_period_us"),
    ]
    if len(words) != 2 or not all(word.isdecimal() for word in words) or int(words[1]) == 0:
        return None  # "max" or, in the first version, -1: as much as there is.
    return int(words[0]) / int(words[1])


def _folders(controller: str) -> Iterator[Path]:
    """Yield the folder of this process's group, and of all groups that hold it."""
    for line in _lines(MEMBERSHIP):
        _, controllers, path = [*line.split(":", 2), "", "", ""][:3]
        if not controllers:
            top = ROOT
        elif controller in controllers.split(","):
            top = ROOT / controller
        else:
            continue
        # In a container the path may be that outside: then the top is the container's own.
        inner = path.strip("/").split("/") if path.strip("/") else []
        for depth in range(len(inner), -1, -1):
            yield top.joinpath(*inner[:depth])


def _number(path: Path) -> int | None:
    words = _words(path)
    return int(words[0]) if len(words) == 1 and words[0].isdecimal() else None


def _entry(path: Path, name: str) -> int:
    found = (line.split() for line in _lines(path))
    return next((int(words[1]) for words in found if words[:1] == [name]), 0)


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
