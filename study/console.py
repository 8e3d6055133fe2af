"""What the programs say: results on stdout, log lines on the console that draws progress bars."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console


class _Stderr:
    """The process's stderr, whose loss, as of a terminal that was closed, is no error."""

    @property
    def _stream(self) -> TextIO:
        # While bars are drawn, stderr stands for the console that writes here.
        stream: TextIO = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
        return stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def lasting_stderr() -> TextIO:
    """Return stderr for messages that matter less than the run that they are about."""
    return cast(TextIO, _Stderr())


def print_result(text: str) -> None:
    """Write to stdout; a reader that has heard enough, as `head`, is no error."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would complain of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def settle_streams() -> None:
    """Flush stdout and stderr; where nobody reads them any more, write the rest to nowhere.

    Python flushes them once more when it ends, and would tell of a failure by its own exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
