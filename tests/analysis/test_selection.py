"""The luck in a winner's score, and what larger budgets may be expected to find."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from analysis import contents, evidence
from analysis.charts import budget
from analysis.selection import selected, sentence
from study.records import FINALIST, MEASURED, ValidatedResult
from tests.analysis import synthetic

STUDY = synthetic.study()
KNOWN = evidence.from_study(STUDY)


def of_custom(study):
    return next(one for one in selected(evidence.from_study(study)) if one.family == "custom_cnn")


def with_fresh(*accuracies):
    """Return the study in which the winner of custom CNN scored so from fresh seeds."""
    trial = KNOWN.winners["custom_cnn"]
    results = [
        ValidatedResult(
            number=seed,
            family="custom_cnn",
            purpose=FINALIST,
            params=trial.params,
            seed=seed,
            validation_accuracy=accuracy,
            source_trial=trial.number,
        )
        for seed, accuracy in enumerate(accuracies)
    ]
    return dataclasses.replace(STUDY, validated=tuple(results))


def test_the_luck_is_the_searched_score_less_the_mean_of_fresh_ones():
    searched = KNOWN.winners["custom_cnn"].value

    found = of_custom(with_fresh(searched - 0.02, searched - 0.03, searched - 0.04))

    assert found.searched == searched
    assert found.luck == pytest.approx(0.03)
    expected = [
        run.test_accuracy for run in STUDY.retrained if run.family == "custom_cnn" and run.augmented
    ]
    assert found.tested[True] == pytest.approx(np.mean(expected))
    assert found.n_completed == sum(trial.state == "COMPLETE" for trial in STUDY.families[1].trials)


def test_the_interval_of_luck_is_that_of_one_more_run():
    fresh = [0.70, 0.72, 0.73]

    low, high = of_custom(with_fresh(*fresh)).luck_interval()

    searched = KNOWN.winners["custom_cnn"].value
    error = np.std(fresh, ddof=1) * np.sqrt(1 + 1 / 3)
    expected = stats.t.interval(0.95, 2, loc=searched - np.mean(fresh), scale=error)
    assert (low, high) == pytest.approx(expected)


def test_seeds_that_scored_alike_do_not_tell_how_far_apart_seeds_lie():
    found = of_custom(with_fresh(0.5, 0.5))
    assert found.luck_interval() is None
    assert "interval" not in sentence(found, "custom CNN")


def test_an_ordinary_run_lies_within_the_interval_in_19_of_20_studies():
    rng = np.random.default_rng(3)
    found = of_custom(with_fresh(0.7, 0.7))
    held = 0
    for searched, *fresh in rng.normal(0.7, 0.01, (2000, 4)):
        one = dataclasses.replace(found, searched=searched, fresh=tuple(fresh))
        low, high = one.luck_interval()
        held += low <= 0 <= high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("fresh", "said"),
    [
        ((), "is not known; --finalists 1 tells."),
        ((0.5,), "1 fresh seed gave 50.0 % on the same images, so the search flattered it by"),
        ((0.5, 0.501, 0.502), "more than chance between seeds explains."),
        ((0.5, 0.7, 0.9), "which chance between seeds may explain."),
        ((0.99, 0.98), "so the search underrated it by"),
    ],
)
def test_the_sentence_says_how_much_luck_there_was(fresh, said):
    assert said in sentence(of_custom(with_fresh(*fresh)), "custom CNN")


def test_a_winner_that_finalists_promoted_is_not_called_the_best_of_the_search():
    found = of_custom(with_fresh(0.7, 0.7))
    assert f"the best of {found.n_completed} completed trials; " in sentence(found, "custom CNN")
    promoted = dataclasses.replace(found, searched=found.best - 0.01)
    for fresh in ((), (0.7, 0.7)):
        said = sentence(dataclasses.replace(promoted, fresh=fresh), "custom CNN")
        assert f"not the best of {found.n_completed} completed trials" in said


def test_a_gap_of_many_deviations_that_three_seeds_cannot_judge_is_shown_with_its_interval():
    found = dataclasses.replace(
        of_custom(with_fresh(0.7, 0.7)), searched=0.720, fresh=(0.690, 0.697, 0.700)
    )
    expected = stats.t.interval(0.95, 2, 0.0243333, np.std(found.fresh, ddof=1) * np.sqrt(4 / 3))
    low, high = (f"{100 * end:+.1f}".replace("-", "\N{MINUS SIGN}") for end in expected)
    said = sentence(found, "AlexNet-lite")
    assert f"2.4 percentage points (95 % interval of one more run: {low} to {high}), which" in said


def test_the_report_shows_the_scores_side_by_side():
    document = contents.compose(KNOWN, generated=synthetic.START)
    section = next(one for one in document.sections if one.anchor == "comparison")
    captions = [getattr(block, "caption", "") for block in section.blocks]
    assert any("What chose the winner" in caption for caption in captions)


def measured(family, scores, seconds):
    return [
        ValidatedResult(
            number=index,
            family=family,
            purpose=MEASURED,
            params={"index": index},
            seed=index,
            validation_accuracy=score,
            training_seconds=seconds,
        )
        for index, score in enumerate(scores)
    ]


def budgets(*results):
    study = dataclasses.replace(STUDY, validated=tuple(one for part in results for one in part))
    return budget.compute(evidence.from_study(study))


def test_only_independently_drawn_trials_count():
    computed = budgets(measured("custom_cnn", [0.5, 0.6, 0.7], 60.0), with_fresh(0.9).validated)

    assert list(computed.curves) == ["custom_cnn"]
    assert computed.curves["custom_cnn"].best == pytest.approx([60.0, 200 / 3, 70.0])


def test_a_crossing_is_told_by_trials_and_by_time():
    # A steady family against one that is mostly bad and sometimes very good, and slow.
    steady = measured("alexnet_lite", np.linspace(0.6, 0.62, 12), 10.0)
    bold = measured("custom_cnn", [0.3] * 9 + [0.9] * 3, 12.0)

    said = budget.words(budgets(steady, bold))

    assert "Up to 2 trials AlexNet-lite is expected to be ahead, then custom CNN." in said
    assert "of training AlexNet-lite is expected to be ahead, then custom CNN." in said


def test_before_the_slower_family_can_have_ended_a_trial_it_is_not_ahead():
    # By trials the slow one leads from the first; by time nothing is known below 100 seconds.
    quick = measured("alexnet_lite", [0.2, 0.3, 0.6] * 4, 1.0)
    slow = measured("custom_cnn", np.linspace(0.5, 0.55, 12), 100.0)

    said = budget.words(budgets(quick, slow))

    assert "Up to 3 trials custom CNN" in said
    assert "of training custom CNN is expected to be ahead" not in said


def test_where_the_lead_changes_often_nobody_is_said_to_be_ahead():
    # Two staircases of much the same height: the lead goes back and forth as either takes a step.
    quick = measured("alexnet_lite", np.linspace(0.5, 0.6, 12), 10.0)
    slow = measured("custom_cnn", np.linspace(0.51, 0.62, 12), 13.0)

    computed = budgets(quick, slow)
    said = budget.words(computed)

    told = r"of training the lead changes (\d+) times: too often to tell who is ahead\."
    (n_told,) = re.findall(told, said)
    # Counted from the curves as they are drawn, where both are known and in the left half.
    first, second = (computed.curves[family] for family in ("alexnet_lite", "custom_cnn"))
    leads = [
        best >= np.interp(time, second.minutes, second.in_time)
        for time, best in zip(first.minutes, first.in_time, strict=True)
        if second.minutes[0] <= time <= 12 * 10 / 60 / 2
    ]
    assert int(n_told) == sum(one != other for one, other in pairwise(leads)) > 1
    assert said.count("of training") == 1


def test_without_a_crossing_the_one_that_is_ahead_is_named():
    worse, better = (
        measured(family, np.linspace(low, low + 0.1, 6), 10.0)
        for family, low in (("alexnet_lite", 0.4), ("custom_cnn", 0.6))
    )
    said = budget.words(budgets(worse, better))
    assert "At every budget that can be judged here custom CNN is expected to be ahead." in said


def test_who_is_ahead_in_equal_trials_and_behind_in_equal_time_is_said_to_be_both():
    slow = measured("alexnet_lite", np.linspace(0.52, 0.72, 20), 60.0)
    quick = measured("custom_cnn", np.linspace(0.50, 0.70, 20), 10.0)
    said = budget.words(budgets(slow, quick))
    assert (
        "In equally many trials AlexNet-lite is expected to be ahead, in equal time of training "
        "custom CNN, at every budget that can be judged here."
    ) in said


def test_draws_that_failed_are_told_of():
    drawn = measured("custom_cnn", np.linspace(0.5, 0.7, 8), 10.0)
    study = dataclasses.replace(STUDY, validated=tuple(drawn), failed_draws={"custom_cnn": 2})
    said = budget.words(budget.compute(evidence.from_study(study)))
    assert "2 of 10 draws of custom CNN gave no model and are left out" in said
    assert "gave no model" not in budget.words(budgets(drawn))


def test_without_times_there_is_still_a_curve_by_trials():
    computed = budgets(measured("custom_cnn", [0.5, 0.6, 0.7], None))
    assert len(computed.curves["custom_cnn"].minutes) == 0
    assert budget.draw(computed).data[1].y[0] == pytest.approx(60.0)
