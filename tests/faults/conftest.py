"""What tests of damaged databases begin with."""

from __future__ import annotations

import shutil

import pytest

from tests.analysis import synthetic
from tests.study.databases import url_of
from tests.study.written import write


@pytest.fixture(scope="session")
def healthy(tmp_path_factory):
    path = tmp_path_factory.mktemp("healthy") / "studies.db"
    study = synthetic.study(n_trials=6, seeds=(0,))
    write(url_of(path), study)
    return path, study.name


@pytest.fixture
def path(healthy, tmp_path, monkeypatch):
    """A copy of a healthy database, alone in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    return shutil.copy(healthy[0], tmp_path / "studies.db")


@pytest.fixture
def name(healthy):
    return healthy[1]
