"""A search knows its trials as they are in the database, and does not read all of them for that."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from study.config import SearchConfig
from study.known_trials import KnownTrials
from study.schedulers import SCHEDULERS
from study.storage import open_for_writing
from tests.study import small
from tests.study.quick_search import begun, read, run, stop_at
from tests.study.quick_work import quick_training

SETTINGS = SearchConfig(
    n_trials=8, epochs=9, fraction=1.0, precision="float32", sampler="random", pruner="asha"
)
ONLY = {"families": ("alpha",)}


def found(folder):
    """Return what another program would read."""
    with open_for_writing(small.config(folder).storage_url) as storage:
        return optuna.load_study(study_name="trial-run/alpha", storage=storage).get_trials()


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


def most_read_for_a_task(folder, monkeypatch, *, n_trials):
    """Search, and return how many trials the parent read for one task at most."""
    n_read, most = Counter(), [0]
    build = RDBStorage._build_frozen_trial_from_trial_model

    def counted(self, model):
        n_read["trials"] += 1
        return build(self, model)

    def train(trial, params, **epochs):
        most.append(n_read["trials"])
        n_read.clear()
        return quick_training(trial, params, **epochs)

    monkeypatch.setattr(RDBStorage, "_build_frozen_trial_from_trial_model", counted)
    run(folder, settings=replace(SETTINGS, n_trials=n_trials, pruner="rounds"), train=train, **ONLY)
    return max(most[-n_trials // 2 :])


def test_a_task_reads_no_more_trials_where_more_have_paused(tmp_path, monkeypatch):
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    of_few = most_read_for_a_task(few, monkeypatch, n_trials=10)
    monkeypatch.undo()
    of_many = most_read_for_a_task(many, monkeypatch, n_trials=40)
    assert of_many < 2 * of_few


def test_a_trial_that_somebody_queues_meanwhile_is_the_next_one(tmp_path):
    def queue():
        with open_for_writing(small.config(tmp_path).storage_url) as storage:
            optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
            if not any("wish" in trial.user_attrs for trial in optuna_study.trials):
                optuna_study.enqueue_trial({"units": 7}, user_attrs={"wish": True})

    def train(trial, params, **_epochs):
        # Behind all that are queued already.
        if trial.number == 3:
            queue()
        return params["units"] / 512

    run(tmp_path, settings=replace(SETTINGS, pruner="none", n_trials=6), train=train, **ONLY)
    trials = found(tmp_path)
    assert [trial.number for trial in trials if trial.user_attrs.get("wish")] == [4]
    assert trials[4].params["units"] == 7
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}


def test_a_paused_trial_that_somebody_ends_does_not_go_on_and_the_search_does(tmp_path):
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        one, other = tasks.next_task(), tasks.next_task()
        for task, score in ((one, 0.9), (other, 0.1)):
            trial = search.trial(task)
            search._storage.set_trial_intermediate_value(trial._trial_id, 1, score)
            search.pause(task)
        # Known as paused.
        assert search.next_task() is not None
        with open_for_writing(small.config(tmp_path).storage_url) as storage:
            optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
            optuna_study.tell(0, state=TrialState.FAIL)
            wanted = search.last_task()
            assert wanted is None or wanted.trial != 0
    run(tmp_path, settings=SETTINGS, **ONLY)
    first, *later = read(tmp_path)["alpha"]
    assert (first.state, len(first.validation_accuracy)) == ("FAIL", 1)
    assert len(later) == SETTINGS.n_trials - 1
    assert "COMPLETE" in {trial.state for trial in later}


def test_a_queued_trial_that_somebody_ends_is_passed_over(tmp_path):
    with begun(tmp_path, settings=SETTINGS, **ONLY) as (tasks, (search,)):
        assert search.trial(tasks.next_task()).number == 0
        with open_for_writing(small.config(tmp_path).storage_url) as storage:
            ended = optuna.load_study(study_name="trial-run/alpha", storage=storage).trials[1]
            storage.set_trial_state_values(ended._trial_id, TrialState.FAIL)
        assert search.trial(tasks.next_task()).number == 2
        assert [trial.state for trial in search.records()][:3] == ["RUNNING", "FAIL", "RUNNING"]
