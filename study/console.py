"""What the programs say: results on stdout, log lines on the console that draws progress bars."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from study.errors import StudyError

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


def open_closed_streams() -> None:
    """Let streams that were closed before the program began, as by `>&-`, lead to nowhere.

    Python has no stream then, and the first files that are opened would get the streams' numbers
    and what other programs write there. Call it before anything is opened.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _lead_nowhere(number)
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


def print_result(text: str) -> None:
    """Write to stdout; a reader that has heard enough, as `head`, is no error.

    Raises:
        StudyError: If it can take no more, as where a disk is full: the result is not delivered.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(_encodable(f"{text}\n", sys.stdout))
        sys.stdout.flush()
    except OSError as error:
        # Python flushes once more when it ends, and would complain of it.
        _lead_nowhere(sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise StudyError(
                f"Standard output cannot be written ({error.strerror or error}); make room or "
                "direct it elsewhere, then run the same command again."
            ) from error


def _encodable(text: str, stream: TextIO) -> str:
    """Return the text with "?" for what the stream's encoding does not have."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding)


def settle_streams() -> None:
    """Flush stdout and stderr; where nobody reads them any more, write the rest to nowhere.

    Python flushes them once more when it ends, and would tell of a failure by its own exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            _lead_nowhere(stream.fileno())


def _lead_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:  # It is, where that was the first number that was free.
        os.dup2(nowhere, number)
        os.close(nowhere)
    os.set_inheritable(number, True)  # As such streams are: workers have them, too.


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
