"""An argument parser that reports a mistake in one line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, NoReturn

from study.errors import one_line

MAX_NAME_BYTES = 255
"""Of a file or folder, on all usual file systems."""
MAX_PATH_BYTES = 3_500
"""Linux takes 4,096, of which what is written into the folder needs some."""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr, without the usage before it.

    Options cannot be abbreviated: a storage URL must be known as one for its password to be hidden.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with 2."""
        self.exit(2, f"error: {one_line(message)}; see `{self.prog} --help`.\n")


def folder(text: str) -> Path:
    """Return the path of a folder, there or not; for an option's `type`."""
    return _path(text, of="folder")


def file(text: str) -> Path:
    """Return the path of a file, there or not; for an option's `type`."""
    return _path(text, of="file")


def _path(text: str, *, of: str) -> Path:
    path = Path(text)
    if not text or not text.isprintable():
        raise argparse.ArgumentTypeError(f"must be a {of}'s path, but got {text!r}")
    if any(len(os.fsencode(name)) > MAX_NAME_BYTES for name in path.parts):
        raise argparse.ArgumentTypeError(
            f"has a name of more than {MAX_NAME_BYTES} bytes, {text!r}; give a shorter one"
        )
    if len(os.fsencode(path.absolute())) > MAX_PATH_BYTES:
        raise argparse.ArgumentTypeError(
            f"has more than {MAX_PATH_BYTES} bytes, {text!r}; give a shorter path"
        )
    return path
