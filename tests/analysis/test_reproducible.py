"""Two reports of one study are the same byte for byte, but for the date that they state."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis import evidence, png
from analysis.charts import CHARTS
from analysis.report_date import VARIABLE, report_date
from study.errors import ConfigError
from tests.analysis import synthetic

ROOT = Path(__file__).parents[2]
DATES = {"1": "2030-01-02 03:04 UTC", "2": "2031-05-06 07:08 UTC"}
COMMANDS = """
from analysis.cli import main
options = ["--storage", "sqlite:///studies.db", "--no-png", "--out"]
first, second = "reference-mnist", "reference-cifar10"
main(["report", "--name", first, *options, FOLDER + "/report"])
main(["compare", first, second, *options, FOLDER + "/compared"])
"""


def files_of(folder: Path, *, hash_seed: str) -> dict[str, bytes]:
    """Return what a process writes in which sets have another order, elsewhere on another day."""
    date = datetime.strptime(DATES[hash_seed], "%Y-%m-%d %H:%M %Z").replace(tzinfo=UTC)
    subprocess.run(
        [sys.executable, "-c", f"FOLDER = {str(folder)!r}{COMMANDS}"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "TZ": f"XXX+{hash_seed}",
            VARIABLE: str(int(date.timestamp())),
        },
        check=True,
        capture_output=True,
    )
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_two_processes_write_the_same_bytes_but_for_the_date(tmp_path):
    first, second = (files_of(tmp_path / hash_seed, hash_seed=hash_seed) for hash_seed in DATES)
    dated = {f"{kind}/report.{end}" for kind in ("report", "compared") for end in ("html", "md")}
    assert dated < first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} == dated
    for name in dated:
        dates = [date.encode() for date in DATES.values()]
        assert first[name].count(dates[0]) == 1
        assert first[name].replace(*dates) == second[name]


def test_a_picture_drawn_twice_is_the_same(tmp_path, browser):
    chart = CHARTS["seeds"]
    figure = chart.draw(chart.compute(evidence.from_study(synthetic.study())))
    drawn = [png.write_pictures({"seeds": figure}, tmp_path / name)[0] for name in ("a", "b")]
    first, second = (pictures["seeds"].read_bytes() for pictures in drawn)
    assert first == second


def test_the_stated_date_is_that_of_the_variable(monkeypatch):
    monkeypatch.setenv(VARIABLE, "86400")
    assert report_date() == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, ""])
def test_without_the_variable_it_is_now(monkeypatch, text):
    monkeypatch.delenv(VARIABLE, raising=False)
    if text is not None:
        monkeypatch.setenv(VARIABLE, text)
    before = datetime.now(tz=UTC)
    assert before <= report_date() <= datetime.now(tz=UTC)


@pytest.mark.parametrize("text", ["yesterday", "1.5", "1" * 30, "9" * 5000])
def test_a_variable_that_is_no_date_is_an_error_with_a_remedy(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(ConfigError, match=f"{VARIABLE} is .*; set it to whole seconds") as caught:
        report_date()
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("text", "said"), [("soon", "SOURCE_DATE_EPOCH is 'soon'; set"), ("", "There is no database")]
)
@pytest.mark.parametrize(
    "command", [("analysis", "report"), ("analysis", "compare", "a", "b"), ("study", "ablate")]
)
def test_the_variable_is_checked_before_numpy_is_imported_which_reads_it(
    command, text, said, tmp_path
):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: text}
    environment.pop("OPTUNA_STORAGE", None)
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {said}")
    assert ended.stderr.count("\n") == 1
