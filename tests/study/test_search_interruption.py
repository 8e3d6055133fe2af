"""A search that was interrupted or killed goes on and loses no configuration."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime

import optuna
import pytest

from study.environment import this_process
from study.family_search import FamilySearch
from study.heartbeat import Heartbeat
from study.storage import open_for_writing
from tests.study import small
from tests.study.quick_search import FAMILIES, SETTINGS, configurations, counted, read, run, stop_at


@pytest.mark.parametrize(
    ("moment", "k"),
    [
        *(("before", k) for k in (1, 4, 5)),
        *(("within", k) for k in (1, 4, 5)),
        *(("after", k) for k in (1, 2, 5, 8)),
    ],
)
def test_an_interrupted_search_goes_on_with_equal_budgets_and_loses_no_configuration(
    tmp_path, k, moment
):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=stop_at(k), moment=moment)
    interrupted = read(tmp_path)
    n_counted = [len(counted(interrupted[family])) for family in FAMILIES]
    assert sum(n_counted) == k - 1
    assert max(n_counted) - min(n_counted) <= 1

    run(tmp_path)

    for family, trials in read(tmp_path).items():
        done = counted(trials)
        assert len(done) == SETTINGS.n_trials
        assert not [trial for trial in trials if trial.state in ("RUNNING", "WAITING")]
        assert len(set(configurations(done))) == len(done)
        stopped = [trial for trial in interrupted[family] if trial.state == "RUNNING"]
        assert len(stopped) <= 1
        if moment == "after":
            assert set(configurations(stopped)) <= set(configurations(done))
        assert_baselines_are_whole(family, done)


def assert_baselines_are_whole(family, trials):
    """Check that each named configuration is there once, with its own parameters and no others."""
    named = [(trial.baseline, dict(trial.params)) for trial in trials if trial.baseline]
    wanted = [(name, dict(params)) for name, params in small.space(family).baselines.items()]
    assert sorted(named, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_configuration_survives_being_interrupted_twice(tmp_path, moment):
    only = {"families": ("alpha",)}
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=stop_at(3), moment="after", **only)
    lost = configurations(read(tmp_path)["alpha"][:3])[2]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=stop_at(1), moment=moment, **only)
    run(tmp_path, **only)
    assert configurations(counted(read(tmp_path)["alpha"])).count(lost) == 1


def finished_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.parametrize(("is_alive", "n_left_running"), [(False, 0), (True, 1)])
def test_a_running_trial_is_tried_again_if_its_process_is_dead_and_left_alone_if_not(
    tmp_path, is_alive, n_left_running
):
    only = {"families": ("alpha",)}
    run(tmp_path, settings=replace(SETTINGS, n_trials=2), **only)
    config = small.config(tmp_path)
    with open_for_writing(config.storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
        trial = optuna_study.ask()
        params = small.space("alpha").suggest(trial)
        worker = this_process() if is_alive else {**this_process(), "pid": finished_pid()}
        trial.set_user_attr("worker", worker)
    run(tmp_path, **only)
    trials = read(tmp_path)["alpha"]
    assert len(counted(trials)) == 4 - n_left_running
    assert sum(trial.state == "RUNNING" for trial in trials) == n_left_running
    again = [trial for trial in counted(trials) if trial.params == params]
    assert len(again) == 1 - n_left_running


@pytest.mark.parametrize(("n_runs", "state"), [(1, "COMPLETE"), (2, "COMPLETE"), (3, "FAIL")])
def test_a_trial_that_was_under_way_as_often_as_whole_runs_were_killed_is_given_up(
    tmp_path, n_runs, state
):
    only = {"families": ("alpha",)}
    run(tmp_path, settings=replace(SETTINGS, n_trials=1), **only)
    config = small.config(tmp_path)
    with open_for_writing(config.storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
        small.space("alpha").suggest(optuna_study.ask())
        for _ in range(n_runs):
            # As a run on a host that is gone left it; no other run is alive.
            number = optuna_study.trials[1]._trial_id
            storage.set_trial_user_attr(number, "worker", {"host": "elsewhere", "pid": 1})
            storage.set_trial_user_attr(number, "paused", False)
            search = FamilySearch(small.space("alpha"), optuna_study, config=SETTINGS)
            search.adopt(last_beat=None)
    run(tmp_path, **only)
    trial = read(tmp_path)["alpha"][1]
    assert trial.state == state
    assert (trial.failure is None) == (state == "COMPLETE")


@pytest.mark.parametrize(("begun", "lost"), [("11:00", 60.0), ("13:00", 0.0)])
def test_time_is_lost_up_to_the_last_beat_of_the_run_that_trained_and_of_no_later_one(
    tmp_path, begun, lost
):
    only = {"families": ("alpha",)}
    run(tmp_path, settings=replace(SETTINGS, n_trials=1), **only)
    last = datetime.fromisoformat("2026-01-02T12:01:00+00:00")
    process = {"host": "elsewhere", "pid": 1, "started": f"2026-01-02T{begun}:00+00:00"}
    beat = Heartbeat(process=process, time=last, stopped=False)
    with open_for_writing(small.config(tmp_path).storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
        optuna_study.ask().set_user_attr("seen", "2026-01-02T12:00:00+00:00")
        search = FamilySearch(small.space("alpha"), optuna_study, config=SETTINGS)
        search.adopt(last_beat=beat)
        assert optuna_study.trials[1].user_attrs["lost_seconds"] == lost


def test_a_named_configuration_that_a_killed_process_had_half_suggested_is_tried_whole(tmp_path):
    only = {"families": ("alpha",)}
    config = small.config(tmp_path)
    run(tmp_path, settings=replace(SETTINGS, n_trials=1), **only)
    with open_for_writing(config.storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
        trial = optuna_study.ask()
        assert trial.user_attrs["baseline"] == "B2"
        trial.set_user_attr("worker", {**this_process(), "pid": finished_pid()})
        trial.suggest_int("units", 2, 512)
    run(tmp_path, **only)
    assert_baselines_are_whole("alpha", counted(read(tmp_path)["alpha"]))
