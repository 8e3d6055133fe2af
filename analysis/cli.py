"""The command line of `python -m analysis`: parse, call once, print."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from study.console import print_result
from study.errors import StudyError
from study.one_line_parser import OneLineParser

USER_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, or 2 where the user must mend something."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        print_result("\n".join(map(str, _report(arguments))))
    except StudyError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return USER_ERROR
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m analysis", description="Turn a study's database into a report."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    report = commands.add_parser(
        "report",
        help="write report.html, report.pdf, report.md, tables and figures",
        description=(
            "Write report.html, report.pdf, report.md, tables (CSV) and figures (PNG) of a study. "
            "The PDF and the figures are drawn by Chrome or Chromium, where one is installed."
        ),
    )
    report.add_argument(
        "--storage",
        metavar="URL",
        help="database, as sqlite:///studies.db (default: OPTUNA_STORAGE, else that)",
    )
    report.add_argument("--name", help="study (default: the one with the newest finished trial)")
    report.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write to (default: reports/NAME)"
    )
    report.add_argument(
        "--margin",
        type=_points,
        default=None,
        metavar="POINTS",
        help="differences of accuracy up to this many percentage points do not matter (default: 1)",
    )
    report.add_argument(
        "--no-png",
        action="store_true",
        help="write neither PNG files nor the PDF, which is quicker",
    )
    return parser


def _report(arguments: argparse.Namespace) -> tuple[Path, ...]:
    # Imported here, so that --help and mistyped options answer at once.
    from analysis import report
    from analysis.statistics.verdict import DEFAULT_MARGIN
    from study import storage

    url = arguments.storage or storage.default_storage_url()
    name = arguments.name or storage.newest_study_name(url)
    written = report.write_report(
        storage.read_study(url, name),
        out=arguments.out or report.default_folder(name),
        png=not arguments.no_png,
        margin=DEFAULT_MARGIN if arguments.margin is None else arguments.margin,
    )
    return written.paths()


def _points(text: str) -> float:
    """Return percentage points as a share."""
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not 0 < points < 100:
        raise argparse.ArgumentTypeError(f"must be above 0 and below 100 points, not {text!r}")
    return points / 100
