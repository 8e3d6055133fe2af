"""The examples of docs/api.md: they run, and print what stands below them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n(?:```text\n(.*?)```\n)?", PAGE, flags=re.DOTALL)
LINE = "-" * 40 + "end of an example"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each example prints, all run by one program as a reader would run them."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copy(ROOT / "studies.db", folder)
    script = folder / "examples.py"
    script.write_text(f"\nprint({LINE!r})\n".join(code for code, _ in EXAMPLES), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "OPTUNA_STORAGE"}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(script)],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(f"{LINE}\n")


def test_every_example_of_the_page_is_found():
    assert len(EXAMPLES) == PAGE.count("```python") >= 8
    assert all(output for _, output in EXAMPLES)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_prints_what_stands_below_it(printed, number):
    assert plain(printed[number]) == plain(EXAMPLES[number][1])


def plain(text):
    return [line.rstrip() for line in text.splitlines()]
