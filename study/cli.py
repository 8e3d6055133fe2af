"""The command line: parse, call one command, turn what it raises into an exit code."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from study import log_file
from study.arguments import parse
from study.commands import ablate, dashboard, doctor, run, status
from study.console import ConsoleHandler, lasting_stderr, settle_streams
from study.errors import StudyError, one_line
from study.interruption import exit_code
from study.secrets_hidden import without_passwords

if TYPE_CHECKING:
    from rich.console import Console

COMMANDS = {
    "run": run.execute,
    "ablate": ablate.execute,
    "status": status.execute,
    "dashboard": dashboard.execute,
    "doctor": doctor.execute,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = parse(argv)
    # What is slow to import (Optuna, plotly) is imported only once it is needed.
    from rich.console import Console

    # A terminal may be closed under a run that goes on, or is about to say that it was interrupted.
    stderr = lasting_stderr()
    console = Console(file=stderr, stderr=True)
    _set_up_logging(console, quiet=arguments.quiet, verbose=arguments.verbose)
    try:
        execute = COMMANDS[arguments.command]
        command = _shown_command(argv)
        with log_file.recorded(arguments, command=command):
            return execute(arguments, command=command, console=console)
    except StudyError as error:
        print(f"error: {one_line(str(error))}", file=stderr)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        command = _shown_command(argv)
        print(f"Interrupted; everything so far is kept. To continue: {command}", file=stderr)
        return exit_code(interrupt)
    finally:
        settle_streams()


def _set_up_logging(console: Console, *, quiet: bool, verbose: bool) -> None:
    handler = ConsoleHandler(console)
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    # A log file hears more than is shown here.
    handler.setLevel(level)
    for package in ("study", "analysis"):
        logging.getLogger(package).setLevel(level)


def _shown_command(argv: Sequence[str]) -> str:
    """Return the command line to run again, with passwords hidden, wherever a URL was typed."""
    from study.storage.urls import redacted

    shown = [without_passwords(argument) for argument in argv]
    for index, argument in enumerate(argv):
        option, equals, value = argument.partition("=")
        if option == "--storage" and equals:
            shown[index] = f"{option}={redacted(value)}"
        elif index and argv[index - 1] == "--storage":
            shown[index] = redacted(argument)
    return shlex.join(["python", "-m", "study", *shown])
