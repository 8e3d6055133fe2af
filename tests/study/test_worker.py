"""One worker as its parent sees it: whether it is worn, and whether it is ready."""

from __future__ import annotations

import pytest

from study.workers.worker import Limits, Worker
from tests.study import toy_work
from tests.study.toy_work import ToyWork


@pytest.fixture
def worker():
    made = Worker(environment={})
    yield made
    made.end()


@pytest.mark.parametrize(
    ("mebibytes", "is_worn"),
    [
        # What one large task needed stays; only what is above the limit counts.
        ([1000, 2400], False),
        ([1000, 2600], True),
        # Where the first task needs more than that, half as much again.
        ([4000], False),
        ([4000, 5900], False),
        ([4000, 6100], True),
    ],
)
def test_a_worker_is_worn_when_it_holds_more_than_the_limit_and_than_it_began_with(
    worker, mebibytes, is_worn
):
    for held in mebibytes:
        worker.note_memory(held * 2**20)
    assert worker.is_worn(Limits(max_tasks=100, max_bytes=2500 * 2**20)) is is_worn


def test_a_worker_is_ready_when_it_has_opened_all_that_it_was_sent(worker):
    assert not worker.is_ready
    for _ in range(2):
        worker.open(ToyWork(toy_work.square))
        assert not worker.is_ready
    worker.note_opened()
    assert not worker.is_ready
    worker.note_opened()
    assert worker.is_ready
    worker.open(ToyWork(toy_work.square))
    assert not worker.is_ready
