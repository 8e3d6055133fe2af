"""Databases with studies that never ran, and what tests of the storage ask of them."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from study.errors import StorageError
from study.storage import open_for_writing

DATASET = {"name": "cifar10", "classes": ["cat", "dog"], "n_train": 80}


def url_of(path):
    # Where a URL means the characters "%" and "?" themselves, they are encoded.
    return "sqlite:///" + str(path).replace("%", "%25").replace("?", "%3F")


def add_study(storage, name, *, values=(0.5,), finished=None, **attrs):
    optuna_study = optuna.create_study(storage=storage, study_name=name, direction="maximize")
    for key, value in {"schema_version": 1, "dataset": DATASET, **attrs}.items():
        optuna_study.set_user_attr(key, value)
    for value in values:
        trial = create_trial(state=TrialState.COMPLETE, value=value)
        if finished is not None:
            trial.datetime_complete = finished
        optuna_study.add_trial(trial)
    return optuna_study


def contents(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


def journal_mode(path, *, set_to=None):
    with closing(sqlite3.connect(path)) as connection:
        statement = f"PRAGMA journal_mode={set_to}" if set_to else "PRAGMA journal_mode"
        return connection.execute(statement).fetchone()[0]


def execute(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def error_of(action, *arguments, kind=StorageError):
    with pytest.raises(kind) as caught:
        action(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


def write(url):
    with open_for_writing(url):
        pass
