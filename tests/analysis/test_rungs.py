"""Whether early scores foretell the last: correlations against SciPy, and honest words."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from analysis import evidence
from analysis.charts import rungs
from analysis.statistics.rank_correlation import rank_correlations
from study.records import FamilyRecord, TrialRecord
from tests.analysis import synthetic

FULL = synthetic.study()


def study_of(curves, *, pruned=()):
    """Return a study of one family with completed trials of these curves and pruned ones."""
    made = [("COMPLETE", curve) for curve in curves] + [("PRUNED", curve) for curve in pruned]
    trials = tuple(
        TrialRecord(
            number=number,
            state=state,
            value=curve[-1] if state == "COMPLETE" else None,
            validation_accuracy=tuple(enumerate(curve, start=1)),
        )
        for number, (state, curve) in enumerate(made)
    )
    family = FamilyRecord(family="a", trials=trials)
    return evidence.from_study(dataclasses.replace(FULL, families=(family,), retrained=()))


def test_correlations_agree_with_scipy_ties_included():
    rng = np.random.default_rng(0)
    scores, final = rng.integers(8, size=(20, 3)).astype(float), rng.integers(8, size=20)

    found = rank_correlations(scores, final.astype(float), rng=np.random.default_rng(1))

    for column, one in zip(scores.T, found, strict=True):
        assert one.rho == pytest.approx(stats.spearmanr(column, final).statistic)


def test_intervals_agree_with_scipys_bootstrap():
    rng = np.random.default_rng(0)
    final = rng.normal(size=40)
    early = final + rng.normal(size=40)

    (one,) = rank_correlations(early[:, None], final, rng=np.random.default_rng(1))

    reference = stats.bootstrap(
        (early, final),
        lambda first, second: stats.spearmanr(first, second).statistic,
        paired=True,
        vectorized=False,
        confidence_level=0.9,
        n_resamples=1000,
        method="percentile",
        rng=2,
    ).confidence_interval
    assert one.low == pytest.approx(reference.low, abs=0.05)
    assert one.high == pytest.approx(reference.high, abs=0.05)


def test_scores_that_are_all_the_same_have_no_order():
    (one,) = rank_correlations(np.ones((9, 1)), np.arange(9.0), rng=np.random.default_rng(0))

    assert np.isnan([one.rho, one.low, one.high]).all()


def test_the_chart_compares_completed_trials_and_counts_where_pruned_ones_stopped():
    for one, family in zip(rungs.compute(evidence.from_study(FULL)), FULL.families, strict=True):
        completed = [t for t in family.trials if t.state == "COMPLETE"]
        scores = np.array([[value for _, value in t.validation_accuracy] for t in completed])
        assert one.n_completed == len(completed)
        assert list(one.correlations) == list(range(1, synthetic.EPOCHS))
        for epoch, found in one.correlations.items():
            expected = stats.spearmanr(scores[:, epoch - 1], scores[:, -1]).statistic
            assert found.rho == pytest.approx(expected)
            assert found.low <= found.rho <= found.high
        n_pruned = sum(trial.state == "PRUNED" for trial in family.trials)
        assert one.n_pruned == {4: n_pruned}


def test_four_completed_trials_are_too_few_and_a_longer_one_does_not_mix_with_shorter_ones():
    few = [[0.1 * i, 0.2 * i] for i in range(1, 5)]

    (one,) = rungs.compute(study_of([*few, [0.5]]))

    assert one.n_completed == 4
    assert one.correlations == {}
    assert "too few whole learning curves (4 of 5)" in rungs.words([one])


def test_words_name_the_epochs_where_trials_were_pruned_and_say_whose_scores_these_are():
    curves = [[0.1 + 0.01 * i, 0.5 - 0.01 * i, 0.5 + 0.01 * i] for i in range(6)]

    text = rungs.words(rungs.compute(study_of(curves, pruned=[[0.1]] * 7 + [[0.1, 0.2]] * 2)))

    assert "among 6 completed trials: 1.00 (90 % interval 1.00 to 1.00) after epoch 1" in text
    assert "after epoch 1, where 7 were pruned" in text
    least = "\N{MINUS SIGN}1.00"
    assert f"{least} (90 % interval {least} to {least}) after epoch 2, where 2 were" in text
    assert "Pruned trials have no last score" in text


def test_restriction_of_range_makes_the_correlation_of_the_kept_ones_lower():
    rng = np.random.default_rng(0)
    final = rng.normal(size=3000)
    early = final + rng.normal(size=3000)
    kept = early > np.quantile(early, 0.7)

    everyone, survivors = (
        rank_correlations(early[who, None], final[who], rng=rng)[0]
        for who in (np.ones(3000, bool), kept)
    )

    assert survivors.high < everyone.low
