"""URLs of databases: files of any name, refusals, and passwords that are never shown."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from study.errors import ConfigError
from study.storage import (
    check_writable,
    open_for_writing,
    opening,
    redacted,
    sqlite_path,
    study_names,
)
from tests.study.databases import add_study, contents, error_of, url_of, write

ODD_NAMES = [
    *("with space", "50%", "a%23b", "a%2523b", "käse-猫", "a#b", "wh?t", "a?mode=memory&b", "a:b"),
]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_a_database_that_is_gone_after_the_run_is_refused(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "sqlite:///studies.db" in error_of(check_writable, url, kind=ConfigError)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    "url", ["", "studies.db", "sqlite:/x.db", "://", "postgresql://u:secret@h:port/db", "\x00"]
)
def test_what_is_no_url_is_an_error_that_does_not_repeat_it(url):
    message = error_of(check_writable, url, kind=ConfigError)
    assert "secret" not in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@127.0.0.1:1/db",
        "mysql://user:secret@127.0.0.1:1/db",
        "nosuch://user:secret@127.0.0.1:1/db",
        "postgresql+nosuch://user:secret@127.0.0.1:1/db",
    ],
)
@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
def test_a_missing_driver_is_an_error_without_the_password(url, action):
    message = error_of(action, url, kind=ConfigError)
    assert "secret" not in message
    assert url.partition(":")[0] in message


@pytest.mark.parametrize("action", [write, study_names], ids=["writing", "reading"])
def test_a_server_that_does_not_answer_is_an_error_without_the_password(action, monkeypatch):
    url = "postgresql://user:secret@127.0.0.1:1/db"

    def refuse(_url, **_options):
        raise OperationalError(f"connecting to {url}", {}, Exception(f"refused {url}"))

    monkeypatch.setattr(opening, "_check_driver", lambda _url: None)
    monkeypatch.setattr(opening, "RDBStorage", refuse)
    message = error_of(action, url)
    assert "secret" not in message
    assert "127.0.0.1" in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret@host/db",
        "postgresql://user:secret%40@host/db?sslmode=require",
        "postgresql://host/db?user=me&password=secret",
    ],
)
def test_a_url_is_shown_without_its_password(url):
    assert "secret" not in redacted(url)
    assert "host" in redacted(url)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_written_and_read(tmp_path, name):
    path = tmp_path / name
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    assert list(contents(tmp_path)) == [name]
    assert sqlite_path(url_of(path)) == path
    assert study_names(url_of(path)) == ("first",)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_database_in_a_folder_of_any_name_is_written_and_read(tmp_path, name, monkeypatch):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    with open_for_writing("sqlite:///studies.db") as storage:
        add_study(storage, "first/custom_cnn")
    assert list(contents(folder)) == ["studies.db"]
    assert study_names("sqlite:///studies.db") == ("first",)
