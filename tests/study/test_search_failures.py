"""Trials that fail, and trials whose process dies, while the search goes on."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from study.failures import MAX_FAILURES
from study.trials import TrialFailedError
from tests.study.local_workers import ProcessDiedError
from tests.study.quick_search import SETTINGS, counted, read, run, stop_at


def test_a_trial_that_fails_is_recorded_with_its_reason_and_the_search_goes_on(tmp_path):
    run(tmp_path, stop=stop_at(3, TrialFailedError("diverged: the loss is nan")))
    failed = [trial for trial in read(tmp_path)["alpha"] if trial.state == "FAIL"]
    assert [trial.failure for trial in failed] == ["diverged: the loss is nan"]
    assert failed[0].value is None
    assert [len(counted(trials)) for trials in read(tmp_path).values()] == [4, 4]


def test_a_score_that_is_no_number_fails_the_trial(tmp_path):
    only = {"families": ("alpha",), "settings": replace(SETTINGS, n_trials=1)}
    with pytest.warns(UserWarning, match="nan"):
        run(tmp_path, train=lambda *_, **_settings: float("nan"), **only)
    assert [trial.state for trial in read(tmp_path)["alpha"] if trial.started] == ["FAIL"]


@pytest.mark.parametrize(("n_deaths", "state"), [(1, "COMPLETE"), (2, "COMPLETE"), (3, "FAIL")])
def test_a_trial_whose_process_dies_is_tried_twice_more_and_then_failed(tmp_path, n_deaths, state):
    only = {"families": ("alpha",)}
    run(tmp_path, settings=replace(SETTINGS, n_trials=2), **only)
    calls = count(1)

    def die():
        if next(calls) <= n_deaths:
            raise ProcessDiedError

    run(tmp_path, stop=die, **only)
    trials = read(tmp_path)["alpha"]
    assert len(counted(trials)) == SETTINGS.n_trials
    assert len(trials) == SETTINGS.n_trials
    assert trials[2].state == state
    if state == "FAIL":
        assert trials[2].failure == "its process was ended by SIGKILL, 3 times"


def test_named_configurations_are_tried_again_where_no_trial_had_a_score(tmp_path):
    def fail(*_, **_settings):
        raise TrialFailedError("out of memory")

    only = {"families": ("alpha",), "settings": replace(SETTINGS, n_trials=9)}
    run(tmp_path, train=fail, **only)
    run(tmp_path, **only)
    trials = read(tmp_path)["alpha"]
    assert [trial.state for trial in trials] == MAX_FAILURES * ["FAIL"] + 4 * ["COMPLETE"]
    named = [trial.baseline for trial in trials]
    assert named == ["B1", "B2", None, None, None, "B1", "B2", None, None]
