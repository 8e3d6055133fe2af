"""The command line of `python -m analysis`: parse, read what is named, write, print."""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.report_date import settle_report_date
from study.console import lasting_stderr, print_result, settle_streams
from study.errors import ConfigError, StudyError, one_line
from study.one_line_parser import OneLineParser, folder

if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[OneLineParser]

USER_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, or 2 where the user must mend something."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        settle_report_date()
        print_result("\n".join(map(str, arguments.run(arguments))))
    except StudyError as error:
        print(f"error: {one_line(str(error))}", file=lasting_stderr())
        return USER_ERROR
    finally:
        settle_streams()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m analysis", description="Turn a study's database into a report."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_report(commands)
    _add_compare(commands)
    return parser


def _add_report(commands: _Commands) -> None:
    report = commands.add_parser(
        "report",
        help="write report.html, report.pdf, report.md, comparison.json, tables and figures",
        description=(
            "Write report.html, report.pdf, report.md, comparison.json, tables (CSV) and figures "
            "(PNG) of a study. The PDF and the figures are drawn by Chrome or Chromium, where one "
            "is installed."
        ),
    )
    report.set_defaults(run=_report)
    report.add_argument("--name", help="study (default: the one with the newest finished trial)")
    _add_options(report, default_out="reports/NAME")


def _add_compare(commands: _Commands) -> None:
    compare = commands.add_parser(
        "compare",
        help="lay two studies side by side",
        description=(
            "Write report.html, report.md, comparison.json and figures (PNG) of two studies: two "
            "runs of one dataset, or two datasets."
        ),
    )
    compare.set_defaults(run=_compare)
    compare.add_argument("first", metavar="A", help="name of a study")
    compare.add_argument("second", metavar="B", help="name of another, or the same in --storage-b")
    compare.add_argument("--storage-b", metavar="URL", help="database of B (default: the one of A)")
    _add_options(compare, default_out="reports/A-versus-B")


def _add_options(command: argparse.ArgumentParser, *, default_out: str) -> None:
    command.add_argument(
        "--storage",
        metavar="URL",
        help="database, as sqlite:///studies.db (default: OPTUNA_STORAGE, else that)",
    )
    command.add_argument(
        "--out", type=folder, metavar="DIR", help=f"folder to write to (default: {default_out})"
    )
    command.add_argument(
        "--margin",
        type=_points,
        default=None,
        metavar="POINTS",
        help="differences of accuracy up to this many percentage points do not matter (default: 1)",
    )
    command.add_argument(
        "--no-png",
        action="store_true",
        help="write neither PNG files nor the PDF, which is quicker",
    )


# Imported within functions, so that --help and mistyped options answer at once; what is slow to
# import comes while a browser starts, and after the study, which may be unknown.


def _report(arguments: argparse.Namespace) -> tuple[Path, ...]:
    from analysis.press import started

    with started(wanted=not arguments.no_png) as press:
        from study import storage

        url = arguments.storage or storage.default_storage_url()
        study = storage.read_study(url, arguments.name or storage.newest_study_name(url))
        from analysis import evidence, report
        from study.report_folder import default_folder

        known = evidence.from_study(study, margin=_margin(arguments))
        out = arguments.out or default_folder(study.name)
        return report.write_evidence(known, out=out, press=press).paths()


def _compare(arguments: argparse.Namespace) -> tuple[Path, ...]:
    from study import storage

    url = arguments.storage or storage.default_storage_url()
    url_b = arguments.storage_b or url
    a, b = arguments.first, arguments.second
    if a == b and storage.is_same(url, url_b):
        raise ConfigError(f"Both studies are {a!r}; name two, or another database: --storage-b.")
    studies = storage.read_study(url, a), storage.read_study(url_b, b)
    from analysis.pair import report

    written = report.write_comparison(
        *studies,
        out=arguments.out or report.default_folder(a, b),
        png=not arguments.no_png,
        margin=_margin(arguments),
    )
    return written.paths()


def _margin(arguments: argparse.Namespace) -> float:
    from analysis.statistics.verdict import DEFAULT_MARGIN

    return DEFAULT_MARGIN if arguments.margin is None else float(arguments.margin)


def _points(text: str) -> float:
    """Return percentage points as a share."""
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not 0 < points < 100:
        raise argparse.ArgumentTypeError(f"must be above 0 and below 100 points, not {text!r}")
    return points / 100
