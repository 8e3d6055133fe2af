"""The dashboard's command line: what it hands to the server, and what it says when it cannot."""

from __future__ import annotations

import logging
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest

from study import cli
from study.dashboard import server
from study.storage import open_for_showing
from tests.permissions import as_any_user
from tests.study.databases import contents, execute, journal_mode, url_of


@pytest.fixture
def here(tmp_path, monkeypatch, database):
    """A current folder with a database, that the environment does not name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """What the server was asked for; it is interrupted at once."""
    configs = []

    def interrupted():
        raise KeyboardInterrupt

    @contextmanager
    def listening(config):
        configs.append(config)
        yield SimpleNamespace(server_port=config.port, serve_forever=interrupted)

    monkeypatch.setattr(server, "listening", listening)
    return configs


def test_it_listens_on_this_machine_alone_if_not_told(here, asked, capsys):
    assert cli.main(["dashboard"]) == 130
    (config,) = asked
    assert (config.host, config.port, config.artifact_dir) == ("127.0.0.1", 8080, None)
    assert config.storage_url == "sqlite:///studies.db"
    assert "http://127.0.0.1:8080/" in capsys.readouterr().out


def test_the_artifacts_folder_is_found_where_there_is_one(here, asked):
    (here / "artifacts").mkdir()
    cli.main(["dashboard"])
    assert asked[0].artifact_dir == Path("artifacts")


def test_the_environment_names_the_database_and_an_option_overrules_it(here, asked, monkeypatch):
    (here / "other.db").write_bytes((here / "studies.db").read_bytes())
    monkeypatch.setenv("OPTUNA_STORAGE", "sqlite:///other.db")
    cli.main(["dashboard"])
    cli.main(["dashboard", "--storage", "sqlite:///studies.db"])
    assert [config.storage_url for config in asked] == [
        "sqlite:///other.db",
        "sqlite:///studies.db",
    ]


HOSTS = {
    "127.0.0.1": False,
    "127.0.0.9": False,
    "::1": False,
    "localhost": False,
    "0.0.0.0": True,  # noqa: S104
    "192.168.1.2": True,
    "example.org": True,
}


@pytest.mark.parametrize(("host", "warned"), HOSTS.items())
def test_a_host_that_others_reach_gives_a_warning(host, warned, here, asked, capsys):
    cli.main(["dashboard", "--host", host])
    assert ("there is no password" in capsys.readouterr().err) == warned


def fails_in_one_line(capsys, *argv):
    assert cli.main(["dashboard", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1, err
    return err


def test_a_port_that_is_taken_is_one_line(here, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"Port {port} of 127.0.0.1 is taken" in fails_in_one_line(capsys, "--port", port)


def test_an_address_of_another_machine_is_one_line(here, capsys):
    # Of the addresses that RFC 5737 keeps for documentation.
    assert "cannot listen on 203.0.113.1" in fails_in_one_line(capsys, "--host", "203.0.113.1")


def test_without_the_package_it_is_one_line(here, capsys, monkeypatch):
    monkeypatch.setattr(server, "is_installed", lambda: False)
    assert "pip install -r requirements.txt" in fails_in_one_line(capsys)


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_password_is_never_shown(by, here, capsys, monkeypatch):
    url = "postgresql+psycopg://me:hunter2@127.0.0.1:1/studies?sslpassword=hunter3"
    if by == "environment":
        monkeypatch.setenv("OPTUNA_STORAGE", url)
    err = fails_in_one_line(capsys, *(() if by == "environment" else ("--storage", url)))
    assert "hunter" not in err


def test_interrupted_it_says_how_to_go_on_without_the_password(here, asked, capsys, monkeypatch):
    monkeypatch.setattr("study.dashboard.pages.refresh_all", lambda url: None)
    assert cli.main(["dashboard", "--storage=mysql://me:hunter2@there/studies"]) == 130
    err = capsys.readouterr().err
    assert "python -m study dashboard" in err
    assert "hunter2" not in err


def test_what_libraries_log_is_not_shown(here, asked, capsys):
    cli.main(["dashboard"])
    logging.getLogger("optuna_dashboard").warning("chatter")
    assert "chatter" not in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_opening_to_show_changes_nothing(database, tmp_path, mode):
    journal_mode(tmp_path / "studies.db", set_to=mode)
    before = contents(tmp_path)
    with open_for_showing(database) as storage:
        assert [study.study_name for study in storage.get_all_studies()] == ["first/custom_cnn"]
    assert contents(tmp_path) == before


def test_what_is_typed_in_the_dashboard_is_kept(database):
    with open_for_showing(database) as storage:
        storage.set_study_user_attr(1, "typed", "yes")
    assert optuna.load_study(study_name="first/custom_cnn", storage=database).user_attrs["typed"]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_that_cannot_be_written_is_shown_all_the_same(database, tmp_path, mode):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "studies.db")
        path.write_bytes((tmp_path / "studies.db").read_bytes())
        journal_mode(path, set_to=mode)
        path.chmod(0o444)
        Path(name).chmod(0o555)
        with as_any_user(), open_for_showing(url_of(path)) as storage:
            assert len(storage.get_all_studies()) == 1
        Path(name).chmod(0o755)


def test_a_database_whose_studies_are_damaged_is_one_line(here, capsys):
    execute(here / "studies.db", "DROP TABLE study_user_attributes")
    assert "cannot be read" in fails_in_one_line(capsys, "--port", "0")
