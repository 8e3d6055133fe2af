"""`python -m study dashboard`: show the trials, their notes and figures in a browser."""

from __future__ import annotations

import argparse
import ipaddress
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.report_date import settle_report_date
from study import log_file
from study.config import DEFAULT_ARTIFACT_DIR, DashboardConfig
from study.console import print_result
from study.one_line_parser import folder

if TYPE_CHECKING:
    from rich.console import Console

logger = logging.getLogger(__name__)


def add_to(commands: Any) -> None:
    """Add this command and its options to the parser's commands."""
    parser = commands.add_parser(
        "dashboard",
        help="show the trials in a browser",
        description="Show the trials in a browser with optuna-dashboard, until Ctrl-C. Notes and "
        "figures are written into the database first, where trials have been added.",
    )
    parser.set_defaults(quiet=False, verbose=False)
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="database; if not given, $OPTUNA_STORAGE or sqlite:///studies.db. Other users of the "
        "machine can read a command line: give a URL with a password in $OPTUNA_STORAGE",
    )
    parser.add_argument(
        "--host",
        default=DashboardConfig.host,
        help="address to listen on; whoever reaches it may change and delete studies "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=DashboardConfig.port,
        help="port to listen on, 0 for any that is free (default: %(default)s)",
    )
    parser.add_argument(
        "--artifact-dir",
        type=folder,
        metavar="DIR",
        help="folder that `run --artifact-dir` wrote to; if not given, "
        f"{DEFAULT_ARTIFACT_DIR} where it is there",
    )
    log_file.add_to(parser)


def execute(arguments: argparse.Namespace, *, command: str, console: Console) -> int:
    """Write notes and figures, then serve until Ctrl-C.

    Raises:
        StudyError: If it is the user's to mend.
        KeyboardInterrupt: At Ctrl-C.
    """
    settle_report_date()

    from study.dashboard.pages import refresh_all
    from study.dashboard.server import listening
    from study.storage import default_storage_url

    config = DashboardConfig(
        storage_url=arguments.storage or default_storage_url(),
        host=arguments.host,
        port=arguments.port,
        artifact_dir=arguments.artifact_dir or _default_artifact_dir(),
    )
    with listening(config) as server:
        if not _is_loopback(config.host):
            logger.warning(
                "Everybody who reaches %s can change and delete studies: there is no password.",
                config.host,
            )
        refresh_all(config.storage_url)
        print_result(f"Dashboard: http://{config.host}:{server.server_port}/ (Ctrl-C ends it)")
        server.serve_forever()
    return 0


def _default_artifact_dir() -> Path | None:
    return DEFAULT_ARTIFACT_DIR if DEFAULT_ARTIFACT_DIR.is_dir() else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
