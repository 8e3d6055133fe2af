"""Fuzz every reader of files from elsewhere, guided by coverage; say how many inputs were tried.

    pip install "atheris>=3,<4"
    python -m tests.fuzz [--minutes 10] [--findings DIR] [TARGET ...]

Each reader runs in a process of its own, for so many minutes, from small whole files. It may refuse
whatever it gets, but only with the errors that readers may raise, within ten seconds an input and
little memory. What it fails on is kept in DIR, and belongs into a test.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.targets import TARGETS

SECONDS_PER_INPUT = 10
MAX_INPUT_BYTES = 65_536
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


def main() -> int:
    """Fuzz and return 1 if something was found, 2 if atheris is missing, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0, help="for each (default: 10)")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), metavar="DIR")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - TARGETS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(TARGETS)}")
    if find_spec("atheris") is None:
        sys.stderr.write('error: atheris is not installed; pip install "atheris>=3,<4".\n')
        return 2
    arguments.findings.mkdir(exist_ok=True)
    failed = [
        name
        for name in arguments.targets or TARGETS
        if not survives(name, minutes=arguments.minutes, findings=arguments.findings)
    ]
    return 1 if failed else 0


def survives(name: str, *, minutes: float, findings: Path) -> bool:
    """Fuzz one reader, print how it went, and return whether it found nothing."""
    prefix = findings / f"{name.replace(' ', '-')}-"
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(TARGETS[name].seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        options = (
            f"-max_total_time={round(60 * minutes)}",
            f"-timeout={SECONDS_PER_INPUT}",
            f"-max_len={MAX_INPUT_BYTES}",
            f"-artifact_prefix={prefix}",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-seed=1",
            corpus,
        )
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.child", name, *options],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    executed = EXECUTED.search(done.stderr)
    outcome = "nothing found" if done.returncode == 0 else f"FAILED ({done.returncode})"
    sys.stdout.write(f"{name}: {int(executed[1]) if executed else 0:,} inputs, {outcome}\n")
    sys.stdout.flush()
    if done.returncode:
        prefix.with_name(f"{prefix.name}log.txt").write_text(done.stderr, encoding="utf-8")
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
