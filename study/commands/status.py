"""`python -m study status`: how far each study is, from the database alone."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from study.console import print_result

if TYPE_CHECKING:
    from rich.console import Console


def add_to(commands: Any) -> None:
    """Add this command and its options to the parser's commands."""
    parser = commands.add_parser(
        "status",
        help="show how far each study is",
        description="Show how far each study is, from the database alone, whether a run goes on or "
        "not. Nothing is written.",
    )
    parser.set_defaults(quiet=True, verbose=False)
    parser.add_argument("--name", help="study; if not given, all of the database")
    parser.add_argument(
        "--json", action="store_true", help="print what docs/observing.md says, for programs"
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="database; if not given, $OPTUNA_STORAGE or sqlite:///studies.db",
    )


def execute(arguments: argparse.Namespace, *, command: str, console: Console) -> int:
    """Print the status and return the exit code.

    Raises:
        StudyError: If it is the user's to mend.
    """
    from study.status import status_of
    from study.status.content import content
    from study.status.text import text
    from study.storage import default_storage_url
    from study.storage.progress import read_progress

    url = arguments.storage or default_storage_url()
    studies = read_progress(url, arguments.name)
    now = datetime.now(tz=UTC)
    found = [status_of(study, now=now) for study in studies]
    if arguments.json:
        print_result(json.dumps(content(found, now=now), indent=2, allow_nan=False))
    else:
        print_result("\n\n".join(text(one) for one in found))
    return 0
