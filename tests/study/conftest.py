"""Fixtures that tests of the study share: small runs, databases, datasets elsewhere."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from search_spaces import SPACES
from study.datasets import DATASETS
from study.records import StudyRecord
from study.storage import open_for_writing
from tests.command_line import CommandLine
from tests.study import small
from tests.study.bad_input import Here
from tests.study.databases import add_study, url_of
from tests.study.datasets_world import World, make_world
from tests.study.local_workers import LocalWorkers


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the small dataset and family for the length of a test, and train them untraced.

    With so few steps, tracing and collecting garbage take many times as long as training.
    """
    import tensorflow as tf

    monkeypatch.setattr(gc, "collect", lambda: 0)
    monkeypatch.setitem(DATASETS, "stripes", small.dataset())
    monkeypatch.setitem(SPACES, "small", small.space())
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def run_job(
    tmp_path: Path, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., StudyRecord]:
    """Run the whole job on the small dataset and family, in one folder and in this process."""
    from study import job

    monkeypatch.setattr(job, "WorkerPool", LocalWorkers)

    def run(**changes: Any) -> StudyRecord:
        config = small.config(tmp_path, **changes)
        return job.run(config, sample=small.sample(), progress=small.silent_progress())

    return run


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The URL of a database with one study."""
    path = tmp_path / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    return url_of(path)


@pytest.fixture(scope="session")
def command_line() -> Iterator[CommandLine]:
    """What runs commands in processes of their own."""
    with CommandLine() as opened:
        yield opened


@pytest.fixture
def here(tmp_path: Path, command_line: CommandLine) -> Here:
    """An empty current folder, to make mistakes in."""
    return Here(tmp_path, command_line)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A machine where nothing has the datasets."""
    return make_world(tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def float32_policy() -> Iterator[None]:
    """Give every test the arithmetic that Keras starts with, whatever the test before it chose."""
    yield
    import sys

    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")
