"""`--log-file`: what happens as JSON lines, for whoever looks into a run later or by program.

docs/observing.md says what a line holds. The log on stderr is not changed by it.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from study.errors import ConfigError, StudyError
from study.one_line_parser import file
from study.secrets_hidden import without_passwords

FIELDS = ("study", "family", "trial", "seed", "epoch", "validation_accuracy")
"""What a record may carry as `extra`, beside its message."""

EPOCHS = "study.epochs"
"""The logger of single epochs: many lines, which the file has even where stderr has not."""

FIRST_BYTES = b'{"time": "'
LONGEST_LINE_BYTES = 2**20
"""As far as a first line is read to see whether it is one of a log."""

# Of this logger only the file hears: stderr has words of its own for how a command ends.
_commands = logging.getLogger("study.command")
_commands.propagate = False
_commands.addHandler(logging.NullHandler())


def add_to(parser: Any) -> None:
    """Add the option to a command's parser."""
    parser.add_argument(
        "--log-file",
        type=file,
        metavar="PATH",
        help="append what happens to this file, too, every epoch included: one JSON object a line",
    )


@contextmanager
def recorded(arguments: argparse.Namespace, *, command: str) -> Iterator[None]:
    """Record what is logged meanwhile, and how it begins and ends, where `--log-file` says so.

    Raises:
        ConfigError: If the file cannot be written, or holds something else.
    """
    path: Path | None = getattr(arguments, "log_file", None)
    if path is None:
        yield
        return
    handler = _opened(path)
    levels = _listen(handler)
    try:
        _commands.info("begins: %s", command)
        yield
        _commands.info("is done")
    except StudyError as error:
        _commands.error("ends: %s", error)
        raise
    except KeyboardInterrupt:
        _commands.warning("is interrupted")
        raise
    except Exception:
        _commands.critical("ends with a bug", exc_info=True)
        raise
    finally:
        _leave(handler, levels)


def name_study(name: str) -> None:
    """Let all further lines carry the name of the study."""
    for handler in _commands.handlers:
        if isinstance(handler, _LogFile):
            handler.study = name


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object; no character of a message can end the line or leave its text."""
        time = datetime.fromtimestamp(record.created, tz=UTC)
        line: dict[str, object] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_passwords(record.getMessage()),
        }
        line |= {name: _plain(getattr(record, name)) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = without_passwords(self.formatException(record.exc_info))
        return json.dumps(line)


class _LogFile(WatchedFileHandler):
    """Appends a line a record; where the file was moved away, as by logrotate, to a new one."""

    study: str | None = None
    _has_failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record at once."""
        if self.study is not None and not hasattr(record, "study"):
            record.study = self.study
        try:
            super().emit(record)
        except OSError:  # The file was moved away, and there can be no new one.
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  The library's name.
        """Say once that the log is not complete: hours of training are worth more than it."""
        if not self._has_failed:
            self._has_failed = True
            sys.stderr.write(
                f"warning: log file {self.baseFilename!r} cannot be written any more; "
                "lines are missing there.\n"
            )


def _opened(path: Path) -> _LogFile:
    try:
        _check_kind(path)
        if _is_broken_off(path):
            with path.open("ab") as log:
                log.write(b"\n")
        handler = _LogFile(path, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"Log file {str(path)!r} cannot be written ({reason}); name another with --log-file."
        ) from error
    handler.setFormatter(_Lines())
    return handler


def _check_kind(path: Path) -> None:
    """Refuse what may hold the program up for ever, as a pipe that nobody reads.

    Raises:
        ConfigError: If it is neither a file nor a device like /dev/null, nor still to be made.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
        raise ConfigError(
            f"Log file {str(path)!r} is no ordinary file; name another with --log-file."
        )


def _is_broken_off(path: Path) -> bool:
    """Return whether the last line has no end, as where a run was killed.

    Raises:
        ConfigError: If the file holds something else than a log.
    """
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as log:
        if not _is_of_a_log(log.readline(LONGEST_LINE_BYTES)):
            raise ConfigError(
                f"Log file {str(path)!r} holds something else; name another with --log-file."
            )
        log.seek(-1, 2)
        return log.read(1) != b"\n"


def _is_of_a_log(first_line: bytes) -> bool:
    """Return whether a file that begins so is a log: other JSON is not to be spoiled."""
    try:
        line = json.loads(first_line)
    except (ValueError, RecursionError):
        # A first line may be broken off, too.
        return first_line.startswith(FIRST_BYTES)
    return isinstance(line, dict) and {"time", "logger"} <= line.keys()


def _listen(handler: _LogFile) -> dict[str, int]:
    """Let a handler hear what INFO and epochs are, and return the former levels."""
    logging.getLogger().addHandler(handler)
    _commands.addHandler(handler)
    levels = {name: logging.getLogger(name).level for name in ("study", "analysis", EPOCHS)}
    for name in ("study", "analysis"):
        logging.getLogger(name).setLevel(min(levels[name] or logging.INFO, logging.INFO))
    logging.getLogger(EPOCHS).setLevel(logging.DEBUG)
    return levels


def _leave(handler: _LogFile, levels: dict[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    for logger in (logging.getLogger(), _commands):
        logger.removeHandler(handler)
    with suppress(OSError):  # Of a full disk; that lines are missing was told.
        handler.close()


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (int, str)) else str(value)
