"""What a result depends on beside its settings: library versions and the machine."""

from __future__ import annotations

import os
import platform
import socket
from datetime import UTC, datetime
from importlib import metadata

from study.start_backend import chosen_backend

_STARTED = datetime.now(tz=UTC).isoformat()
LIBRARIES = ("keras", "keras-tuner", "optuna", "numpy", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the version of Python and of each library that results depend on.

    Of Keras's backends, that is the one that trains here.
    """
    found = {"python": platform.python_version()}
    libraries = (chosen_backend(), *LIBRARIES)
    return found | {library: metadata.version(library) for library in libraries}


def machine() -> str:
    """Return the machine in a few words, as "x86_64, 2 CPUs, Linux"."""
    return f"{platform.machine()}, {os.cpu_count()} CPUs, {platform.system()}"


def this_process() -> dict[str, str | int]:
    """Return host, process number and start, to tell live trials from abandoned ones."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": _STARTED}


def is_dead(process: object) -> bool:
    """Return whether a process noted by `this_process` is gone: of this host, not running."""
    if not isinstance(process, dict) or process.get("host") != socket.gethostname():
        return False
    pid = process.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return True
    if pid == os.getpid():
        # Containers hand out the same numbers again and again.
        return process.get("started") != _STARTED
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
