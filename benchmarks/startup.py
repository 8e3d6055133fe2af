"""How long commands take that train nothing: help, and the report of the shipped study.

    python -m benchmarks.startup [--quick] [--repeats N]

Each command runs in a process of its own, on a disk that an uncounted first round has warmed.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import measuring
from benchmarks.measuring import Spread
from benchmarks.table import Result, Table
from benchmarks.worker import ROOT

SHIPPED = "reference-cifar10"

HELP = {
    "python -m study --help": ["-m", "study", "--help"],
    "python -m study run --help": ["-m", "study", "run", "--help"],
    "python -m analysis --help": ["-m", "analysis", "--help"],
    "python -c pass, for comparison": ["-c", "pass"],
}
REPORT = ["-m", "analysis", "report", "--name", SHIPPED]
REPORTS = {
    f"report of {SHIPPED}": REPORT,
    f"report of {SHIPPED}, --no-png": [*REPORT, "--no-png"],
}

MOST_SECONDS = {
    "python -m study --help": 0.5,
    "python -m analysis --help": 0.5,
    f"report of {SHIPPED}": 10.0,
}
"""The targets, for medians."""


def main() -> int:
    """Measure, store and print."""
    options = measuring.options(measuring.parser(__doc__, repeats=7).parse_args())
    machine = measuring.machine()
    with tempfile.TemporaryDirectory() as folder:
        # A copy: reading a database in WAL mode leaves files beside it.
        database = shutil.copy(ROOT / "studies.db", folder)
        target = ["--storage", f"sqlite:///{database}", "--out", str(Path(folder) / "report")]
        run = functools.partial(_run, environment=_with_bytecode(Path(folder) / "bytecode"))
        help_texts = {name: run(command) for name, command in HELP.items()}
        reports = {name: run([*command, *target]) for name, command in REPORTS.items()}
        measured = measuring.in_turn(help_texts, repeats=options.repeats)
        measured |= measuring.in_turn(reports, repeats=options.repeats)
    measuring.finish(
        "startup", options, machine=machine, settings={}, measured=measured, tables=tables
    )
    return 0


def _with_bytecode(folder: Path) -> dict[str, str]:
    """Return an environment in which the first run keeps compiled modules, as Python ships."""
    kept = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder)}


def _run(arguments: Sequence[str], *, environment: Mapping[str, str]) -> Callable[[], float]:
    command = [sys.executable, *arguments]
    return lambda: measuring.seconds(
        lambda: subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    )


def tables(result: Result) -> list[Table]:
    """Return the commands' times."""
    rows = []
    for name, values in result["measured"].items():
        spread, target = Spread.of(values), ""
        if name in MOST_SECONDS:
            met = spread.median < MOST_SECONDS[name]
            target = f"under {MOST_SECONDS[name]:g} s: {'met' if met else 'missed'}"
        rows.append([name, spread.text(), target])
    return [Table(title="Start-up and report", columns=("", "seconds", "target"), rows=rows)]


if __name__ == "__main__":
    raise SystemExit(main())
