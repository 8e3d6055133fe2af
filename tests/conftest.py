"""Fixtures that tests of several packages share."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator

import pytest
from alembic.script import ScriptDirectory
from optuna.storages._rdb.storage import _VersionManager
from playwright.sync_api import Browser, sync_playwright

from study.start_backend import prefer_onednn

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Before a test imports TensorFlow: what workers compute is compared with what tests do themselves.
prefer_onednn()


def once(method: Callable[[_VersionManager], ScriptDirectory]) -> Callable[..., ScriptDirectory]:
    """Return a method that gives what the first call gave, whoever is asked."""
    given: list[ScriptDirectory] = []

    def answer(self: _VersionManager) -> ScriptDirectory:
        if not given:
            given.append(method(self))
        return given[0]

    return answer


# Whenever a database is opened, Optuna reads all of its migrations: in a tenth of a second, and the
# tests open some thousand.
_VersionManager._create_alembic_script = once(_VersionManager._create_alembic_script)

LONGEST = (
    *("test_end_to_end.py", "test_notebook.py", "test_jax.py", "test_workers_training.py"),
    *("test_keras_tuner_training.py", "test_full_disk.py", "test_real_run.py", "test_kills.py"),
)
"""Files of about a minute each and more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: one that came last would keep a single process busy."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chrome or Chromium; the tests that need one fail where none is installed."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail(f"No browser is installed, but this test needs one of {', '.join(NAMES)}.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session", autouse=True)
def programs_hear_signals():
    """A shell lets what it starts in the background ignore some, and that is handed down."""
    before = {
        number: signal.signal(number, handler)
        for number, handler in (
            (signal.SIGINT, signal.default_int_handler),
            (signal.SIGHUP, signal.SIG_DFL),
        )
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
