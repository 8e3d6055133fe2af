"""kill -9 of a worker, of the parent and of all: the next run continues and nothing is lost."""

from __future__ import annotations

import time
from itertools import pairwise

import psutil
import pytest

from tests.faults.database import StoredTrial, changed, finished, problems, stored
from tests.faults.program import SMALL, Program, until

N_TRIALS, EPOCHS = 6, 4
ARGUMENTS = (
    *SMALL,
    *("--trials", str(N_TRIALS), "--epochs", str(EPOCHS), "--pruner", "none", "--workers", "2"),
    *("--retrain-epochs", "6"),
)


def searched(trials: list[StoredTrial]) -> list[StoredTrial]:
    return [one for one in trials if not one.study.endswith("/retrained")]


def half_trained(trials: list[StoredTrial]) -> list[StoredTrial]:
    return [one for one in searched(trials) if one.state == "RUNNING" and one.scores]


def n_finished(trials: list[StoredTrial]) -> int:
    return len(finished(searched(trials)))


def n_retrained(trials: list[StoredTrial]) -> int:
    return len(finished(trials)) - n_finished(trials)


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> dict[str, list[StoredTrial]]:
    """What the database held after each kill of one study, which then ran to its end."""
    folder = tmp_path_factory.mktemp("killed")
    held: dict[str, list[StoredTrial]] = {}

    def start() -> Program:
        return Program(folder, *ARGUMENTS, epoch_seconds=0.25)

    def wait_for(condition) -> None:
        assert until(lambda: condition(stored(folder)) or not program.is_running)
        assert program.is_running, program.said

    program = start()
    try:
        wait_for(lambda trials: n_finished(trials) >= 1 and half_trained(trials))
        assert program.kill_worker()
        held["worker, search"] = stored(folder)
        wait_for(lambda trials: n_finished(trials) >= 3 and half_trained(trials))
        workers = program.workers()
        assert workers
        assert program.kill_parent()
        # They end by themselves, and write nothing from then on.
        assert until(lambda: not any(map(psutil.Process.is_running, workers)))
        held["parent, search"] = stored(folder)
        time.sleep(1)
        held["a second later"] = stored(folder)

        program = start()
        wait_for(lambda trials: n_finished(trials) >= 6 and half_trained(trials))
        assert program.kill_all()
        held["all, search"] = stored(folder)

        program = start()
        wait_for(lambda trials: n_retrained(trials) >= 1)
        assert program.kill_worker(), program.said
        held["worker, retraining"] = stored(folder)
        wait_for(lambda trials: n_retrained(trials) >= 2)
        assert program.kill_all()
        held["all, retraining"] = stored(folder)

        program = start()
        wait_for(lambda trials: n_retrained(trials) == 4)
        assert program.kill_parent()
        held["parent, report"] = stored(folder)

        program = start()
        ended = program.end()
        assert ended.code == 0, ended.stderr
        held["the end"] = stored(folder)
        assert (folder / "reports" / "hard-times" / "report.html").is_file()
    finally:
        program.kill_all()
    return held


def test_finished_trials_stay_as_they_are_to_the_last_bit(story):
    states = list(story.values())
    assert n_retrained(states[-1]) == 4
    for earlier, later in pairwise(states):
        assert changed(earlier, later) == []


def test_no_trial_is_lost_double_or_running_for_ever_and_the_budget_is_spent(story):
    settings = {"n_trials": N_TRIALS, "epochs": EPOCHS, "n_retrained": 4}
    assert problems(story["the end"], families=("alpha", "beta"), **settings) == []


def test_workers_whose_parent_is_killed_end_and_write_nothing_more(story):
    assert story["a second later"] == story["parent, search"]


def test_a_half_trained_trial_goes_on_from_its_checkpoint_and_its_cost_is_recorded(story):
    end = {(one.study, one.number): one for one in story["the end"]}
    for moment in ("parent, search", "all, search"):
        assert half_trained(story[moment])
        for before in half_trained(story[moment]):
            after = end[before.study, before.number]
            assert after.state == "COMPLETE"
            # What it had is kept; the kill may have come between an epoch and its checkpoint.
            kept = len(before.scores) - after.attrs.get("lost_epochs", 0)
            assert {step: after.scores[step] for step in range(1, kept + 1)} == {
                step: before.scores[step] for step in range(1, kept + 1)
            }
            assert after.attrs["died_after"]
            assert after.attrs.get("lost_epochs", 0) <= 1


def test_the_time_that_a_killed_worker_had_spent_is_recorded(story):
    end = story["the end"]
    told = [one for one in searched(end) if one.attrs.get("died_after")]
    assert any(one.attrs["lost_seconds"] > 0 for one in told)
