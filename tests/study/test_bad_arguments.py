"""Mistyped and hostile arguments and environment variables: one line, and nothing changed."""

from __future__ import annotations

import dataclasses

import pytest

from study.arguments import parse
from study.commands import run
from study.datasets import DATASETS
from study.errors import ConfigError
from tests.study.bad_input import RUN, Here

SECRET_URL = "postgresql://me:secret@127.0.0.1:1/db"  # noqa: S105 - a password to look for
LONG = "d" * 10_000

ARGUMENTS = {
    "no command": (("study",), "COMMAND"),
    "an unknown command": (("study", "fly"), "choose from"),
    "an unknown option": ((*RUN, "--colour", "red"), "--colour"),
    "an unknown dataset": (("study", "run", "--dataset", "imagenet"), "cifar10"),
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
    "a dashboard of no database": (
        (
            "study",
            "dashboard",
        ),
        "python -m study run",
    ),
    "a dashboard with an unknown option": (("study", "dashboard", "--colour"), "--colour"),
    "a dashboard at a port in words": (("study", "dashboard", "--port", "http"), "--port"),
    "a dashboard at a port that is none": (
        ("study", "dashboard", "--port", "65536"),
        "between 0 and",
    ),
    "a dashboard of artifacts that are not there": (
        ("study", "dashboard", "--artifact-dir", "nowhere"),
        "There is no artifact folder 'nowhere'",
    ),
    "both quiet and verbose": ((*RUN, "--verbose"), "not allowed with"),
    "a URL where none is expected": ((*RUN, SECRET_URL), "unrecognized arguments: postgresql"),
    "a URL after a mistyped option": ((*RUN, f"--storag={SECRET_URL}"), "--storag="),
    "a URL of a password with an @": ((*RUN, "mysql://me:se@secret@h/db"), "mysql://me:***@h/db"),
    "a URL of a password with a space": (
        (*RUN, "mysql://me:no secret@h/db"),
        "mysql://me:***@h/db",
    ),
    "a URL of an ODBC string": (
        (*RUN, "--storag=mssql+pyodbc:///?odbc_connect=PWD%3Dsecret"),
        "?odbc_connect=***",
    ),
    "a URL with a key": ((*RUN, "--storag=oracle://h/db?wallet_key=secret"), "?wallet_key=***"),
    "a URL for a dataset": (("study", "run", "--dataset", SECRET_URL), "cifar10"),
    "a URL for a name": ((*RUN, "--name", SECRET_URL), "without '/'"),
    "a command of ten thousand characters": (("study", LONG), "choose from"),
    "an option of ten thousand characters": ((*RUN, f"--{LONG}"), "unrecognized"),
    "a dataset of ten thousand characters": (("study", "run", "--dataset", LONG), "cifar10"),
    "a family of ten thousand characters": ((*RUN, "--architectures", LONG), "custom_cnn"),
    "four thousand digits": ((*RUN, "--trials", "9" * 4_000), "between 1 and"),
    "a port of four thousand digits": (("study", "dashboard", "--port", "9" * 4_000), "between 0"),
    "a name of spaces": ((*RUN, "--name", "   "), "neither a space"),
    "a name with a space at its end": ((*RUN, "--name", "mine "), "neither a space"),
    "a name with a dash before it": ((*RUN, "--name=-rf"), "nor a '-'"),
    "a name that is an option": ((*RUN, "--name", "--quiet"), "expected one argument"),
    "a name of 600 bytes": ((*RUN, "--name", "猫" * 200), "bytes"),
    "a name with a tab": ((*RUN, "--name", "a\tb"), "printable"),
    "a name with a zero byte": ((*RUN, "--name", "a\0b"), "printable"),
    "a name that colours the terminal": ((*RUN, "--name", "\x1b[31mred"), "printable"),
    "a name that is written from right to left": ((*RUN, "--name", "\u202eevil"), "printable"),
    "a name that is a tag": ((*RUN, "--name", "<script>alert(1)</script>"), "without '/'"),
    "a name that is no text": ((*RUN, "--name", "\udcff"), "printable"),
    "a folder with a zero byte": ((*RUN, "--out", "a\0b"), "--out"),
    "a folder of two lines": ((*RUN, "--artifact-dir", "a\nb"), "--artifact-dir"),
    "a folder that is no text": ((*RUN, "--out", "a\udcff"), "--out"),
    "a log file of two lines": ((*RUN, "--log-file", "a\nb"), "--log-file"),
    "a log file with a zero byte": ((*RUN, "--log-file", "a\0b"), "must be a file's path"),
    "a log file that is no text": (("study", "ablate", "--log-file", "a\udcff"), "--log-file"),
    "no log file": (("study", "dashboard", "--log-file", ""), "must be a file's path"),
    "a log file of ten thousand characters": ((*RUN, "--log-file", LONG), "255 bytes"),
    "a log file that is a folder": ((*RUN, "--log-file", "."), "is no ordinary file"),
    "no folder": ((*RUN, "--out", ""), "--out"),
    "a folder of ten thousand characters": ((*RUN, "--out", LONG), "255 bytes"),
    "a path of ten thousand characters": ((*RUN, "--out", "x/" * 5_000 + "x"), "3500 bytes"),
    "a data folder with a zero byte": ((*RUN, "--data-dir", "a\0b"), "--data-dir"),
    "a data folder of ten thousand characters": (
        ("study", "run", "--dataset", "mnist", "--data-dir", LONG),
        "255 bytes",
    ),
    "a data folder under a file": (
        ("study", "run", "--dataset", "mnist", "--quiet", "--data-dir", "/dev/null/data"),
        "Not a directory",
    ),
    "an artifact folder with a zero byte": (
        ("study", "dashboard", "--artifact-dir", "a\0b"),
        "--artifact-dir",
    ),
    "an ablation of no database": (("study", "ablate"), "python -m study run"),
    "an ablation with an unknown family": (("study", "ablate", "--architectures", "x"), "choose"),
    "an ablation with seeds in words": (("study", "ablate", "--seeds", "few"), "whole number"),
    "a doctor of no folder": (("study", "doctor", "--out", ""), "--out"),
    "a doctor of a folder of two lines": (("study", "doctor", "--out", "a\nb"), "--out"),
    "a doctor of a folder of all studies": (
        ("study", "doctor", "--out", "mine"),
        "give its --name",
    ),
    "no command for a report": (("analysis",), "COMMAND"),
    "a report with an unknown option": (("analysis", "report", "--colour"), "--colour"),
    "a report of no database": (("analysis", "report"), "python -m study run"),
    "a report with a URL for an option": (("analysis", "report", SECRET_URL), "unrecognized"),
    "a report into a folder with a zero byte": (("analysis", "report", "--out", "a\0"), "--out"),
    "a margin of nothing": (("analysis", "report", "--margin", "0"), "above 0"),
    "a margin that is not a number": (("analysis", "report", "--margin", "nan"), "above 0"),
    "a margin of ten thousand digits": (("analysis", "report", "--margin", "9" * 10_000), "below"),
    "a comparison of one study": (("analysis", "compare", "a"), "B"),
    "a comparison of a study with itself": (("analysis", "compare", "a", "a"), "--storage-b"),
    "a comparison in no database": (("analysis", "compare", "a", "b"), "python -m study run"),
}


@pytest.mark.parametrize(("command", "remedy"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_mistaken_command_says_what_to_do_and_changes_nothing(command, remedy, here: Here):
    assert remedy in here.refused(command)


@pytest.mark.parametrize(
    ("option", "value"), [("--workers", "0"), ("--trial-timeout", "0s"), ("--name", "a/b")]
)
def test_a_bad_value_is_refused_before_images_are_read(option, value, tmp_path, monkeypatch):
    def read(_):
        pytest.fail("images were read")

    digits = dataclasses.replace(DATASETS["digits"], load_training=read)
    monkeypatch.setitem(DATASETS, "digits", digits)
    arguments = ("--dataset", "digits", "--storage", f"sqlite:///{tmp_path}/studies.db")
    with pytest.raises(ConfigError):
        run._prepare(parse(["run", *arguments, option, value]), "python -m study run")


MNIST = ("study", "run", "--dataset", "mnist", "--quiet")
DATE = {"SOURCE_DATE_EPOCH": "soon"}
ENVIRONMENTS = {
    "a backend that cannot train here": (RUN, {"KERAS_BACKEND": "torch"}, "tensorflow or jax"),
    "a backend that is none": (RUN, {"KERAS_BACKEND": "../../x"}, "tensorflow or jax"),
    "a backend of ten thousand characters": (RUN, {"KERAS_BACKEND": LONG}, "tensorflow or jax"),
    "a storage that is no URL": (RUN, {"OPTUNA_STORAGE": "studies.db"}, "sqlite:///"),
    "a storage of an unknown kind": (RUN, {"OPTUNA_STORAGE": "db9://u:secret@h/x"}, "sqlite:///"),
    "a storage for a report": (
        ("analysis", "report"),
        {"OPTUNA_STORAGE": "nosuch://me:secret@h/db"},
        "sqlite:///",
    ),
    "a storage for the dashboard": (
        ("study", "dashboard"),
        {"OPTUNA_STORAGE": "sqlite:///nowhere/studies.db"},
        "does not exist",
    ),
    "a data folder that is a file": (MNIST, {"STUDY_DATA_DIR": "/dev/null"}, "Not a directory"),
    "a data folder of ten thousand characters": (MNIST, {"STUDY_DATA_DIR": LONG}, "too long"),
    "a date that is none for a run": (RUN, DATE, "whole seconds since 1970"),
    "a date that is none for an ablation": (("study", "ablate"), DATE, "whole seconds since 1970"),
    "a date that is none for a dashboard": (("study", "dashboard"), DATE, "whole seconds"),
    "a date that is none for a report": (("analysis", "report"), DATE, "whole seconds since 1970"),
    "a date that is none for two studies": (("analysis", "compare", "a", "b"), DATE, "or unset it"),
    "a date of ten thousand characters": (RUN, {"SOURCE_DATE_EPOCH": LONG}, "whole seconds"),
    "a data folder of two lines": (MNIST, {"STUDY_DATA_DIR": "/dev/null/a\nb"}, "Not a directory"),
}


@pytest.mark.parametrize(
    ("command", "variables", "remedy"), ENVIRONMENTS.values(), ids=ENVIRONMENTS
)
def test_a_mistaken_environment_says_what_to_do_and_changes_nothing(
    command, variables, remedy, here: Here
):
    assert remedy in here.refused(command, variables)
