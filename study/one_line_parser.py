"""An argument parser that reports a mistake in one line."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr, without the usage before it.

    Options cannot be abbreviated: a storage URL must be known as one for its password to be hidden.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with 2."""
        one_line = " ".join(message.split())
        self.exit(2, f"error: {one_line}; see `{self.prog} --help`.\n")
