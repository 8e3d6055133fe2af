"""Files that are no database, or one of another version: one line says so, nothing changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from study.storage import open_for_reading, open_for_writing, read_study, study_names
from tests.study.databases import add_study, contents, error_of, execute, url_of, write


def broken(folder, kind):
    path = folder / "broken.db"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a text":
        path.write_text("This is not a database.\n" * 100)
    elif kind == "another program's database":
        execute(path, "CREATE TABLE recipes (name TEXT)")
    elif kind == "no parent folder":
        return folder / "nowhere" / "broken.db"
    elif kind == "a file for a parent":
        (folder / "file").write_text("")
        return folder / "file" / "broken.db"
    elif kind == "a name that is too long":
        return folder / ("x" * 300)
    elif kind == "cut off":
        write(url_of(path))
        path.write_bytes(path.read_bytes()[:-12_000])
    elif kind == "overwritten":
        write(url_of(path))
        whole = path.read_bytes()
        path.write_bytes(whole[:8192] + b"\x5a" * (len(whole) - 8192))
    return path


BROKEN = [
    "a folder",
    "a text",
    "another program's database",
    "no parent folder",
    "a file for a parent",
    "a name that is too long",
    "cut off",
    "overwritten",
]


@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_database_is_one_line_that_names_it_and_it_stays_as_it_was(
    tmp_path, kind, action
):
    path = broken(tmp_path, kind)
    before = contents(tmp_path)
    message = error_of(action, url_of(path))
    assert path.name[:100] in message
    assert contents(tmp_path) == before


@pytest.mark.parametrize("table", ["studies", "study_user_attributes", "trials", "trial_values"])
def test_a_database_with_a_damaged_table_is_one_line(tmp_path, database, table):
    path = tmp_path / "studies.db"
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(query, [table]).fetchone()
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * page_size : page * page_size] = b"\x5a" * page_size
    path.write_bytes(whole)
    assert "studies.db" in error_of(read_study, database, "first")


def test_a_missing_file_is_an_error_for_reading_and_is_not_created(tmp_path):
    message = error_of(study_names, url_of(tmp_path / "none.db"))
    assert "none.db" in message
    assert "python -m study run" in message
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
def test_a_database_of_another_optuna_version_says_what_to_do(tmp_path, database, action):
    execute(
        tmp_path / "studies.db",
        "UPDATE alembic_version SET version_num = 'v99.0.0.a'",
        "UPDATE version_info SET schema_version = 99, library_version = '99.0.0'",
    )
    before = contents(tmp_path)
    message = error_of(action, database)
    assert "Optuna" in message
    assert "update" in message
    assert contents(tmp_path) == before


@pytest.mark.parametrize("version", [2, 10**6, "1", None, 1.5])
def test_a_study_of_a_newer_schema_is_refused(database, version):
    with open_for_writing(database) as storage:
        add_study(storage, "newer/custom_cnn", schema_version=version)
    message = error_of(read_study, database, "newer")
    assert repr(version) in message
    assert read_study(database, "first").name == "first"


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE study_user_attributes SET value_json = '{oops' WHERE key = 'schema_version'",
        "UPDATE trials SET state = 'ODD'",
    ],
    ids=["an attribute that is no JSON", "a state that is none"],
)
def test_a_record_that_cannot_be_read_is_one_line_that_names_the_doctor(tmp_path, harm):
    path = tmp_path / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "mine/custom_cnn", values=(0.5,))
    execute(path, harm)
    message = error_of(lambda url: read_study(url, "mine"), url_of(path))
    assert "python -m study doctor" in message
    assert str(path) in message


def test_a_mistake_of_this_program_passes_for_no_damaged_record(tmp_path):
    url = url_of(tmp_path / "studies.db")
    write(url)
    with pytest.raises(KeyError), open_for_reading(url):
        raise KeyError("ours")
