"""A writer that is killed as it commits: the next command takes its write back and goes on."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from study import cli
from study.errors import StorageError
from study.storage import (
    check_writable,
    open_for_reading,
    open_for_showing,
    open_for_writing,
    read_study,
)
from tests.study.databases import add_study, error_of, url_of

KILLED = """
import os, sqlite3, sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
# So few pages that changed ones are written before the end of the transaction.
connection.execute("PRAGMA cache_size=2")
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE junk (text)")
for _ in range(500):
    connection.execute("INSERT INTO junk VALUES (?)", ("x" * 3000,))
os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def left(tmp_path_factory) -> Path:
    """A folder with a database and the journal of a writer that was killed."""
    folder = tmp_path_factory.mktemp("left")
    path = folder / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert (folder / "studies.db-journal").stat().st_size > 0
    return folder


@pytest.fixture
def path(left, tmp_path) -> Path:
    return shutil.copytree(left, tmp_path / "copy") / "studies.db"


def use(opened):
    def using(url):
        with opened(url) as storage:
            assert [study.study_name for study in storage.get_all_studies()] == ["first/custom_cnn"]

    return using


def status(url):
    assert cli.main(["status", "--storage", url]) == 0


def doctor(url):
    assert cli.main(["doctor", "--storage", url]) == 0


USES = {
    "writing": use(open_for_writing),
    "reading": use(open_for_reading),
    "showing": use(open_for_showing),
    "a check": check_writable,
    "a study": lambda url: read_study(url, "first"),
    "status": status,
    "doctor": doctor,
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_write_that_was_cut_short_is_taken_back(path, use):
    use(url_of(path))
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "junk" not in tables
    assert not path.with_name("studies.db-journal").exists()


def test_where_it_may_not_be_taken_back_the_remedy_is_named(path, monkeypatch):
    monkeypatch.setattr("study.storage.journal.os.access", lambda *_: False)
    message = error_of(read_study, url_of(path), "first", kind=StorageError)
    assert "in the middle of a write" in message
    assert "studies.db-journal" in message


def test_the_journal_of_a_living_writer_is_left_alone(tmp_path):
    path = tmp_path / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("CREATE TABLE mine (text)")
        assert path.with_name("studies.db-journal").stat().st_size > 0
        read_study(url_of(path), "first")
        writer.execute("COMMIT")
        assert writer.execute("SELECT count(*) FROM mine").fetchone() == (0,)
