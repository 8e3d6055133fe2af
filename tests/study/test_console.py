"""What is said where nobody listens is no error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAY = "import sys; from study.console import settle_streams; sys.{stream}.write('x' * 9);"


@pytest.mark.parametrize(
    ("stream", "settled", "code"),
    [
        ("stdout", "settle_streams();", 7),
        ("stderr", "settle_streams();", 7),
        # What Python does by itself.
        ("stdout", "", 120),
    ],
)
def test_a_stream_that_is_gone_does_not_change_the_exit_code(stream, settled, code):
    program = f"{SAY.format(stream=stream)} {settled} raise SystemExit(7)"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            check=False,
            **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: full},
        )
    assert ended.returncode == code


RESULT = """
import runpy, sys
import analysis.cli, study.cli, study.console
analysis.cli._report = lambda _arguments: ["a file"]
study.cli.COMMANDS["status"] = lambda *_, **_others: study.console.print_result("far") or 0
module = sys.argv.pop(1)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
COMMANDS = {"study": ("study", "status"), "analysis": ("analysis", "report")}
REDIRECTIONS = {
    "stdout is closed": (">&-", 0, ""),
    "stderr is closed": ("2>&-", 0, ""),
    "all are closed": ("<&- >&- 2>&-", 0, ""),
    "stdout is full": (">/dev/full", 2, "error: Standard output cannot be written (No space left"),
    "both are full": (">/dev/full 2>/dev/full", 2, ""),
    "stderr is full": ("2>/dev/full", 0, ""),
}


def redirected(redirection: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(("redirection", "code", "said"), REDIRECTIONS.values(), ids=REDIRECTIONS)
def test_a_result_that_nobody_can_read_is_no_crash(command, redirection, code, said):
    ended = redirected(redirection, "-c", RESULT, *command)
    assert ended.returncode == code
    assert ended.stderr.startswith(said)
    assert ended.stderr.count("\n") == (1 if said else 0)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_a_mistake_keeps_its_exit_code_where_nobody_hears_of_it(command, redirection):
    no_database = ("--storage", "sqlite:///nowhere/studies.db")
    assert redirected(redirection, "-m", *command, *no_database).returncode == 2


def test_what_is_opened_does_not_get_the_number_of_a_closed_stream():
    program = (
        "import study.console; study.console.open_closed_streams(); import os;"
        "assert os.open(os.devnull, os.O_RDONLY) > 2"
    )
    assert redirected("<&- >&- 2>&-", "-c", program).returncode == 0


def test_what_an_encoding_lacks_is_shown_as_a_question_mark():
    program = "from study.console import print_result; print_result('84.9 \u00b1 0.2 %')"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "84.9 ? 0.2 %\n")
