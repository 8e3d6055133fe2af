"""What a replayed search cost and chose, against what can be counted by hand."""

from __future__ import annotations

import pytest

from benchmarks.replay_measures import choice, outcome, seconds_used, stopped_after
from benchmarks.replay_search import Step
from tests.benchmarks.synthetic_curves import EPOCHS
from tests.benchmarks.synthetic_pool import N


def test_an_outcome_is_what_can_be_counted_by_hand(pool):
    a, b, c = 0, 1, 2
    steps = [
        Step(row=a, start=0, end=1),
        Step(row=b, start=0, end=3),
        Step(row=a, start=1, end=EPOCHS),
        Step(row=c, start=0, end=EPOCHS),
    ]
    judged = outcome(pool, steps)
    assert judged.epochs_share == pytest.approx((1 + 3 + 11 + 12) / 36)
    per_epoch = pool.epoch_seconds
    spent = 4 * 3 + 12 * per_epoch[a] + 3 * per_epoch[b] + 12 * per_epoch[c]
    assert seconds_used(pool, steps) == pytest.approx(spent)
    assert judged.seconds_share == pytest.approx(spent / (9 + 12 * per_epoch[[a, b, c]].sum()))
    chosen = max(pool.final[a], pool.final[c])
    assert judged.regret == pytest.approx(100 * (max(pool.final[b], chosen) - chosen))
    assert judged.pool_regret == pytest.approx(100 * (max(pool.final) - chosen))
    assert judged.n_whole == 2


def test_a_search_stopped_early_chooses_among_what_it_had_trained(pool):
    steps = [Step(row=0, start=0, end=2), Step(row=1, start=0, end=3), Step(row=0, start=2, end=9)]
    assert stopped_after(steps, 1) == [Step(row=0, start=0, end=1)]
    assert stopped_after(steps, 5) == steps[:2]
    assert stopped_after(steps, 6) == [*steps[:2], Step(row=0, start=2, end=3)]
    assert stopped_after(steps, 99) == steps
    assert choice(pool, steps[:2]) == 1
    assert choice(pool, steps) == 0
    level = [Step(row=row, start=0, end=4) for row in range(N)]
    assert choice(pool, level) == pool.accuracy[:, 3].argmax()
