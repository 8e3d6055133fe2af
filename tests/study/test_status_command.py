"""`python -m study status` on databases: read only, also while a run writes, odd records too."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from study import cli
from study.environment import this_process
from study.heartbeat import AHEAD_SECONDS, ATTRIBUTE, STALE_SECONDS
from study.storage import open_for_writing
from tests.study.databases import add_study, contents, execute, url_of
from tests.study.test_search_interruption import finished_pid

SETTINGS = {"trials": 3, "seeds": 2, "finalists": 1, "measured": 0, "baselines": False}
BEAT = {**this_process(), "time": "2030-01-01T00:00:00+00:00", "stopped": False}


def status(url, capsys, *options):
    code = cli.main(["status", "--storage", url, *options])
    out, err = capsys.readouterr()
    return code, out, err


def fill(storage) -> optuna.Study:
    """Add a study with a finished, a failed, a paused and a running trial; return it."""
    study = add_study(storage, "mine/custom_cnn", values=(0.5,), settings=SETTINGS)
    study.add_trial(create_trial(state=TrialState.FAIL, user_attrs={"failure": "out of memory"}))
    for attrs in ({"paused": True}, {"worker": this_process(), "paused": False}):
        params = {"params": {"n": 1}, "distributions": {"n": IntDistribution(1, 2)}}
        study.add_trial(
            create_trial(
                state=TrialState.RUNNING, user_attrs=attrs, intermediate_values={1: 0.4}, **params
            )
        )
    storage.set_study_system_attr(study._study_id, ATTRIBUTE, BEAT)
    return study


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("filled") / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        fill(storage)
    return path


@pytest.fixture
def path(filled, tmp_path):
    return shutil.copy(filled, tmp_path / "studies.db")


def test_it_tells_what_is_in_the_database(path, capsys):
    code, out, err = status(url_of(path), capsys, "--json")
    assert (code, err) == (0, "")
    (study,) = json.loads(out)["studies"]
    assert study["name"] == "mine"
    assert study["families"][0]["states"] == {
        "complete": 1,
        "failed": 1,
        "paused": 1,
        "running": 1,
    }
    assert study["running"][0]["worker"]["pid"] == this_process()["pid"]
    assert study["running"][0]["n_epochs"] == 1
    failures = {"phase": "search", "family": "custom_cnn", "reason": "out of memory", "count": 1}
    assert study["failures"] == [failures]
    assert study["heartbeat"] == BEAT["time"]
    assert study["best"]["validation_accuracy"] == 0.5
    code, shown, _ = status(url_of(path), capsys, "--name", "mine")
    assert code == 0
    assert "custom_cnn: 4 of 3" in shown


def test_models_that_failed_after_the_search_are_counted_by_reason(path, capsys):
    with open_for_writing(url_of(path)) as storage:
        retrained = add_study(storage, "mine/retrained", values=())
        for seed in range(2):
            failed = create_trial(
                state=TrialState.FAIL,
                params={"family": "custom_cnn", "seed": seed},
                distributions={
                    "family": CategoricalDistribution(("custom_cnn",)),
                    "seed": IntDistribution(0, 9),
                },
                user_attrs={"failure": "too slow"},
            )
            retrained.add_trial(failed)
    (study,) = json.loads(status(url_of(path), capsys, "--json")[1])["studies"]
    assert [tuple(one.values()) for one in study["failures"]] == [
        ("retraining", "custom_cnn", "too slow", 2),
        ("search", "custom_cnn", "out of memory", 1),
    ]
    assert "2 of custom_cnn, retraining: too slow" in status(url_of(path), capsys)[1]


@pytest.mark.parametrize(
    ("changes", "seconds_ago", "run"),
    [
        ({}, 0, "live"),
        ({"host": "elsewhere"}, STALE_SECONDS - 30, "live"),
        ({"host": "elsewhere"}, STALE_SECONDS + 30, "silent"),
        ({"host": "elsewhere"}, 60 - AHEAD_SECONDS, "live"),
        ({"host": "elsewhere"}, -60 - AHEAD_SECONDS, "silent"),
        ({"stopped": True}, 0, "ended"),
        # Killed a moment ago, on this host.
        ({"pid": finished_pid()}, 0, "silent"),
    ],
)
def test_whether_a_run_goes_on_is_told_as_a_second_run_would_see_it(
    path, capsys, changes, seconds_ago, run
):
    time = datetime.now(tz=UTC) - timedelta(seconds=seconds_ago)
    beat = json.dumps({**BEAT, "time": time.isoformat(), **changes})
    execute(path, f"UPDATE study_system_attributes SET value_json = '{beat}'")  # noqa: S608
    (study,) = json.loads(status(url_of(path), capsys, "--json")[1])["studies"]
    assert study["run"] == run


def test_neither_bytes_nor_time_of_the_database_change(path, capsys):
    before = contents(path.parent), path.stat().st_mtime_ns
    assert status(url_of(path), capsys)[0] == 0
    assert (contents(path.parent), path.stat().st_mtime_ns) == before


def test_it_sees_what_a_run_is_writing_and_takes_no_lock_from_it(path, capsys):
    url = url_of(path)
    with open_for_writing(url) as storage, storage.engine.connect() as writer:
        study = optuna.load_study(storage=storage, study_name="mine/custom_cnn")
        study.add_trial(create_trial(state=TrialState.COMPLETE, value=0.9))
        with writer.begin():  # Takes SQLite's write lock at once.
            code, out, _ = status(url, capsys, "--json")
        study.add_trial(create_trial(state=TrialState.COMPLETE, value=0.95))
    assert code == 0
    assert json.loads(out)["studies"][0]["best"]["validation_accuracy"] == 0.9


ODD = {
    "attributes that are no JSON": "UPDATE trial_user_attributes SET value_json = '{oops'",
    "attributes of other types": "UPDATE trial_user_attributes SET value_json = '[1, {}]'",
    "a deep attribute": "UPDATE trial_user_attributes SET value_json = '" + "[" * 9_999 + "'",
    "values that are text": "UPDATE trial_values SET value = 'much'",
    "an infinite value": "UPDATE trial_values SET value = 9e999",
    "times that are none": "UPDATE trials SET datetime_start = 'soon', datetime_complete = 'late'",
    "times of the year 1": "UPDATE trials SET datetime_start = '0001-01-01 00:00:00'",
    "a state of another program": "UPDATE trials SET state = 'ASLEEP' WHERE number = 0",
    "no values": "DELETE FROM trial_values",
    "settings that are none": (
        "UPDATE study_user_attributes SET value_json = '3' WHERE key = 'settings'"
    ),
    "a heartbeat that is none": "UPDATE study_system_attributes SET value_json = '[7]'",
    "a heartbeat without a zone": (
        """UPDATE study_system_attributes SET value_json = '{"time": "2030-01-01T00:00:00"}'"""
    ),
}


@pytest.mark.parametrize("statement", ODD.values(), ids=ODD)
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_odd_records_are_read_as_far_as_they_go(path, statement, options, capsys):
    execute(path, statement)
    code, out, err = status(url_of(path), capsys, *options)
    assert (code, err) == (0, "")
    assert "mine" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--name", "yours"], "Known: mine"), (["--name", "a/b"], "no study 'a/b'")],
)
def test_a_study_that_is_not_there_is_the_users_to_mend(path, options, said, capsys):
    code, out, err = status(url_of(path), capsys, *options)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_database_that_is_not_there_is_not_made(tmp_path, capsys):
    code, _, err = status(url_of(tmp_path / "none.db"), capsys)
    assert code == 2
    assert "There is no database" in err
    assert list(tmp_path.iterdir()) == []
