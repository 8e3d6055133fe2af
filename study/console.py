"""What the programs say: results on stdout, log lines on the console that draws progress bars."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def print_result(text: str) -> None:
    """Write to stdout; a reader that has heard enough, as `head`, is no error."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def printable(text: str) -> str:
    """Return a text of a database as one line without characters that control a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class ConsoleHandler(logging.Handler):
    """Writes each record as one unbroken line: time, level where it is a warning or worse, text."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        text = self.format(record)
        if record.levelno >= logging.WARNING:
            text = f"{record.levelname.lower()}: {text}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
