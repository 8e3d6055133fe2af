"""The command line on real databases: what it prints, where, and with which exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from analysis.cli import main
from study.records import SCHEMA_VERSION

ROOT = Path(__file__).parents[2]
DATASET = {"name": "cifar10", "classes": ["cat", "dog"]}


def database(folder: Path, *, names: tuple[str, ...] = ("first", "second"), trials: int = 3) -> str:
    url = f"sqlite:///{folder / 'studies.db'}"
    for name in names:
        study = optuna.create_study(
            study_name=f"{name}/custom_cnn", storage=url, direction="maximize"
        )
        study.set_user_attr("schema_version", SCHEMA_VERSION)
        study.set_user_attr("dataset", DATASET)
        for number in range(trials):
            study.add_trial(optuna.trial.create_trial(state=TrialState.COMPLETE, value=number / 10))
    return url


def test_the_report_of_the_newest_study_is_written_and_its_paths_are_printed(tmp_path, capsys):
    url, out = database(tmp_path), tmp_path / "report"

    code = main(["report", "--storage", url, "--out", str(out), "--no-png"])

    printed = capsys.readouterr()
    assert code == 0
    assert printed.err == ""
    paths = [Path(line) for line in printed.out.splitlines()]
    assert paths[0] == out / "report.html"
    assert all(path.is_file() for path in paths)
    assert "Architecture study second" in paths[0].read_text(encoding="utf-8")


def test_a_reader_that_has_heard_enough_is_no_error(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "analysis",
            "report",
            "--no-png",
            "--storage",
            database(tmp_path),
            "--out",
            str(tmp_path / "report"),
        ],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "report" / "report.html").is_file()


def test_a_named_study_goes_to_its_folder_in_reports(tmp_path, capsys, monkeypatch):
    url = database(tmp_path)
    monkeypatch.chdir(tmp_path)

    code = main(["report", "--storage", url, "--name", "first", "--no-png"])

    assert code == 0
    assert capsys.readouterr().out.startswith(str(Path("reports", "first", "report.html")))


def test_an_unknown_name_lists_the_known_ones(tmp_path, capsys):
    code = main(["report", "--storage", database(tmp_path), "--name", "third"])

    assert_one_error(code, capsys, "'third'", "first", "second")


def test_a_study_without_finished_trials_is_an_error(tmp_path, capsys):
    url = database(tmp_path, names=("empty",), trials=0)

    code = main(["report", "--storage", url, "--name", "empty", "--out", str(tmp_path / "out")])

    assert_one_error(code, capsys, "'empty'", "python -m study run")
    assert not (tmp_path / "out").exists()


def test_a_missing_database_is_an_error(tmp_path, capsys):
    code = main(["report", "--storage", f"sqlite:///{tmp_path / 'none.db'}"])

    assert_one_error(code, capsys, "none.db")


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("")

    code = main(["report", "--storage", database(tmp_path), "--out", str(taken), "--no-png"])

    assert_one_error(code, capsys, "taken", "--out")


def assert_one_error(code: int, capsys: pytest.CaptureFixture[str], *parts: str) -> None:
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    for part in parts:
        assert part in printed.err


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import analysis.report, analysis.png, study.storage", ("tensorflow", "keras")),
        ("import analysis.cli", ("pandas", "plotly", "optuna", "numpy")),
    ],
)
def test_importing_stays_light(statement, absent):
    check = f"{statement}; import sys; print([name for name in {absent!r} if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
