"""The benchmark of updates compares within a round."""

from __future__ import annotations

from benchmarks.updates import OURS, tables


def test_times_are_given_against_ours_round_by_round():
    seconds = {OURS: [1.0, 2.0, 4.0], "other": [0.5, 1.0, 3.0]}
    measured = {"alexnet_lite": {"n_steps": 1, "seconds": seconds}}
    (table,) = tables({"measured": measured})
    assert table.rows == [
        [OURS, "1.00"],
        ["other", "0.50 (0.50 to 0.75)"],
    ]
