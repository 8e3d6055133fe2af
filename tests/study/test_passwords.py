"""The password of a storage URL: in no message, log, record, file or list of processes."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.cli import _shown_command
from study.errors import one_line
from study.secrets_hidden import without_passwords
from study.storage import redacted
from study.workers.worker import Worker
from tests.faults.program import until
from tests.study.bad_input import RUN, Here

# Stands in for a driver: its errors repeat all that it was told, as some do.
DRIVER = """
paramstyle, apilevel, threadsafety = "pyformat", "2.0", 1
__version__, version_info = "2.9.9 (dt)", (2, 0, 0, "final", 0)
import unittest.mock
extras = extensions = unittest.mock.MagicMock()
class Error(Exception): ...
class OperationalError(Error): ...
InterfaceError = ProgrammingError = InternalError = OperationalError
def connect(*arguments, **options):
    raise OperationalError(f"connection refused: {arguments} {options}")
"""
URLS = {
    "PostgreSQL at a closed port": "postgresql+psycopg2://me:secret@127.0.0.1:1/db",
    "PostgreSQL with its password as an option": "postgresql+psycopg2://127.0.0.1:1/db?password=secret",
    "MySQL at an address that nobody has": "mysql+pymysql://me:secret@192.0.2.1/db",
    "MySQL with an odd password": "mysql+pymysql://me:%2Fsecret%40@192.0.2.1/db",
    "PostgreSQL with a server in the user's name": "postgresql+psycopg2://me@corp:secret@127.0.0.1:1/db",
}
COMMANDS = {
    "run": RUN,
    "verbose run": ("study", "run", "--dataset", "digits", "--verbose"),
    "ablate": ("study", "ablate"),
    "dashboard": ("study", "dashboard", "--port", "0"),
    "report": ("analysis", "report"),
}


@pytest.fixture
def drivers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the stand-ins are found."""
    folder: Path = tmp_path_factory.mktemp("drivers")
    for name in ("psycopg2", "pymysql"):
        (folder / f"{name}.py").write_text(DRIVER)
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
@pytest.mark.parametrize("command", ["run", "report"])
def test_a_server_that_does_not_answer_is_one_line_without_the_password(
    url, command, drivers, here: Here
):
    message = here.refused((*COMMANDS[command], "--storage", url), drivers)
    assert "does not answer as it should (" in message
    assert "--storage" in message


@pytest.mark.parametrize("command", ["verbose run", "ablate", "dashboard"])
def test_nor_is_the_password_in_what_else_is_said(command, drivers, here: Here):
    url = URLS["PostgreSQL at a closed port"]
    ended = here.command_line.run(
        COMMANDS[command][0],
        COMMANDS[command][1:],
        folder=here.folder,
        environment={**drivers, "OPTUNA_STORAGE": url},
    )
    assert ended.code == 2
    assert "secret" not in ended.out + ended.err
    assert "***" in ended.err


AMBIGUOUS = {
    "an @ in the password": "postgresql+psycopg2://me:se@secret@127.0.0.1:1/db",
    "an @ and a slash in the password": "postgresql+psycopg2://me:se@secret/x@127.0.0.1:1/db",
    "an @ and a question mark in the password": "mysql+pymysql://me:se@secret?x=1@127.0.0.1/db",
}


@pytest.mark.parametrize("url", AMBIGUOUS.values(), ids=AMBIGUOUS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_url_whose_password_may_end_in_two_places_is_refused(command, url, drivers, here: Here):
    message = here.command_line.run(
        COMMANDS[command][0],
        COMMANDS[command][1:],
        folder=here.folder,
        environment={**drivers, "OPTUNA_STORAGE": url},
    ).err
    assert message.count("\n") == 1
    assert "write %40" in message
    assert "secret" not in message


ODD_TEXTS = {
    "a space in the password": "postgresql://me:sec ret@h/db",
    "an @ and a space in the password": "postgresql://me:x@sec ret@h/db",
    "a quote and a space in the password": "postgresql://me:it' sec ret@h/db",
    "another scheme in the password": "postgresql://me:sec://ret@h/db",
    "a slash in the password": "postgresql://me:sec/ret@h/db",
    "a server in the user's name": "postgresql://me@corp:secret@h/db",
    "a quote in the user's name": "postgresql://o'neil:secret@h/db",
    "an ODBC string": "mssql+pyodbc:///?odbc_connect=PWD%3Dsecret",
    "an ODBC string with a space": "mssql+pyodbc:///?odbc_connect=DRIVER={a b};PWD=sec;UID=secret",
    "a key": "oracle://h/db?wallet_key=secret",
    "credentials": "bigquery://h/db?credentials_base64=secret",
    "a token": "mysql://h/db?token=secret",
    "a space in an option": "mysql://h/db?a=b&password=sec ret",
    "a quote in an option": "mysql://h/db?password=it'secret",
    "a URL that was taken for a path": "postgresql:/me:secret@h/db",
    "a URL that is half hidden": "postgresql://me:***@secret@127.0.0.1:1/db",
}
PLACES = {
    "alone": "{}",
    "after an option": "unrecognized arguments: --storag={}",
    "quoted": "invalid choice: {!r} (choose from 'a', 'b')",
    "in a command": "begins: python -m study run --name {quoted} --trials 3",
    "in a command's option": "begins: python -m study run {quoted_option} --trials 3",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_password_is_hidden_in_whatever_text(place, text):
    options = {"quoted": shlex.quote(text), "quoted_option": shlex.quote(f"--storag={text}")}
    shown = without_passwords(place.format(text, **options))
    assert "sec" not in shown
    assert "ret" not in shown
    assert "***" in shown
    assert without_passwords(shown) == shown
    assert shown.startswith(place.partition("{")[0])
    # What follows a quoted URL is told all the same.
    if "quoted" in place:
        assert shown.endswith("--trials 3")


@pytest.mark.parametrize(
    "text",
    [
        "from https://host/a:b and c@d",
        "Storage 'mysql://me:***@h/db' does not answer (denied for user 'me'@'localhost')",
        "write it like sqlite:///studies.db or postgresql+psycopg://user@host/database.",
        "    ordered = sorted(found, key=lambda one: one.number)",
        "python -m study run --storage 'mysql://me:***@h/db?charset=utf8' --name me@home",
    ],
)
def test_a_text_without_a_password_stays_as_it_is(text):
    assert without_passwords(text) == text


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "'" * 100_000, "?x" * 50_000, "=" * 100_000, ":/" * 50_000]
)
def test_hiding_takes_no_time_that_grows_beyond_the_text(text):
    assert without_passwords(text) == text


def test_a_log_file_has_no_password_that_was_typed_for_something_else(here: Here):
    arguments = ("run", "--name", "mysql://h/db?token=secret", "--log-file", "l.jsonl")
    ended = here.command_line.run("study", arguments, folder=here.folder)
    assert ended.code == 2
    logged = (here.folder / "l.jsonl").read_text()
    assert "mysql://h/db?token=***" in logged
    assert "secret" not in logged + ended.err


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
@pytest.mark.parametrize("joined", [True, False])
def test_the_recorded_command_has_no_password(url, joined):
    option = [f"--storage={url}"] if joined else ["--storage", url]
    command = _shown_command(["run", *option, "--trials", "3"])
    assert "secret" not in command
    assert shlex.split(command)[-2:] == ["--trials", "3"]


PASSWORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=20)
SCHEMES = st.sampled_from(["postgresql", "postgresql+psycopg", "mysql+pymysql", "nosuch"])


@given(SCHEMES, PASSWORDS, st.sampled_from(["", "?sslmode=require", "?a=b&c=d"]))
def test_no_password_is_in_a_shown_url_or_in_a_line_that_quotes_one(scheme, password, query):
    url = f"{scheme}://somebody:{password}@host:5432/db{query}"
    assert password not in redacted(url)
    assert password not in one_line(f"unrecognized arguments: --storag={url} {url!r}")
    for key in ("password", "pwd", "token", "sslpassword", "passwd", "client_secret"):
        with_option = f"{scheme}://somebody@host/db?{key}={password}"
        assert password not in redacted(with_option)
        assert password not in one_line(f"unrecognized arguments: {with_option}")


@given(st.text(max_size=300), st.integers(1, 40))
def test_a_line_is_one_printable_line_of_bounded_length(text, repeats):
    line = one_line(text * repeats)
    assert line.isprintable()
    assert len(line) <= 2_000
    assert one_line(line) == line


@pytest.mark.parametrize("line", ["a b", "Storage 'sqlite:///s.db' is odd; see https://host:80/x."])
def test_an_ordinary_line_stays_as_it_is(line):
    assert one_line(line) == line


def test_a_workers_command_line_is_the_same_whatever_the_parent_was_told(monkeypatch):
    monkeypatch.setattr("sys.argv", ["study", "run", "--storage", "mysql://me:secret@host/db"])
    worker = Worker(environment={})
    try:
        seen = psutil.Process(worker._process.pid)
        # Between its fork and its exec a process has no command line.
        assert until(seen.cmdline)
        assert "secret" not in " ".join(seen.cmdline())
        assert "spawn_main" in " ".join(seen.cmdline())
        assert not any("secret" in value for value in seen.environ().values())
        worker.receive()
        assert "secret" not in " ".join(psutil.Process(worker._process.pid).cmdline())
    finally:
        worker.end()


def test_the_environment_is_where_a_password_belongs():
    # Only its owner may read a process's environment, but everybody its command line.
    assert os.stat(f"/proc/{os.getpid()}/environ").st_mode & 0o077 == 0  # noqa: PTH116
