"""A user's mistakes: one line on stderr with a remedy, exit code 2, nothing written or changed."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from pathlib import Path

import numpy as np
import optuna
import pytest

from analysis.cli import main as analysis_main
from study.cli import main as study_main
from study.records import SCHEMA_VERSION

RUN = ("run", "--dataset", "digits", "--quiet")


def snapshot(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, and every folder."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        )
        for path in sorted(folder.rglob("*"))
    }


def fails_in_one_line(main, argv, capsys) -> str:
    """Check that a command line is refused as a user's mistake, and return what it says."""
    try:
        code = main(list(argv))
    except SystemExit as exit_:
        code = exit_.code
    out, err = capsys.readouterr()
    assert code == 2, (argv, err)
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1 and err.endswith("\n"), err
    return err


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty current folder, and no storage or data folder from the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    monkeypatch.setenv("STUDY_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


ARGUMENTS = {
    "no command": ((), "COMMAND"),
    "an unknown command": (("fly",), "choose from"),
    "an unknown option": ((*RUN, "--colour", "red"), "--colour"),
    "an unknown dataset": (("run", "--dataset", "imagenet"), "cifar10"),
    "an unknown family": ((*RUN, "--architectures", "resnet"), "custom_cnn"),
    "an unknown family beside a known one": (
        (*RUN, "--architectures", "custom_cnn,resnet"),
        "alexnet_lite",
    ),
    "no family": ((*RUN, "--architectures", ""), "choose from"),
    "an unknown sampler": ((*RUN, "--sampler", "guess"), "tpe"),
    "an unknown pruner": ((*RUN, "--pruner", "axe"), "halving"),
    "an unknown engine": ((*RUN, "--engine", "steam"), "keras-tuner"),
    "an unknown tuner": ((*RUN, "--engine", "keras-tuner", "--tuner", "guess"), "hyperband"),
    "a tuner without its engine": ((*RUN, "--tuner", "random"), "--engine keras-tuner"),
    "a sampler of the other engine": (
        (*RUN, "--engine", "keras-tuner", "--sampler", "tpe"),
        "--sampler tpe needs --engine optuna",
    ),
    "a pruner of the other engine": (
        (*RUN, "--engine", "keras-tuner", "--pruner", "none"),
        "--pruner none needs --engine optuna",
    ),
    "an unknown precision": ((*RUN, "--precision", "float8"), "bfloat16"),
    "an unknown augmenter": ((*RUN, "--augmenter", "imgaug"), "image-data-generator"),
    "zero trials": ((*RUN, "--trials", "0"), "between 1 and"),
    "negative trials": ((*RUN, "--trials", "-3"), "between 1 and"),
    "a huge number of trials": ((*RUN, "--trials", "99999999999999999999"), "between 1 and"),
    "trials in words": ((*RUN, "--trials", "many"), "whole number"),
    "a fraction of a trial": ((*RUN, "--trials", "2.5"), "whole number"),
    "ten thousand digits": ((*RUN, "--trials", "9" * 10_000), "whole number"),
    "not a number of trials": ((*RUN, "--trials", "nan"), "whole number"),
    "an empty number": ((*RUN, "--trials", ""), "whole number"),
    "zero epochs": ((*RUN, "--epochs", "0"), "between 1 and"),
    "zero workers": ((*RUN, "--workers", "0"), "between 1 and"),
    "a huge number of workers": ((*RUN, "--workers", "9" * 30), "between 1 and"),
    "workers in words": ((*RUN, "--workers", "all"), "whole number or auto"),
    "zero seeds": ((*RUN, "--seeds", "0"), "between 1 and"),
    "zero retraining epochs": ((*RUN, "--retrain-epochs", "0"), "between 1 and"),
    "a negative seed": ((*RUN, "--seed", "-1"), "between 0 and"),
    "a seed past 31 bits": ((*RUN, "--seed", str(2**31)), "between 0 and"),
    "a fraction of zero": ((*RUN, "--fraction", "0"), "above 0"),
    "a fraction above one": ((*RUN, "--fraction", "1.5"), "at most 1"),
    "a fraction that is not a number": ((*RUN, "--fraction", "nan"), "above 0"),
    "an infinite fraction": ((*RUN, "--fraction", "inf"), "at most 1"),
    "a fraction in words": ((*RUN, "--fraction", "half"), "must be a number"),
    "a fraction too small for every class": ((*RUN, "--fraction", "0.001"), "without images"),
    "a time without a unit": ((*RUN, "--time-budget", "90"), "90m"),
    "no time at all": ((*RUN, "--time-budget", "0m"), "above 0"),
    "a time in words": ((*RUN, "--time-budget", "soon"), "90m"),
    "an endless time": ((*RUN, "--time-budget", "9" * 400 + "h"), "90m"),
    "a name with a slash": ((*RUN, "--name", "a/b"), "without '/'"),
    "a name that leaves the folder": ((*RUN, "--name", ".."), "not usable"),
    "an empty name": ((*RUN, "--name", ""), "not usable"),
    "a name of two lines": ((*RUN, "--name", "a\nb"), "printable"),
    "a name of ten thousand characters": ((*RUN, "--name", "n" * 10_000), "200"),
    "an artifact folder that cannot be made": (
        (*RUN, "--artifact-dir", "/dev/null/artifacts"),
        "--artifact-dir",
    ),
    "a dashboard of no database": (("dashboard",), "python -m study run"),
    "a dashboard with an unknown option": (("dashboard", "--colour"), "--colour"),
    "a dashboard at a port in words": (("dashboard", "--port", "http"), "--port"),
    "a dashboard at a port that is none": (("dashboard", "--port", "65536"), "between 0 and"),
    "a dashboard of artifacts that are not there": (
        ("dashboard", "--artifact-dir", "nowhere"),
        "There is no artifact folder 'nowhere'",
    ),
    "a dashboard of a storage that is no URL": (
        ("dashboard", "--storage", "studies.db"),
        "sqlite:///",
    ),
    "both quiet and verbose": ((*RUN, "--verbose"), "not allowed with"),
    "a storage that is no URL": ((*RUN, "--storage", "studies.db"), "sqlite:///"),
    "a storage of an unknown kind": ((*RUN, "--storage", "oracle9://x/y"), "database"),
    "a storage in memory": ((*RUN, "--storage", "sqlite://"), "names no file"),
    "a storage in a folder that is not there": (
        (*RUN, "--storage", "sqlite:///nowhere/s.db"),
        "does not exist",
    ),
}


@pytest.mark.parametrize(("argv", "remedy"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_mistaken_run_says_what_to_do_and_writes_nothing(argv, remedy, here, capsys):
    before = snapshot(here)
    assert remedy in fails_in_one_line(study_main, argv, capsys)
    assert snapshot(here) == before


def a_folder(path: Path) -> None:
    path.mkdir()


def a_text_file(path: Path) -> None:
    path.write_text("Dear diary, today I trained a network.\n" * 100)


def an_empty_text_file_of_another_kind(path: Path) -> None:
    path.write_bytes(b"\x00" * 4096)


def a_database_of_something_else(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def an_optuna_database(path: Path) -> None:
    optuna.create_study(storage=f"sqlite:///{path}", study_name="digits/custom_cnn")


def a_database_of_a_newer_optuna(path: Path) -> None:
    an_optuna_database(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v99.0.0.a'")
    connection.close()


def a_study_of_a_newer_version_of_ours(path: Path) -> None:
    an_optuna_database(path)
    study = optuna.load_study(storage=f"sqlite:///{path}", study_name="digits/custom_cnn")
    study.set_user_attr("schema_version", SCHEMA_VERSION + 1)
    study.add_trial(optuna.create_trial(value=0.5))


def a_read_only_database(path: Path) -> None:
    an_optuna_database(path)
    path.chmod(stat.S_IRUSR)


BAD_DATABASES = {
    "a folder": (a_folder, "is a folder"),
    "a text file": (a_text_file, "cannot be read as SQLite"),
    "a file of zeros": (an_empty_text_file_of_another_kind, "cannot be read as SQLite"),
    "a database of something else": (a_database_of_something_else, "no Optuna studies"),
    "a newer Optuna's": (a_database_of_a_newer_optuna, "schema of another Optuna version"),
    "a newer version's": (a_study_of_a_newer_version_of_ours, "update the program"),
}


@pytest.mark.parametrize(("make", "remedy"), BAD_DATABASES.values(), ids=BAD_DATABASES)
def test_a_run_refuses_a_database_it_cannot_use_and_leaves_it_as_it_was(make, remedy, here, capsys):
    make(here / "s.db")
    before = snapshot(here)
    argv = (*RUN, "--storage", "sqlite:///s.db", "--trials", "1")
    assert remedy in fails_in_one_line(study_main, argv, capsys)
    after = {name: digest for name, digest in snapshot(here).items() if "reports" not in name}
    assert after == before


@pytest.mark.parametrize(("make", "remedy"), BAD_DATABASES.values(), ids=BAD_DATABASES)
def test_a_report_refuses_a_database_it_cannot_use_and_leaves_it_as_it_was(
    make, remedy, here, capsys
):
    make(here / "s.db")
    before = snapshot(here)
    argv = ("report", "--storage", "sqlite:///s.db")
    assert remedy in fails_in_one_line(analysis_main, argv, capsys)
    assert snapshot(here) == before


UNREADABLE = {what: how for what, how in BAD_DATABASES.items() if what != "a newer version's"}


@pytest.mark.parametrize(("make", "remedy"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_dashboard_refuses_a_database_it_cannot_use_and_leaves_it_as_it_was(
    make, remedy, here, capsys
):
    make(here / "s.db")
    before = snapshot(here)
    argv = ("dashboard", "--storage", "sqlite:///s.db", "--port", "0")
    assert remedy in fails_in_one_line(study_main, argv, capsys)
    assert snapshot(here) == before


def test_a_run_refuses_a_read_only_database(here, capsys):
    a_read_only_database(here / "s.db")
    argv = (*RUN, "--storage", "sqlite:///s.db")
    assert "cannot be written" in fails_in_one_line(study_main, argv, capsys)


REPORTS = {
    "no command": ((), "COMMAND"),
    "an unknown option": (("report", "--colour"), "--colour"),
    "no database": (("report",), "python -m study run"),
    "a storage that is no URL": (("report", "--storage", "studies.db"), "sqlite:///"),
}


@pytest.mark.parametrize(("argv", "remedy"), REPORTS.values(), ids=REPORTS)
def test_a_mistaken_report_says_what_to_do_and_writes_nothing(argv, remedy, here, capsys):
    assert remedy in fails_in_one_line(analysis_main, argv, capsys)
    assert snapshot(here) == {}


def a_study(path: Path, *, finished: bool) -> None:
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name="mine/custom_cnn", direction="maximize"
    )
    study.set_user_attr("schema_version", SCHEMA_VERSION)
    study.set_user_attr("dataset", {"name": "digits", "classes": ["0", "1"]})
    if finished:
        study.add_trial(optuna.create_trial(value=0.5))


def test_a_report_for_an_unknown_name_lists_the_known_ones(here, capsys):
    a_study(here / "studies.db", finished=True)
    message = fails_in_one_line(analysis_main, ("report", "--name", "yours"), capsys)
    assert "'yours'" in message and "mine" in message


@pytest.mark.parametrize("name", [(), ("--name", "mine")], ids=["newest", "named"])
def test_a_report_without_any_finished_trial_says_to_run_the_study(name, here, capsys):
    a_study(here / "studies.db", finished=False)
    assert "python -m study run" in fails_in_one_line(analysis_main, ("report", *name), capsys)


@pytest.mark.parametrize("command", ["run", "report"])
def test_an_output_folder_that_cannot_be_made_is_refused(command, here, capsys):
    a_study(here / "studies.db", finished=True)
    (here / "file").write_text("in the way")
    before = snapshot(here)
    if command == "run":
        message = fails_in_one_line(study_main, (*RUN, "--out", "file/deeper"), capsys)
    else:
        message = fails_in_one_line(analysis_main, ("report", "--out", "file/deeper"), capsys)
    assert "--out" in message
    assert snapshot(here) == before


def test_a_dataset_file_that_is_cut_off_is_named_and_kept(here, capsys):
    data = here / "data"
    data.mkdir()
    whole = data / "whole.npz"
    np.savez(whole, x_train=np.zeros((10, 32, 32, 3), np.uint8))
    (data / "cifar10.npz").write_bytes(whole.read_bytes()[:1000])
    before = snapshot(here)
    message = fails_in_one_line(study_main, ("run", "--dataset", "cifar10", "--quiet"), capsys)
    assert "cifar10.npz" in message
    assert snapshot(here) == before


def test_a_damaged_dataset_file_is_not_passed_over_for_another_dataset(here, capsys):
    data = here / "data"
    data.mkdir()
    (data / "cifar10.npz").write_bytes(b"not a zip archive")
    assert "cifar10.npz" in fails_in_one_line(study_main, ("run", "--quiet"), capsys)
