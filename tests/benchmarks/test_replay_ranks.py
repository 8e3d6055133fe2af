"""How well early scores foretell the end, whom they favour, and how noisy they are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.replay_pool import read_pool
from benchmarks.replay_ranks import agreements, favours, noise
from tests.benchmarks.synthetic_curves import EPOCHS, SPACE, curve, table
from tests.benchmarks.synthetic_pool import FAMILY


def test_scores_that_foretell_the_end_agree_with_it_and_favour_nobody():
    pool = read_pool(table(40, noise=0.0), FAMILY, "all")
    steady = replace(pool, accuracy=pool.final[:, None] * np.linspace(0.5, 1, EPOCHS))
    steady = replace(steady, loss=1 - steady.accuracy)
    assert {round(each.spearman, 9) for each in agreements(steady)} == {1.0}
    assert {round(each.kendall, 9) for each in agreements(steady)} == {1.0}
    by_hand = replace(
        steady,
        params=tuple({**row, "learning_rate": n} for n, row in enumerate(steady.params)),
        distributions={**pool.distributions, "learning_rate": SPACE["rate"]},
    )
    assert {each.shift for each in favours(by_hand)} == {0.0}
    # Later rows score a whole point more after the first epoch, whatever they come to.
    late_first = by_hand.accuracy.copy()
    late_first[20:, 0] += 1
    shifts = {
        each.group: each.shift
        for each in favours(replace(by_hand, accuracy=late_first))
        if each.epoch == 1
    }
    assert shifts["learning_rate above its median"] > 0.1
    assert shifts["learning_rate below its median"] == pytest.approx(
        -shifts["learning_rate above its median"]
    )


def test_the_noise_is_that_of_two_trainings():
    curves = table(5)
    assert noise(curves, FAMILY) is None
    repeats = tuple(
        replace(
            curve(FAMILY, index),
            repeat=1,
            validation_accuracy=tuple(v + 0.02 for v in curve(FAMILY, index).validation_accuracy),
        )
        for index in range(5)
    )
    found = noise(replace(curves, curves=curves.curves + repeats), FAMILY)
    assert (found.n, found.spearman) == (5, pytest.approx(1.0))
    assert found.points == pytest.approx(2 / math.sqrt(2))
