"""The benchmark of what the parent does: two ways that decide the same, compared within a round."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import scheduling
from benchmarks.scheduling import ALL, OURS, milliseconds_a_task, tables
from study.known_trials import KnownTrials


def test_times_are_compared_round_by_round():
    (table,) = tables({"measured": {"50": {OURS: [10.0, 20.0], ALL: [30.0, 80.0]}}})
    assert table.rows == [["50", "15 (10 to 20)", "55 (30 to 80)", "3.5 (3.0 to 4.0)"]]


@pytest.fixture
def seen(monkeypatch):
    """How often the database was read at all, and the tasks that were chosen."""
    seen = {"n_read": Counter(), "tasks": []}
    changed, ended = KnownTrials._changed, scheduling._ended

    def counted(self):
        seen["n_read"]["changed"] += 1
        return changed(self)

    def noted(task, *arguments, **options):
        seen["tasks"].append(task)
        return ended(task, *arguments, **options)

    monkeypatch.setattr(KnownTrials, "_changed", counted)
    monkeypatch.setattr(scheduling, "_ended", noted)
    return seen


def test_both_ways_choose_the_same_tasks_and_one_of_them_reads_all(seen):
    chosen, n_read = [], []
    for reads_all in (False, True):
        assert milliseconds_a_task(4, reads_all=reads_all) > 0
        chosen.append(tuple(seen["tasks"]))
        n_read.append(seen["n_read"]["changed"])
        seen["tasks"].clear()
        seen["n_read"].clear()
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) > 8
    # What is left are the trials that it queues itself.
    assert n_read[1] < 5 < n_read[0]
