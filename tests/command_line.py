"""Run the programs as a shell would, each in a process of its own, without importing all anew.

One process imports what they need and forks for every command: a hundred commands in seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

PROJECT = Path(__file__).parents[1]
WITHOUT_BROWSER = {"BROWSER_PATH": "no-such-browser"}
"""Variables of a program whose pictures nobody looks at: they take longer than all the rest."""

SERVER = """
import json, os, runpy, signal, sys, traceback
import analysis.cli, analysis.report, study.cli, study.job, study.dashboard.pages
import optuna_dashboard, rich.console, sklearn.datasets, study.dashboard.server

def run(wanted):
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.path[:0] = wanted["environment"].get("PYTHONPATH", "").split(os.pathsep)
    for number, name in ((0, os.devnull), (1, wanted["out"]), (2, wanted["err"])):
        os.dup2(os.open(name, os.O_RDWR), number)
    sys.argv = [wanted["module"], *wanted["arguments"]]
    signal.alarm(wanted["seconds"])
    try:
        runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)
    except SystemExit as error:
        return error.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

print("ready", flush=True)
for line in sys.stdin:
    if not (child := os.fork()):
        code = run(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Ended(NamedTuple):
    """How a command ended: its exit code, negative for a signal, and what it said."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs commands; a context manager, as a process stands ready for them."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.kill()
        self._server.communicate()

    def run(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        seconds: int = 60,
    ) -> Ended:
        """Run `python -m MODULE ARGUMENT...` in a folder; SIGALRM ends it if it takes longer."""
        kept = {key: value for key, value in os.environ.items() if key != "OPTUNA_STORAGE"}
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            wanted = {
                "module": module,
                "arguments": list(arguments),
                "folder": str(folder),
                "environment": kept | dict(environment or {}),
                "out": out.name,
                "err": err.name,
                "seconds": seconds,
            }
            assert self._server.stdin is not None
            self._server.stdin.write(f"{json.dumps(wanted)}\n")
            self._server.stdin.flush()
            code = int(self._answer())
            return Ended(code, out.read().decode(), err.read().decode())

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()
