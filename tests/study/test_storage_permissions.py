"""Databases and folders that may not be written: read all the same, refused for writing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from study.storage import check_writable, open_for_writing, study_names
from tests.permissions import as_any_user
from tests.study.databases import add_study, contents, error_of, journal_mode, url_of, write


@pytest.fixture
def open_folder():
    # pytest's own temporary folders are closed to other users.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_in_a_folder_that_cannot_be_written_can_be_read(open_folder, mode):
    path = open_folder / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    journal_mode(path, set_to=mode)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    before = contents(open_folder)
    with as_any_user():
        names = study_names(url_of(path))
    assert names == ("first",)
    assert contents(open_folder) == before


def test_a_file_without_write_permission_is_refused_also_for_the_superuser(tmp_path, database):
    path = tmp_path / "studies.db"
    path.chmod(0o444)
    assert "cannot be written" in error_of(write, database)
    assert study_names(database) == ("first",)


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_write_permission_is_refused(open_folder, exists):
    path = open_folder / "studies.db"
    if exists:
        write(url_of(path))
        path.chmod(0o666)
    open_folder.chmod(0o555)
    with as_any_user():
        message = error_of(check_writable, url_of(path))
    assert str(open_folder) in message
