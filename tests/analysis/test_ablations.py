"""Steps of a path: what each gained, against plain means, and what counts as beyond noise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from analysis import evidence, verdict_words
from analysis.ablations import ablated
from analysis.charts import ablation
from study.records import ABLATION, AblationPath, AblationStep, ValidatedResult
from tests.analysis import synthetic

STUDY = synthetic.study(validated=False)
KNOWN = evidence.from_study(STUDY)
WINNER = KNOWN.winners["custom_cnn"]
LABELS = np.repeat(np.arange(10), 60).astype(np.uint8)


def with_path(gains, *, seeds=(0, 1, 2), predictions=True, winner=None):
    """Return the study with a path whose steps gain so much, over three seeds."""
    rng = np.random.default_rng(11)
    steps = [AblationStep(changed="", params={"p0": 0})]
    for place in range(len(gains)):
        changed = f"p{place}"
        steps.append(AblationStep(changed=changed, params={**steps[-1].params, changed: place + 1}))
    ease = rng.uniform(size=LABELS.size)
    results = []
    for step, accuracy in zip(steps, np.cumsum([0.5, *gains]), strict=True):
        for seed in seeds:
            noisy = ease + rng.normal(0, 0.05, LABELS.size)
            guesses = np.where(noisy < accuracy, LABELS, (LABELS + 1) % 10).astype(np.uint8)
            results.append(
                ValidatedResult(
                    number=len(results),
                    family="custom_cnn",
                    purpose=ABLATION,
                    params=step.params,
                    seed=seed,
                    validation_accuracy=float((guesses == LABELS).mean()),
                    predictions=guesses.tobytes() if predictions else b"",
                )
            )
    path = AblationPath(
        family="custom_cnn",
        baseline="V1",
        winner=WINNER.number if winner is None else winner,
        steps=tuple(steps),
    )
    return dataclasses.replace(
        STUDY,
        validated=tuple(results),
        ablations=(path,),
        validation_labels=LABELS.tobytes(),
    )


def paths_of(study):
    return ablated(study, {"custom_cnn": WINNER.number})


def test_gains_are_differences_of_mean_accuracies_and_add_up():
    (path,) = paths_of(with_path([0.1, -0.05, 0.2]))

    means = [step.mean for step in path.steps]
    assert [step.gain.mean for step in path.steps[1:]] == pytest.approx(np.diff(means))
    assert path.steps[0].gain is None
    assert [(step.changed, step.before, step.after) for step in path.steps] == [
        ("", None, None),
        ("p0", 0, 1),
        ("p1", None, 2),
        ("p2", None, 3),
    ]
    assert path.seeds == (0, 1, 2)
    assert path.gain.mean == pytest.approx(means[-1] - means[0])


def test_a_large_step_is_beyond_noise_and_none_at_all_is_not():
    (path,) = paths_of(with_path([0.2, 0.0]))
    assert [step.is_beyond_noise() for step in path.steps] == [False, True, False]


def test_only_seeds_of_all_steps_count_and_half_trained_paths_are_left_out():
    study = with_path([0.1, 0.1])
    last = study.ablations[0].steps[-1].params

    def without(seeds):
        kept = [one for one in study.validated if one.params != last or one.seed not in seeds]
        return dataclasses.replace(study, validated=tuple(kept))

    assert paths_of(without({1}))[0].seeds == (0, 2)
    assert paths_of(without({0, 1, 2})) == ()


@pytest.mark.parametrize("options", [{"predictions": False}, {"seeds": (0,)}])
def test_without_predictions_or_a_second_seed_there_are_accuracies_but_no_intervals(options):
    (path,) = paths_of(with_path([0.2], **options))
    assert path.steps[1].mean > path.steps[0].mean
    assert path.steps[1].gain is None
    assert not path.steps[1].is_beyond_noise()


def test_a_path_to_a_former_winner_is_left_out():
    assert paths_of(with_path([0.2], winner=99)) == ()


def test_the_words_name_the_steps_that_mattered():
    computed = ablation.compute(evidence.from_study(with_path([0.25, 0.0])))

    said = ablation.words(computed)

    assert "custom CNN: from V1 to trial" in said
    assert "1 of 2 steps is beyond noise: p0 (+" in said
    low, high = (verdict_words.signed(end) for end in computed.paths[0].gain.interval())
    assert f"(mean of 3 seeds; 95 % interval {low} to {high})" in said
    figure = ablation.draw(computed)
    assert "p0: 0 → 1" in figure.data[1].y


def test_a_winner_that_was_named_before_has_no_path():
    computed = ablation.compute(evidence.from_study(with_path([])))
    assert "the winner is V1 itself, so there is no path." in ablation.words(computed)
