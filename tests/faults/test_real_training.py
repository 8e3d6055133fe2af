"""Real training that is killed in the middle, and trials that real training cannot do."""

from __future__ import annotations

import pytest

from tests.faults.database import StoredTrial, problems, stored
from tests.faults.program import SMALL, Program, until

EPOCHS = 60
FAULTS = "alpha=good,memory,impossible,diverges"
ARGUMENTS = (
    *SMALL,
    *("--trials", "4", "--epochs", str(EPOCHS), "--pruner", "none", "--workers", "1"),
    *("--retrain-epochs", "1"),
)


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> tuple[StoredTrial, list[StoredTrial], int]:
    """The first trial as a kill of all found it, and all trials and the exit code at the end."""
    folder = tmp_path_factory.mktemp("real")
    options = {"faults": FAULTS, "work": "real"}

    def first_epochs() -> int:
        return max((len(one.scores) for one in stored(folder)), default=0)

    program = Program(folder, *ARGUMENTS, "--architectures", "alpha", **options)
    assert until(lambda: first_epochs() >= 3 or not program.is_running), program.said
    assert program.kill_all(), program.said
    (before,) = [one for one in stored(folder) if one.state == "RUNNING"]
    ended = Program(folder, *ARGUMENTS, "--architectures", "alpha", **options).end()
    return before, stored(folder), ended.code


def test_a_killed_trial_goes_on_after_its_last_whole_epoch(killed):
    before, trials, code = killed
    assert code == 0
    assert problems(trials, families=("alpha",), n_trials=4, epochs=EPOCHS, n_retrained=2) == []
    after = trials[0]
    lost = after.attrs.get("lost_epochs", 0)
    assert 3 <= len(before.scores) < EPOCHS
    assert lost <= 1
    assert after.attrs["died_after"] == [len(before.scores)]
    kept = range(1, len(before.scores) - lost + 1)
    assert [after.scores[epoch] for epoch in kept] == [before.scores[epoch] for epoch in kept]
    assert after.attrs["training_seconds"] > before.attrs["training_seconds"] * 0.5


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (1, "out of memory"),
        (2, "cannot be built: there is no such network"),
        (3, "diverged: the training loss is"),
    ],
)
def test_what_cannot_be_trained_is_recorded_with_the_reason(killed, number, failure):
    trial = killed[1][number]
    assert trial.state == "FAIL"
    assert trial.attrs["failure"].startswith(failure)
