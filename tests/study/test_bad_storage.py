"""Storage URLs and databases that cannot be used: one line, no password in it, nothing changed."""

from __future__ import annotations

import os
import socket
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import optuna
import pytest

from study.records import SCHEMA_VERSION
from tests.study.bad_input import RUN, Here

URL = "sqlite:///s.db"
REPORT, DASHBOARD = ("analysis", "report"), ("study", "dashboard", "--port", "0")
COMMANDS = {"run": RUN, "report": REPORT, "dashboard": DASHBOARD, "ablate": ("study", "ablate")}

URLS = {
    "no URL": ("studies.db", "sqlite:///"),
    "an empty one": ("://", "sqlite:///"),
    "a tag": ("<script>://secret", "sqlite:///"),
    "of ten thousand characters": ("x" * 10_000, "sqlite:///"),
    "of an unknown kind": ("oracle9://x/y", "sqlite:///"),
    "of a web page": ("http://me:secret@host/db", "sqlite:///"),
    "of another of Optuna's storages": ("redis://:secret@host", "sqlite:///"),
    "of an unknown driver": ("postgresql+nosuch://me:secret@host/db", "sqlite:///"),
    "of a driver that is not installed": ("mysql+pymysql://me:secret@h/db", "install it with pip"),
    "of a driver for what waits otherwise": ("sqlite+aiosqlite:///s.db", "install it with pip"),
    "of an encrypted file": ("sqlite+pysqlcipher://:secret@/s.db", "install it with pip"),
    "with a port in words": ("postgresql://me:secret@host:port/db", "sqlite:///"),
    "with a password among the options": ("oracle+oracledb://h/db?password=secret", "install"),
    "with a token among the options": ("oracle+oracledb://h/db?token=secret&pwd=secret", "install"),
    "with a connection as an option": ("mssql+pyodbc:///?odbc_connect=PWD%3Dsecret", "install"),
    "with a zero byte": ("sqlite:///a\0b.db", "sqlite:///"),
    "with an encoded zero byte": ("sqlite:///a%00b.db", "sqlite:///"),
    "of two lines": ("sqlite:///a\nb.db", "sqlite:///"),
    "that is no text": ("sqlite:///a\udcff.db", "sqlite:///"),
    "in memory": ("sqlite://", "names no file"),
    "with a host": ("sqlite://me:secret@host/s.db", "three slashes"),
    "with an option": ("sqlite:///s.db?foo=bar", "leave out what follows the '?'"),
    "with an option of the wrong type": ("sqlite:///s.db?timeout=soon", "leave out"),
    "of a file that is a URL": ("sqlite:///file:s.db?uri=true&mode=rw", "names no file"),
    "in no folder": ("sqlite:///nowhere/s.db", "does not exist"),
    "far up": ("sqlite:///" + "../" * 40 + "nowhere/s.db", "does not exist"),
    "under a file": ("sqlite:////dev/null/s.db", "does not exist"),
    "with a name of ten thousand characters": ("sqlite:///" + "x" * 10_000, "cannot be looked for"),
    "with a path of ten thousand characters": ("sqlite:///" + "x/" * 5_000 + "s", "looked for"),
    "of a device": ("sqlite:////dev/zero", "no regular file"),
    "of no device": ("sqlite:////dev/null", "no regular file"),
    "of a folder": ("sqlite:////dev", "is a folder"),
}


@pytest.mark.parametrize(("url", "remedy"), URLS.values(), ids=URLS)
def test_a_storage_that_cannot_be_used_is_refused_by_a_run(url, remedy, here: Here):
    assert remedy in here.refused((*RUN, "--storage", url))


@pytest.mark.parametrize("name", ["no URL", "with a token among the options", "with an option"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_storage_that_cannot_be_used_is_refused_by_every_command(command, name, here: Here):
    url, remedy = URLS[name]
    assert remedy in here.refused((*command, f"--storage={url}"))
    assert remedy in here.refused(command, {"OPTUNA_STORAGE": url})


def test_a_second_storage_that_cannot_be_used_is_refused(here: Here):
    an_optuna_database(here.folder / "s.db")
    url, remedy = URLS["with a token among the options"]
    compare = ("analysis", "compare", "digits", "b", "--storage", URL, "--storage-b", url)
    assert remedy in here.refused(compare)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_text_file(path: Path) -> None:
    path.write_text("Dear diary, today I trained a network.\n" * 100)


def a_file_of_zeros(path: Path) -> None:
    path.write_bytes(b"\x00" * 4096)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    # Its address may be no longer than about a hundred bytes.
    here = Path.cwd()
    os.chdir(path.parent)
    with closing(socket.socket(socket.AF_UNIX)) as opened:
        opened.bind(path.name)
    os.chdir(here)


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def a_database_of_something_else(path: Path) -> None:
    execute(path, "CREATE TABLE recipes (name TEXT)")


def a_database_with_tables_of_our_names(path: Path) -> None:
    for table in ("studies", "trials", "version_info"):
        execute(path, f"CREATE TABLE {table} (something_else TEXT)")


def an_optuna_database(path: Path) -> None:
    study = optuna.create_study(storage=f"sqlite:///{path}", study_name="digits/custom_cnn")
    study.set_user_attr("schema_version", SCHEMA_VERSION)
    study.add_trial(optuna.create_trial(value=0.5))


def a_database_cut_off(path: Path) -> None:
    an_optuna_database(path)
    path.write_bytes(path.read_bytes()[:-20_000])


def the_beginning_of_a_database(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


def a_database_of_a_newer_optuna(path: Path) -> None:
    an_optuna_database(path)
    execute(path, "UPDATE alembic_version SET version_num = 'v99.0.0.a'")


def a_study_of_a_newer_version_of_ours(path: Path) -> None:
    an_optuna_database(path)
    study = optuna.load_study(storage=f"sqlite:///{path}", study_name="digits/custom_cnn")
    study.set_user_attr("schema_version", SCHEMA_VERSION + 1)


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


BAD_DATABASES = {
    "a folder": (a_folder, "is a folder"),
    "a text file": (a_text_file, "cannot be read as SQLite"),
    "a file of zeros": (a_file_of_zeros, "cannot be read as SQLite"),
    "a pipe that nobody writes into": (a_pipe, "no regular file"),
    "a socket": (a_socket, "no regular file"),
    "a link to itself": (a_link_to_itself, "cannot be looked for"),
    "a database of something else": (a_database_of_something_else, "no Optuna studies"),
    "tables of our names": (a_database_with_tables_of_our_names, "--storage"),
    "a database that is cut off": (a_database_cut_off, "cannot be read"),
    "the beginning of a database": (the_beginning_of_a_database, "--storage"),
    "a newer Optuna's": (a_database_of_a_newer_optuna, "schema of another Optuna version"),
    "a newer version's": (a_study_of_a_newer_version_of_ours, "update the program"),
}


@pytest.mark.parametrize(
    ("what", "command"),
    [
        (what, command)
        for what in BAD_DATABASES
        for command in ("run", "report", "dashboard")
        # The dashboard shows it, without notes.
        if (what, command) != ("a newer version's", "dashboard")
    ],
)
def test_a_database_that_cannot_be_used_is_refused_and_stays_as_it_was(what, command, here: Here):
    make, remedy = BAD_DATABASES[what]
    make(here.folder / "s.db")
    assert remedy in here.refused((*COMMANDS[command], "--storage", URL))


def test_a_run_refuses_a_read_only_database(here: Here):
    an_optuna_database(here.folder / "s.db")
    (here.folder / "s.db").chmod(stat.S_IRUSR)
    assert "cannot be written" in here.refused((*RUN, "--storage", URL))


def a_study(path: Path, *, finished: bool, name: str = "mine") -> None:
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name=f"{name}/custom_cnn", direction="maximize"
    )
    study.set_user_attr("schema_version", SCHEMA_VERSION)
    study.set_user_attr("dataset", {"name": "digits", "classes": ["0", "1"]})
    if finished:
        study.add_trial(optuna.create_trial(value=0.5))


HOSTILE_NAME = "\x1b[2J<script>\n\u202e" + "x" * 300


@pytest.fixture(scope="module")
def two_studies(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with an ordinary study and one of a hostile name."""
    path = tmp_path_factory.mktemp("two") / "studies.db"
    a_study(path, finished=True)
    a_study(path, finished=True, name=HOSTILE_NAME)
    return path.read_bytes()


@pytest.mark.parametrize("asked", ["yours", "<b>", "../..", "-x", "a\nb", "\udcff", "x" * 10_000])
@pytest.mark.parametrize("command", [REPORT, ("study", "ablate")], ids=["report", "ablate"])
def test_an_unknown_study_is_refused_with_those_that_are_there(
    command, asked, two_studies, here: Here
):
    (here.folder / "studies.db").write_bytes(two_studies)
    message = here.refused((*command, f"--name={asked}"))
    assert "mine" in message
    assert "There is no study" in message


@pytest.mark.parametrize("name", [(), ("--name", "mine")], ids=["newest", "named"])
def test_a_report_without_any_finished_trial_says_to_run_the_study(name, here: Here):
    a_study(here.folder / "studies.db", finished=False)
    assert "python -m study run" in here.refused((*REPORT, *name))
