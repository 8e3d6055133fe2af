"""Where a study's report, checkpoints and models go unless `--out` says otherwise."""

from __future__ import annotations

import re
from pathlib import Path


def default_folder(name: str) -> Path:
    """Return `reports/{name}`, or a folder beside it if the name would lead out of `reports`."""
    return Path("reports") / file_name(name)


def file_name(name: str) -> str:
    """Return a name from a database as the name of a file or folder."""
    safe = re.sub(r"[/\\\x00-\x1f]+", "_", name)
    return "study" if safe in {"", ".", ".."} else safe
