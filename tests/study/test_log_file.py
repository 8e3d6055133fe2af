"""`--log-file`: each line is a JSON object, whatever happens and whatever the messages hold."""

from __future__ import annotations

import argparse
import json
import logging
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from study import cli, log_file
from study.errors import ConfigError, StudyError
from tests.study.bad_input import RUN

LOGGER = logging.getLogger("study.some")


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "run.jsonl"


def recorded(path, command="python -m study run"):
    return log_file.recorded(argparse.Namespace(log_file=path), command=command)


def lines(path) -> list[dict]:
    return [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]


def told(path, message, *arguments, **extra) -> dict:
    with recorded(path):
        LOGGER.warning(message, *arguments, extra=extra)
    return lines(path)[1]


def test_a_line_says_when_how_grave_who_and_what(path):
    line = told(path, "trial %d failed", 7, family="custom_cnn", trial=7)
    assert line.keys() == {"time", "level", "logger", "message", "family", "trial"}
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
    assert (line["level"], line["logger"]) == ("warning", "study.some")
    assert (line["message"], line["trial"]) == ("trial 7 failed", 7)


@pytest.mark.parametrize(
    "message",
    ["two\nlines", "\x1b[31mred\x07\x00", '"}\n{"level": "x', "\u2028\u2029\x85\r", "\ud800", "é"],
    ids=ascii,
)
def test_no_message_breaks_a_line_or_its_json(path, message, monkeypatch):
    # What pytest hears goes into its own report, which must be text that can be encoded.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    line = told(path, "%s", message)
    assert line["message"] == message
    assert len(lines(path)) == 3
    assert path.read_bytes().isascii()


@pytest.mark.parametrize(
    ("message", "hidden"),
    [
        ("at postgresql://me:s3cret@host/db it", "at postgresql://me:***@host/db it"),
        ("mysql+pymysql://me:s3/cr:et@host", "mysql+pymysql://me:***@host"),
        ("x://host/db?a=1&password=s3cret&b=2", "x://host/db?a=1&password=***&b=2"),
        ("from https://host/a:b and c@d", "from https://host/a:b and c@d"),
    ],
)
def test_passwords_of_urls_are_hidden(path, message, hidden):
    assert told(path, message)["message"] == hidden


def test_odd_values_of_fields_stay_json(path):
    line = told(path, "x", epoch=float("nan"), trial=Path("a"), other=1)
    assert (line["epoch"], line["trial"]) == (None, "a")
    assert "other" not in line


@pytest.mark.parametrize(
    ("error", "level", "said"),
    [
        (StudyError("no such study"), "error", "ends: no such study"),
        (KeyboardInterrupt(), "warning", "is interrupted"),
        (ZeroDivisionError("a bug"), "critical", "ends with a bug"),
    ],
)
def test_the_end_of_a_command_is_recorded_and_its_error_goes_on(path, error, level, said):
    with pytest.raises(type(error)), recorded(path, "python -m study run --trials 2"):
        raise error
    begin, end = lines(path)
    assert begin["message"] == "begins: python -m study run --trials 2"
    assert (end["level"], end["message"]) == (level, said)
    assert ("Traceback" in end.get("traceback", "")) == (level == "critical")


def test_a_second_run_appends_and_mends_a_line_that_was_broken_off(path):
    told(path, "first")
    path.write_text(path.read_text() + '{"time": "2030')
    told_lines = path.read_text().splitlines()
    with recorded(path):
        LOGGER.warning("second")
    now = path.read_text().splitlines()
    assert now[: len(told_lines)] == told_lines
    assert [json.loads(line)["message"] for line in now[4:]] == [
        "begins: python -m study run",
        "second",
        "is done",
    ]


def test_a_file_that_was_moved_away_is_begun_anew(path):
    with recorded(path):
        LOGGER.warning("before")
        path.rename(path.with_suffix(".1"))
        LOGGER.warning("after")
    assert [line["message"] for line in lines(path.with_suffix(".1"))][1:] == ["before"]
    assert [line["message"] for line in lines(path)] == ["after", "is done"]


def test_each_line_is_there_at_once_and_names_the_study(path):
    with recorded(path):
        log_file.name_study("mine")
        LOGGER.warning("now")
        assert lines(path)[-1]["study"] == "mine"


def test_the_file_hears_epochs_and_levels_are_put_back(path):
    epochs, study = logging.getLogger(log_file.EPOCHS), logging.getLogger("study")
    before = epochs.level, study.level
    with recorded(path):
        study.info("shown")
        epochs.debug("epoch", extra={"epoch": 3})
        LOGGER.debug("noise")
    assert [line["message"] for line in lines(path)][1:-1] == ["shown", "epoch"]
    assert (epochs.level, study.level) == before
    assert not any(isinstance(one, log_file._LogFile) for one in logging.getLogger().handlers)


@pytest.mark.parametrize("name", ["missing/run.jsonl", ".", "a" * 300, "nul\0.jsonl"])
def test_a_file_that_cannot_be_written_is_the_users_to_mend(tmp_path, name):
    with pytest.raises(ConfigError, match="--log-file"), recorded(tmp_path / name):
        pytest.fail("It began all the same.")


@pytest.mark.parametrize("command", ["run", "ablate", "dashboard"])
def test_the_command_line_says_so_in_one_line_and_does_nothing(
    tmp_path, monkeypatch, capsys, command
):
    monkeypatch.chdir(tmp_path)
    assert cli.main([command, "--log-file", "missing/run.jsonl"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: Log file 'missing/run.jsonl' cannot be written (No such file")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"SQLite format 3\0",
        b'{\n "cells": []\n}',
        b'{"schema_version": 1, "time": "2030-01-02"}\n',
        b'{"time": "2030-01-02"}',
        b'["time", "logger"]\n',
        b"\n",
        b'{"a":' * 100_000,
    ],
    ids=lambda content: ascii(content[:20]),
)
def test_a_file_that_is_no_log_is_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="something else"), recorded(path):
        pytest.fail("It began all the same.")
    assert path.read_bytes() == content


@pytest.mark.parametrize("broken_off", ['{"time": "2030', '{"time": "2030\n{"time": "2031'])
def test_a_log_whose_first_line_was_broken_off_goes_on(path, broken_off):
    path.write_text(broken_off)
    with recorded(path):
        LOGGER.warning("second")
    assert path.read_text().startswith(f"{broken_off}\n")
    assert json.loads(path.read_text().splitlines()[-1])["message"] == "is done"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_that_nobody_reads_holds_nothing_up(path, here):
    os.mkfifo(path)
    said = here.refused((*RUN, "--log-file", str(path)))
    assert "is no ordinary file; name another with --log-file" in said


@pytest.mark.parametrize("kind", ["socket", "link to a folder"])
def test_what_is_no_file_is_refused(path, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # The name of a socket has few bytes.
    with socket.socket(socket.AF_UNIX) as one:
        if kind == "socket":
            one.bind(path.name)
        else:
            path.symlink_to(tmp_path)
        with pytest.raises(ConfigError, match="no ordinary file"), recorded(path):
            pytest.fail("It began all the same.")


def test_a_device_may_be_a_log():
    with recorded(Path(os.devnull)):
        LOGGER.warning("heard by nobody")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_told_once_and_ends_nothing(capsys):
    with recorded(Path("/dev/full")):
        for _ in range(3):
            LOGGER.warning("hours of training")
    assert capsys.readouterr().err.count("cannot be written any more") == 1


def test_the_command_line_keeps_stderr_as_it_is(path, tmp_path, capsys):
    command = ["ablate", "--storage", f"sqlite:///{tmp_path}/none.db"]
    codes, outputs = [], []
    for more in ([], ["--log-file", str(path)]):
        codes.append(cli.main([*command, *more]))
        outputs.append(capsys.readouterr())
    assert codes == [2, 2]
    assert outputs[0] == outputs[1]
    assert lines(path)[-1]["message"].startswith("ends: There is no database")
