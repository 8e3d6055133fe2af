"""Families at matched size: which difference is shown, how sure it is, and what is said of it."""

from __future__ import annotations

import dataclasses
from statistics import fmean

import numpy as np
import pytest

from analysis import evidence
from analysis.charts import matched as chart
from analysis.matched import matched
from analysis.statistics.crossed import crossed_mean
from study.matching import size_matches
from study.records import MATCHED, ValidatedResult
from tests.analysis import synthetic

STUDY = synthetic.study(validated=False)
LABELS = np.repeat(np.arange(10), 60).astype(np.uint8)
(MATCH,) = size_matches(STUDY.families)
LARGER, SMALLER = MATCH.larger.family, MATCH.smaller.family


def trained(*, larger, smaller, rival, seeds=(0, 1, 2), predictions=True):
    """Return evidence of the three configurations from fresh seeds, with such accuracies."""
    rng = np.random.default_rng(4)
    ease = rng.uniform(size=LABELS.size)
    results = []
    for family, trial, accuracy in (
        (LARGER, MATCH.larger.trial, larger),
        (SMALLER, MATCH.smaller.trial, smaller),
        (LARGER, MATCH.trial, rival),
    ):
        for seed in seeds if accuracy is not None else ():
            right = ease + rng.normal(0, 0.05, LABELS.size) < accuracy
            guesses = np.where(right, LABELS, (LABELS + 1) % 10).astype(np.uint8)
            results.append(
                ValidatedResult(
                    number=len(results),
                    family=family,
                    purpose=MATCHED,
                    params=trial.params,
                    seed=seed,
                    validation_accuracy=float(right.mean()),
                    source_trial=trial.number,
                    predictions=guesses.tobytes() if predictions else b"",
                )
            )
    return evidence.from_study(
        dataclasses.replace(STUDY, validated=tuple(results), validation_labels=LABELS.tobytes())
    )


def test_the_differences_and_intervals_are_those_of_the_predictions():
    known = trained(larger=0.6, smaller=0.8, rival=0.5)
    hits = [
        np.array([np.frombuffer(run.predictions, np.uint8) == LABELS for run in runs], int)
        for runs in (known.study.validated[i : i + 3] for i in (0, 3, 6))
    ]

    (found,) = matched(known)

    # The smaller winner is ahead, so it comes first in both.
    for difference, other in ((found.unmatched, hits[0]), (found.matched, hits[2])):
        assert difference.first.family == SMALLER
        expected = crossed_mean(hits[1] - other)
        assert fmean(difference.differences) == pytest.approx(expected.mean)
        verdict = difference.verdict
        assert (verdict.low, verdict.high) == pytest.approx(expected.interval())
    assert found.matched.second.trial == MATCH.trial


def test_the_words_say_what_is_left_of_the_lead():
    computed = chart.compute(trained(larger=0.8, smaller=0.6, rival=0.4))

    said = chart.words(computed)

    names = "AlexNet-lite against custom CNN"
    assert said.startswith(f"{names}, on the validation images from 3 fresh seeds: +")
    assert f"at matched size ({MATCH.trial.n_parameters:,} against" in said
    assert f"by its trial {MATCH.trial.number})" in said
    assert said.endswith("At matched size, custom CNN is BETTER than AlexNet-lite.")
    figure = chart.draw(computed)
    assert [note.text for note in figure.layout.annotations] == [
        f"{names}<br>{how}" for how in ("as they are", "at matched size")
    ]
    assert figure.layout.xaxis.title.text == chart.AXIS


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rival": 0.6}, "it is UNDECIDED which is better"),
        ({"rival": 0.4, "seeds": (0,)}, "from 1 fresh seed: "),
        ({"rival": 0.4, "predictions": False}, "no interval"),
    ],
)
def test_what_is_open_is_said_to_be(options, said):
    assert said in chart.words(chart.compute(trained(larger=0.8, smaller=0.6, **options)))


def note_of(computed):
    return chart.draw(computed).layout.annotations[0].text


def test_without_results_the_command_is_named():
    for known in (evidence.from_study(STUDY), trained(larger=0.8, smaller=0.6, rival=None)):
        computed = chart.compute(known)
        assert chart.words(computed) == ""
        assert note_of(computed) == "not studied yet: python -m study ablate"


def without(numbers):
    families = tuple(
        dataclasses.replace(
            family,
            trials=tuple(
                trial
                for trial in family.trials
                if family.family != LARGER
                or trial.number == MATCH.larger.trial.number
                or (trial.n_parameters or 0) > numbers
            ),
        )
        for family in STUDY.families
    )
    return evidence.from_study(dataclasses.replace(STUDY, families=families))


def test_a_family_without_so_small_a_trial_is_said_to_have_none():
    computed = chart.compute(without(MATCH.limit))
    sentence = f"o trial of AlexNet-lite has {MATCH.limit:,} parameters or fewer"
    assert chart.words(computed) == f"N{sentence}."
    assert note_of(computed) == f"n{sentence}"
