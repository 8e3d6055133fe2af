"""How many trials each family gets, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.trial import TrialState

from study import search
from study.trials import TrialEnd
from tests.study.quick_search import FAMILIES, SETTINGS, begun, counted, read, run


def test_each_family_gets_its_number_of_trials_and_they_take_turns(tmp_path):
    run(tmp_path)
    trials = read(tmp_path)
    assert {family: len(counted(trials[family])) for family in FAMILIES} == {"alpha": 4, "beta": 4}
    order = sorted((trial.started, family) for family in FAMILIES for trial in trials[family])
    assert [family for _, family in order] == ["alpha", "beta"] * 4


def test_named_configurations_are_tried_first_and_once(tmp_path):
    run(tmp_path)
    run(tmp_path, settings=replace(SETTINGS, n_trials=6))
    for trials in read(tmp_path).values():
        assert [trial.baseline for trial in trials] == ["B1", "B2", None, None, None, None]


def test_a_target_below_the_number_of_named_configurations_is_kept(tmp_path):
    run(tmp_path, settings=replace(SETTINGS, n_trials=1))
    run(tmp_path)
    for trials in read(tmp_path).values():
        assert [trial.baseline for trial in counted(trials)] == ["B1", "B2", None, None]


@pytest.mark.parametrize(("again", "total"), [(4, 4), (2, 4), (7, 7)])
def test_the_number_of_trials_is_a_total_that_counts_those_already_there(tmp_path, again, total):
    run(tmp_path)
    before = read(tmp_path)
    run(tmp_path, settings=replace(SETTINGS, n_trials=again))
    after = read(tmp_path)
    for family in FAMILIES:
        assert len(after[family]) == total
        assert after[family][:4] == before[family]


def test_a_family_that_is_behind_catches_up_first(tmp_path):
    run(tmp_path, families=("alpha",), settings=replace(SETTINGS, n_trials=3))
    run(tmp_path)
    trials = read(tmp_path)
    last_of_beta_to_catch_up = trials["beta"][2]
    assert trials["alpha"][3].started > last_of_beta_to_catch_up.finished


@pytest.fixture
def pass_time(monkeypatch):
    """A function that lets ten seconds pass."""

    class Clock:
        now = 0.0

        @classmethod
        def monotonic(cls):
            return cls.now

    def pass_time():
        Clock.now += 10.0

    monkeypatch.setattr(search, "time", Clock)
    return pass_time


def test_the_time_budget_ends_the_search_with_equal_budgets(tmp_path, pass_time):
    settings = replace(SETTINGS, time_budget_seconds=25.0)
    run(tmp_path, settings=settings, stop=pass_time)
    assert [len(counted(trials)) for trials in read(tmp_path).values()] == [2, 2]


def test_two_searches_at_once_share_one_budget(tmp_path):
    # The other search runs from beginning to end while this one is in its first trial.
    steps = iter([lambda: run(tmp_path, families=("alpha",))])
    run(tmp_path, families=("alpha",), stop=lambda: next(steps, int)())
    assert len(counted(read(tmp_path)["alpha"])) <= SETTINGS.n_trials + 1


@pytest.mark.parametrize(("families", "n_left"), [(FAMILIES, 8), (FAMILIES[:1], 4)])
def test_as_many_tasks_are_left_as_trials_may_begin_at_once(tmp_path, families, n_left):
    # Workers are started for them: with too few, one would wait for another to be ready.
    with begun(tmp_path, families=families) as (tasks, _):
        for _ in range(n_left):
            assert tasks.n_left() >= 1
            n_before = tasks.n_left()
            assert tasks.next_task() is not None
            assert tasks.n_left() == n_before - 1
        assert n_before == 1
        assert tasks.next_task() is None


def test_once_the_time_is_up_only_the_family_that_is_behind_has_a_task_left(tmp_path, pass_time):
    settings = replace(SETTINGS, time_budget_seconds=5.0)
    with begun(tmp_path, settings=settings) as (tasks, _):
        families = [tasks.next_task().family for _ in range(3)]
        assert families == ["alpha", "beta", "alpha"]
        assert tasks.n_left() == 2 + 3
        pass_time()
        assert tasks.n_left() == 1
        assert tasks.next_task().family == "beta"
        assert tasks.n_left() == 0


def test_what_is_pruned_after_the_time_is_up_is_not_made_up_for(tmp_path, pass_time):
    settings = replace(SETTINGS, time_budget_seconds=5.0)
    with begun(tmp_path, settings=settings) as (tasks, _):
        under_way = [tasks.next_task() for _ in range(4)]
        pass_time()
        assert tasks.n_left() == 0
        for task in under_way[:2]:
            tasks.done(task, TrialEnd(state=TrialState.PRUNED))
        assert {task.family for task in under_way[:2]} == set(FAMILIES)
        assert tasks.n_left() == 0


def test_a_trial_whose_process_dies_after_the_time_is_up_goes_on(tmp_path, pass_time):
    settings = replace(SETTINGS, time_budget_seconds=5.0)
    with begun(tmp_path, settings=settings, families=FAMILIES[:1]) as (tasks, _):
        first, second = tasks.next_task(), tasks.next_task()
        pass_time()
        assert tasks.n_left() == 0
        tasks.died(first, "was ended by SIGKILL")
        tasks.done(second, TrialEnd(state=TrialState.PRUNED))
        assert tasks.next_task().trial_id == first.trial_id
        assert tasks.n_left() == 0
