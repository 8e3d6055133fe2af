"""Make a new SQLite database: it appears whole, also where two programs begin it at once."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from optuna.storages import RDBStorage


def create(path: Path) -> None:
    """Make an Optuna database where there is no file yet.

    It is made under another name and then given its own, so a program that is killed meanwhile
    leaves no half of a schema, and of two that begin at once the second finds the first one's.

    Raises:
        OSError: If the file cannot be made.
    """
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name[:200]}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    try:
        storage = RDBStorage(f"sqlite:///{quote(str(unfinished))}")
        storage.remove_session()
        storage.engine.dispose()
        _give_name(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _give_name(unfinished: Path, path: Path) -> None:
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links, where two that begin at once may meet.
        if not path.exists():
            unfinished.rename(path)
