"""A search knows its trials as they are in the database, and does not read all of them for that."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from study.config import SearchConfig
from study.known_trials import KnownTrials
from study.schedulers import SCHEDULERS, Task
from study.storage import open_for_writing
from tests.study import small
from tests.study.quick_search import begun, run, stop_at
from tests.study.quick_work import quick_training

SETTINGS = SearchConfig(
    n_trials=8, epochs=9, fraction=1.0, precision="float32", sampler="random", pruner="asha"
)
ONLY = {"families": ("alpha",)}


@contextmanager
def another_program(folder):
    """Give the Optuna study as another program opens it, beside a search."""
    with open_for_writing(small.config(folder).storage_url) as storage:
        yield optuna.load_study(study_name="trial-run/alpha", storage=storage)


@pytest.fixture
def checked(monkeypatch):
    """Compare what is known with what is in the database, whenever a search asks for it."""
    read_known, n_compared = KnownTrials.read, Counter()

    def compared(self):
        known = read_known(self)
        # Of the database itself, past all that Optuna keeps.
        assert known == self._study._storage._backend.get_all_trials(self._study._study_id)
        n_compared["reads"] += 1
        return known

    monkeypatch.setattr(KnownTrials, "read", compared)
    return n_compared


@pytest.mark.parametrize("pruner", SCHEDULERS)
def test_what_is_known_is_always_what_the_database_holds(tmp_path, checked, pruner):
    settings = replace(SETTINGS, pruner=pruner)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, settings=settings, stop=stop_at(6), **ONLY)
    run(tmp_path, settings=settings, **ONLY)
    run(tmp_path, settings=replace(settings, n_trials=10), **ONLY)
    assert checked["reads"] > 50


def test_epochs_are_seen_as_a_worker_reports_them_and_all_of_them_after_it_has_paused(tmp_path):
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        task = tasks.next_task()
        with another_program(tmp_path) as worker:
            for epoch in (1, 2, 3):
                worker._storage.set_trial_intermediate_value(task.trial_id, epoch, epoch / 10)
                assert len(search.records()[0].validation_accuracy) == epoch
                search.next_task()
            worker._storage.set_trial_intermediate_value(task.trial_id, 4, 0.4)
            search.pause(task)
        assert len(search.records()[0].validation_accuracy) == 4


def most_read_for_a_task(folder, monkeypatch, *, n_trials):
    """Search, and return how many trials the parent read at most to begin one, and to go on."""
    n_read, read_before = Counter(), []
    build = RDBStorage._build_frozen_trial_from_trial_model

    def counted(self, model):
        n_read["trials"] += 1
        return build(self, model)

    def train(trial, params, **epochs):
        read_before.append(n_read["trials"])
        n_read.clear()
        return quick_training(trial, params, **epochs)

    monkeypatch.setattr(RDBStorage, "_build_frozen_trial_from_trial_model", counted)
    # In rounds, all trials begin before the first goes on. The named ones are there from the start.
    run(folder, settings=replace(SETTINGS, n_trials=n_trials, pruner="rounds"), train=train, **ONLY)
    monkeypatch.undo()
    return max(read_before[4:n_trials]), max(read_before[n_trials:])


def test_a_task_reads_no_more_trials_where_more_have_paused(tmp_path, monkeypatch):
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    of_few = most_read_for_a_task(few, monkeypatch, n_trials=6)
    of_many = most_read_for_a_task(many, monkeypatch, n_trials=24)
    for one, other in zip(of_few, of_many, strict=True):
        assert other < 1.5 * one


def test_a_trial_that_somebody_queues_meanwhile_is_the_next_one(tmp_path):
    def train(trial, params, **_epochs):
        # Behind all that are queued already.
        if trial.number == 3:
            with another_program(tmp_path) as optuna_study:
                optuna_study.enqueue_trial({"units": 7}, user_attrs={"wish": 1, "paused": True})
        return params["units"] / 512

    run(tmp_path, settings=replace(SETTINGS, pruner="none", n_trials=6), train=train, **ONLY)
    with another_program(tmp_path) as optuna_study:
        trials = optuna_study.get_trials()
    assert [trial.number for trial in trials if trial.user_attrs.get("wish")] == [4]
    assert trials[4].params["units"] == 7
    assert not trials[4].user_attrs["paused"]
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}


@pytest.mark.parametrize("scores", [(0.9, 0.1), (0.1, 0.9)], ids=["the best", "the worst"])
def test_a_paused_trial_that_somebody_ends_does_not_go_on_and_the_search_does(tmp_path, scores):
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        paused = [tasks.next_task(), tasks.next_task()]
        for task, score in zip(paused, scores, strict=True):
            search._storage.set_trial_intermediate_value(task.trial_id, 1, score)
            search.pause(task)
        # Known as paused.
        assert [trial.state for trial in search.records()][:2] == ["RUNNING", "RUNNING"]
        with another_program(tmp_path) as optuna_study:
            optuna_study.tell(0, state=TrialState.FAIL)
        assert search.last_task().trial == 1
        assert tasks.next_task() is not None
        tasks.close()
        states = [trial.state for trial in search.records()][:3]
    assert states == ["FAIL", "PRUNED", "RUNNING"]


@pytest.mark.parametrize(
    ("state", "value"), [("FAIL", None), ("PRUNED", None), ("COMPLETE", 0.25)], ids=str
)
def test_a_trial_under_way_that_somebody_ends_stays_so_and_the_search_goes_on(
    tmp_path, caplog, state, value
):
    def train(trial, params, **epochs):
        if trial.number == 1:
            with another_program(tmp_path) as optuna_study:
                optuna_study.tell(1, value, state=TrialState[state])
        return quick_training(trial, params, **epochs)

    settings = replace(SETTINGS, n_trials=5)
    trials = run(tmp_path, settings=settings, train=train, **ONLY)["alpha"]
    assert (trials[1].state, trials[1].value, trials[1].failure) == (state, value, None)
    assert trials[1].validation_accuracy == ()
    others = [trial.state for trial in trials if trial.number != 1]
    assert len(others) == 4
    assert set(others) == {"COMPLETE", "PRUNED"}
    assert "alpha trial 1 was ended by another program" in caplog.text


@pytest.mark.parametrize("happens", ["stopped", "died", "overdue"])
def test_a_trial_that_somebody_ended_is_not_written_to_whatever_happens_to_its_worker(
    tmp_path, happens
):
    details = {"stopped": (), "died": ("was ended by SIGKILL",), "overdue": (2.0,)}[happens]
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        task = tasks.next_task()
        with another_program(tmp_path) as optuna_study:
            optuna_study.tell(0, state=TrialState.FAIL)
        ended = search.trial(task)
        getattr(tasks, happens)(task, *details)
        assert search.trial(task) == ended
        assert search.trial(tasks.next_task()).number == 1


def test_a_trial_that_somebody_ends_between_two_writes_is_let_go(tmp_path, monkeypatch, caplog):
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        task = tasks.next_task()
        search._storage.set_trial_intermediate_value(task.trial_id, 1, 0.5)
        cut_short = search.cut_short

        def ended_first(task):
            with another_program(tmp_path) as optuna_study:
                optuna_study.tell(0, state=TrialState.FAIL)
            cut_short(task)

        monkeypatch.setattr(search, "cut_short", ended_first)
        tasks.overdue(task, 2.0)
        assert "alpha trial 0 was ended by another program" in caplog.text
        assert search.trial(task).user_attrs.get("failure") is None
        assert search.trial(tasks.next_task()).number == 1


def test_a_waiting_trial_that_somebody_ends_as_it_is_begun_makes_way_for_another(
    tmp_path, monkeypatch
):
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        task = tasks.next_task()
        search._storage.set_trial_intermediate_value(task.trial_id, 1, 0.5)
        search.pause(task)
        wanted = Task(trial=0, until_epoch=9)
        monkeypatch.setattr(search, "next_task", iter([wanted, search.next_task()]).__next__)
        with another_program(tmp_path) as optuna_study:
            optuna_study.tell(0, state=TrialState.FAIL)
        assert search.trial(tasks.next_task()).number == 1


def test_a_queued_trial_that_somebody_ends_is_passed_over(tmp_path):
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        assert search.trial(tasks.next_task()).number == 0
        with another_program(tmp_path) as optuna_study:
            ended = optuna_study.trials[1]._trial_id
            optuna_study._storage.set_trial_state_values(ended, TrialState.FAIL)
        assert search.trial(tasks.next_task()).number == 2
        assert [trial.state for trial in search.records()][:3] == ["RUNNING", "FAIL", "RUNNING"]
