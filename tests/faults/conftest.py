"""What the programs of these tests inherit."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def programs_hear_ctrl_c():
    """A shell lets what it starts in the background ignore Ctrl-C, and that is handed down."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
