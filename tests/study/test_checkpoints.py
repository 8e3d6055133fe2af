"""The states of trials that wait are kept, those of trials that have ended are not."""

from __future__ import annotations

import pytest

from study.checkpoints import checkpoint_of, checkpoints_folder, delete_checkpoints
from study.records import TrialRecord


@pytest.mark.parametrize(
    ("state", "is_kept"),
    [("RUNNING", True), ("WAITING", True), ("COMPLETE", False), ("PRUNED", False), ("FAIL", False)],
)
def test_only_a_trial_that_may_go_on_keeps_its_state(state, is_kept, tmp_path):
    folder = checkpoints_folder(tmp_path)
    folder.mkdir()
    mine, other = (checkpoint_of(folder, family, 3) for family in ("custom_cnn", "alexnet_lite"))
    for path in (mine, other):
        path.touch()
    delete_checkpoints(tmp_path, "custom_cnn", [TrialRecord(number=3, state=state)])
    assert (mine.exists(), other.exists()) == (is_kept, True)


def test_a_trial_that_never_had_a_state_is_no_error(tmp_path):
    delete_checkpoints(tmp_path, "custom_cnn", [TrialRecord(number=0, state="PRUNED")])
    assert not checkpoints_folder(tmp_path).exists()
