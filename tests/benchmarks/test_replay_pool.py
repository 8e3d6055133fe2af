"""The replay's pool of recorded curves: its halves, its times, its coordinates."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from benchmarks.replay_pool import read_pool, unit_cube
from tests.benchmarks.synthetic_curves import SPACE, curve, table
from tests.benchmarks.synthetic_pool import FAMILY, N


def test_the_halves_share_nothing_and_failed_or_repeated_trainings_are_left_out():
    curves = table(N)
    extra = (
        replace(curve(FAMILY, 0), repeat=1),
        replace(curve(FAMILY, N), failure="diverged", validation_accuracy=()),
    )
    curves = replace(curves, curves=extra + curves.curves)
    rates = {
        part: [params["rate"] for params in read_pool(curves, FAMILY, part).params]
        for part in ("A", "B", "all")
    }
    expected = [curve(FAMILY, index).params["rate"] for index in range(N)]
    assert rates == {"A": expected[::2], "B": expected[1::2], "all": expected}


def test_starting_up_is_told_from_training(pool):
    # The synthetic curves spend 2 s in tracing within the first epoch and 1 s before it.
    assert pool.start_seconds == pytest.approx(3.0)
    assert pool.epoch_seconds.tolist() == [curve(FAMILY, index).seconds[5] for index in range(N)]


def test_the_unit_cube_is_laid_over_what_is_searched():
    def point(**params):
        return unit_cube(params, SPACE)

    low = point(rate=1e-4, width=8, head="average")
    assert point(rate=1e-3, width=8, head="average") - low == pytest.approx([0.5, 0, 0, 0])
    assert point(rate=1e-4, width=64, head="average") - low == pytest.approx([0, 1, 0, 0])
    other = point(rate=1e-4, width=8, head="flatten")
    assert math.dist(other, low) == pytest.approx(1.0)
