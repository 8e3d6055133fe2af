"""The chart of two studies' winners: seeds, means, intervals and scales."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.pair import evidence, winners
from tests.analysis import synthetic
from tests.analysis.pairs import BETTER_RUN, RUNS, A, page, plain, study


def test_the_chart_shows_seeds_with_an_interval_that_holds_their_mean():
    computed = winners.compute(RUNS)
    assert computed.shared
    for rows, record in zip(computed.rows, (A, BETTER_RUN), strict=True):
        assert len(rows) == 4
        for row in rows:
            expected = sorted(
                (run.seed, 100 * run.test_accuracy)
                for run in record.retrained
                if (run.family, run.augmented) == (row.family, row.augmented)
            )
            assert row.seeds == tuple(seed for seed, _ in expected)
            assert row.accuracies == pytest.approx([score for _, score in expected])
            assert row.low < row.mean < row.high
            assert row.mean == pytest.approx(np.mean(row.accuracies), abs=1e-3)


def test_an_interval_stays_within_what_accuracies_can_be():
    certain = study("a", lambda family, augmented: 0.97, seeds=(0, 1))
    for rows in winners.compute(evidence.from_studies(certain, A)).rows:
        assert all(0 <= row.low <= row.high <= 100 for row in rows)


def test_two_studies_share_a_scale_only_where_the_images_are_the_same():
    apart = evidence.from_studies(A, study("b", plain, dataset="mnist"))
    assert not winners.compute(apart).shared
    matches = [winners.draw(winners.compute(pair)).layout.xaxis2.matches for pair in (RUNS, apart)]
    assert matches == ["x", None]


def test_without_any_retrained_model_the_chart_says_so():
    searched = [synthetic.study(retrained=False, n_trials=n) for n in (20, 30)]
    pair = evidence.from_studies(*searched)
    drawn = winners.draw(winners.compute(pair))
    assert drawn.layout.annotations[-1].text == winners.NOTHING
    assert "no result on the test split" in page(pair)
