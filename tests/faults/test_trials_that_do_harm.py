"""Trials that kill their process, hang or cannot be trained: recorded, and the search goes on."""

from __future__ import annotations

import pytest

from tests.faults.database import StoredTrial, stored
from tests.faults.program import SMALL, Ended, run

FAULTS = ";".join(
    [
        "alpha=good,segfault,hang,killed,impossible",
        f"beta={','.join(20 * ['impossible'])}",
        "gamma=hang_retrained",
    ]
)
N_TRIALS = 8


@pytest.fixture(scope="module")
def harmed(tmp_path_factory) -> tuple[Ended, list[StoredTrial]]:
    """How a run ended whose trials do harm, and what it left."""
    folder = tmp_path_factory.mktemp("harmed")
    small = ("--trials", str(N_TRIALS), "--epochs", "2", "--pruner", "none", "--workers", "2")
    ended = run(folder, *SMALL, *small, "--trial-timeout", "2s", faults=FAULTS)
    return ended, stored(folder)


def search_of(trials: list[StoredTrial], family: str) -> list[StoredTrial]:
    return [one for one in trials if one.study.endswith(family) and one.state != "WAITING"]


@pytest.mark.parametrize(
    ("number", "failure", "deaths"),
    [
        (1, "its process was ended by SIGSEGV, 3 times", [0, 0, 0]),
        (2, "took longer than --trial-timeout, 2 seconds", None),
        (3, "its process was ended by SIGKILL, 3 times", [0, 0, 0]),
        (4, "cannot be built: there is no such network", None),
    ],
)
def test_a_trial_that_does_harm_fails_with_the_reason(harmed, number, failure, deaths):
    trial = search_of(harmed[1], "alpha")[number]
    assert trial.state == "FAIL"
    assert trial.attrs["failure"] == failure
    assert trial.attrs.get("died_after") == deaths
    assert (trial.attrs.get("lost_seconds", 0) > 0) == ("cannot" not in failure)


def test_the_search_goes_on_and_counts_each_trial_once(harmed):
    trials = search_of(harmed[1], "alpha")
    assert [one.number for one in trials if one.state == "COMPLETE"] == [0, 5, 6, 7]
    assert len(trials) == N_TRIALS


def test_a_family_that_cannot_be_trained_ends_early_and_the_error_names_the_cause(harmed):
    ended, trials = harmed
    failed = search_of(trials, "beta")
    # Two are trained at a time, so the fifth failure may find a sixth trial under way.
    assert 5 <= len(failed) <= 6
    assert {one.state for one in failed} == {"FAIL"}
    assert ended.code == 3
    last = ended.stderr.splitlines()[-1]
    for text in ("error: ", "beta: cannot be built: there is no such network", "python -m study"):
        assert text in last
    assert "alpha:" not in last


def test_a_retraining_that_hangs_is_left_out_with_the_reason_and_the_others_are_done(harmed):
    final = [one for one in harmed[1] if one.study.endswith("/retrained")]
    left_out = [one for one in final if one.state == "FAIL"]
    assert len(left_out) == 2
    for one in left_out:
        assert one.attrs["failure"] == "took longer than --trial-timeout, 2 seconds"
        assert one.attrs["lost_seconds"] >= 2
    assert [one.state for one in final].count("COMPLETE") == 2
