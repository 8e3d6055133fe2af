"""What is said where nobody listens is no error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            check=False,
            **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: full},
        )
    assert ended.returncode == code
