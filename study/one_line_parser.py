"""An argument parser that reports a mistake in one line."""

from __future__ import annotations

import argparse
from typing import NoReturn


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with 2."""
        one_line = " ".join(message.split())
        self.exit(2, f"error: {one_line}; see `{self.prog} --help`.\n")
