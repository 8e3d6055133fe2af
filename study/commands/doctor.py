"""`python -m study doctor`: what is wrong with a database of studies, and its repair."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from study.console import print_result
from study.errors import ConfigError, StorageError
from study.one_line_parser import folder

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from study.doctor.patient import Finding

EXIT_UNREPAIRED = 1


def add_to(commands: Any) -> None:
    """Add this command and its options to the parser's commands."""
    parser = commands.add_parser(
        "doctor",
        help="find what is wrong with a database, and repair it",
        description="Look for damage, for trials that nobody is at, that belong to nothing or are "
        "there twice, and for records that the report skips. Exit code 0: healthy, or all "
        "repaired; 1: something was found and is not repaired; 2: it could not be examined.",
    )
    parser.set_defaults(quiet=False, verbose=False)
    parser.add_argument(
        "--name",
        help="study; if not given, all of the database. Rows that cannot be read or belong to "
        "nothing are looked for, and repaired, in the whole database",
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="database; if not given, $OPTUNA_STORAGE or sqlite:///studies.db",
    )
    parser.add_argument(
        "--out",
        type=folder,
        help="folder of the report of the study --name; if not given, reports/NAME",
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="repair what can be; before a row is changed, the database is copied to "
        "DATABASE.backup-DATE-TIME (UTC)",
    )
    parser.add_argument("--json", action="store_true", help="say it as JSON")


def execute(arguments: argparse.Namespace, *, command: str, console: Console) -> int:
    """Examine, repair where that is wanted, and return the exit code.

    Raises:
        StudyError: If it is the user's to mend.
    """
    from study.doctor import MAX_EXAMINATIONS, is_whole
    from study.doctor.repair import repair
    from study.storage import default_storage_url, redacted

    if arguments.out is not None and arguments.name is None:
        # The trials of one study say nothing about the checkpoints of another.
        raise ConfigError(
            f"Folder --out {str(arguments.out)!r} is the report's of one study; give its --name."
        )
    url = arguments.storage or default_storage_url()
    look = partial(_examined, url, name=arguments.name, out=arguments.out)
    found = last = look()
    backup, n_repaired = None, 0
    for _ in range(MAX_EXAMINATIONS if arguments.fix else 0):
        findings = [finding for group in last.values() for finding in group]
        backup = repair(url, last, look_again=look, backup=backup)
        n_repaired += sum(finding.is_repairable for finding in findings)
        if is_whole(last) or not all(finding.is_repairable for finding in findings):
            break
        last = look()
        found = {name: [*found.get(name, ()), *group] for name, group in last.items()}
    show = _as_json if arguments.json else _as_text
    print_result(show(found, storage=redacted(url), fixed=arguments.fix, backup=backup))
    n_left = sum(map(len, found.values())) - n_repaired
    return EXIT_UNREPAIRED if n_left or not is_whole(last) else 0


def _examined(url: str, *, name: str | None, out: Path | None) -> dict[str, list[Finding]]:
    """Return what each check finds now.

    Raises:
        StorageError: If the database cannot be read, or has no study of that name.
    """
    from study.doctor import examine, is_whole
    from study.doctor.patient import Patient
    from study.errors import UnreadableError
    from study.storage import open_for_reading, redacted, sqlite_path

    try:
        with open_for_reading(url) as storage:
            patient = Patient(storage, name=name, out=out, database=sqlite_path(url))
            found = examine(patient)
            if name is not None and is_whole(found) and not patient.studies:
                raise StorageError(
                    f"There is no study {name!r} in {redacted(url)!r}; give another --name, "
                    "or none for all studies."
                )
    except UnreadableError:
        # Its own words name the doctor.
        raise StorageError(
            f"Storage {redacted(url)!r} holds a record that cannot be read and that no check "
            "finds; put a backup in its place."
        ) from None
    return found


def _as_json(
    found: Mapping[str, Sequence[Finding]], *, storage: str, fixed: bool, backup: Path | None
) -> str:
    findings = [
        {
            "check": check,
            "where": finding.where,
            "problem": finding.problem,
            "remedy": finding.remedy,
            "repairable": finding.is_repairable,
            "repaired": fixed and finding.is_repairable,
        }
        for check, group in found.items()
        for finding in group
    ]
    content = {
        "storage": storage,
        "checks": list(found),
        "findings": findings,
        "backup": None if backup is None else str(backup),
    }
    return json.dumps(content, indent=2)


def _as_text(
    found: Mapping[str, Sequence[Finding]], *, storage: str, fixed: bool, backup: Path | None
) -> str:
    lines = [
        f"{check}: {_plain(finding.where)}: {_plain(finding.problem)}. "
        + _outcome(finding, fixed=fixed)
        for check, group in found.items()
        for finding in group
    ]
    if backup is not None:
        lines.append(f"Backup of the database as it was: {backup}")
    if not lines:
        lines.append(f"Healthy: {storage}; nothing was found by {', '.join(found)}.")
    elif not fixed and any(one.is_repairable for group in found.values() for one in group):
        lines.append("The same command with --fix repairs what can be, after a backup.")
    return "\n".join(lines)


def _outcome(finding: Finding, *, fixed: bool) -> str:
    if not finding.is_repairable:
        return f"Not repairable here: {finding.remedy}."
    return f"{'Repaired' if fixed else 'With --fix'}: {finding.remedy}."


def _plain(text: str) -> str:
    """Return a text of a database in one line, without what would steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)
