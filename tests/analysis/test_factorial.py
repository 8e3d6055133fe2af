"""Effects of family and augmentation, and changes by class: by least squares, by chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import f1_score

from analysis import evidence
from analysis.charts import class_changes as chart
from analysis.charts import seeds
from analysis.class_changes import class_changes
from analysis.factorial import AUGMENTATION, FAMILY, INTERACTION, effects
from tests.analysis import synthetic

STUDY = synthetic.study()
KNOWN = evidence.from_study(STUDY)


def effects_of(study):
    families = [family.family for family in study.families]
    return effects(study.retrained, families=families, test_labels=study.test_labels)


def test_effects_are_those_of_a_linear_model_with_sum_contrasts():
    (found,) = effects_of(STUDY)

    # Least squares with contrasts of +1 and -1: a coefficient is half of a main effect, and the
    # difference of two differences is four times the product's.
    family = np.array([1 if run.family == found.first else -1 for run in STUDY.retrained])
    augmented = np.array([1 if run.augmented else -1 for run in STUDY.retrained])
    design = np.stack([np.ones(len(family)), family, augmented, family * augmented], axis=1)
    accuracies = [run.test_accuracy for run in STUDY.retrained]
    _, *coefficients = np.linalg.lstsq(design, accuracies)[0]
    expected = dict(zip((FAMILY, AUGMENTATION, INTERACTION), coefficients, strict=True))
    for name, factor in ((FAMILY, 2), (AUGMENTATION, 2), (INTERACTION, 4)):
        assert found.by_name[name].mean == pytest.approx(factor * expected[name])


def test_only_seeds_that_were_run_in_all_four_ways_count():
    kept = tuple(
        run
        for run in STUDY.retrained
        if not (run.family == "custom_cnn" and run.augmented and run.seed == 2)
    )

    (found,) = effects_of(dataclasses.replace(STUDY, retrained=kept))

    assert found.seeds == (0, 1)
    assert found.by_name[FAMILY].n_seeds == 2


@pytest.mark.parametrize(
    "study",
    [
        synthetic.study(seeds=(0,)),
        synthetic.study(families=("custom_cnn",)),
        synthetic.bare(STUDY),
        dataclasses.replace(
            STUDY, retrained=tuple(run for run in STUDY.retrained if run.augmented)
        ),
    ],
    ids=["one seed", "one family", "no predictions", "one way"],
)
def test_without_all_four_ways_there_are_no_effects(study):
    assert effects_of(study) == ()
    assert seeds.words(seeds.compute(evidence.from_study(study))) == ""


def test_an_interaction_is_called_open_or_not_by_its_interval():
    gains = {("custom_cnn", True): 0.9, ("alexnet_lite", True): 0.71}
    strong = synthetic.study(accuracy=lambda *key: gains.get(key, 0.7))
    weak = synthetic.study(accuracy=lambda family, augmented: 0.8 if augmented else 0.7)

    said = [seeds.words(seeds.compute(evidence.from_study(study))) for study in (strong, weak)]

    assert "Augmentation brings custom CNN more than AlexNet-lite" in said[0]
    assert "custom CNN is ahead of AlexNet-lite by 9." in said[0]
    assert "It is open whether augmentation brings" in said[1]


def test_a_class_changes_by_the_mean_difference_of_its_f1_scores():
    labels = np.frombuffer(STUDY.test_labels, np.uint8)

    def mean_f1(family, augmented):
        runs = [r for r in STUDY.retrained if (r.family, r.augmented) == (family, augmented)]
        scores = [
            f1_score(labels, np.frombuffer(run.predictions, np.uint8), average=None) for run in runs
        ]
        return np.mean(scores, axis=0)

    found = class_changes(KNOWN)

    for family in KNOWN.families:
        changes = [one.change for one in found if one.family == family]
        assert changes == pytest.approx(mean_f1(family, True) - mean_f1(family, False))
    assert all(one.low <= one.change <= one.high for one in found)
    assert [one.label for one in found] == list(synthetic.CLASSES) * 2


def retrained_by_chance(*, gain: float, n_seeds: int, seed: int):
    """Return a study in which augmentation changes the accuracy of the first class alone."""
    rng = np.random.default_rng(seed)
    labels = np.frombuffer(STUDY.test_labels, np.uint8)
    n_classes = len(synthetic.CLASSES)
    ease = rng.normal(0, 0.15, labels.size)
    runs = []
    for run in synthetic.study(seeds=tuple(range(n_seeds))).retrained:
        # Classes differ in how much a seed changes them.
        moods = rng.normal(0, np.linspace(0.01, 0.04, n_classes))
        right = 0.7 + ease + moods[labels] + gain * run.augmented * (labels == 0)
        others = (labels + rng.integers(1, n_classes, labels.size)) % n_classes
        guesses = np.where(rng.random(labels.size) < right, labels, others).astype(np.uint8)
        runs.append(dataclasses.replace(run, predictions=guesses.tobytes()))
    return evidence.from_study(dataclasses.replace(STUDY, retrained=tuple(runs)))


def test_where_nothing_changed_few_studies_find_any_class_beyond_noise():
    n_studies, found = 60, 0
    for seed in range(n_studies):
        changes = class_changes(retrained_by_chance(gain=0.0, n_seeds=3, seed=seed))
        for family in KNOWN.families:
            found += any(one.is_beyond_noise for one in changes if one.family == family)
    # Of 120 families six are allowed on average; more than 13 would come once in 300 times.
    assert found <= 13


def test_a_change_of_one_class_is_found_in_most_studies():
    n_studies, found = 30, 0
    for seed in range(n_studies):
        changes = class_changes(retrained_by_chance(gain=0.3, n_seeds=3, seed=seed))
        found += sum(one.is_beyond_noise for one in changes if one.label == synthetic.CLASSES[0])
    assert found > 0.6 * 2 * n_studies


def test_the_words_name_what_rose_and_what_fell():
    rose = class_changes(KNOWN)[0]
    changes = (
        dataclasses.replace(rose, label="cat", change=0.06, low=0.01, high=0.11),
        dataclasses.replace(rose, label="dog", change=-0.03, low=-0.05, high=-0.01),
        dataclasses.replace(rose, label="ship", change=0.02, low=-0.01, high=0.05),
    )

    said = chart.words(chart.Changes((rose.family,), ["cat", "ship", "dog"], changes))

    assert "F1 rose beyond noise in 1 of 3 classes: cat (+6.0)" in said
    assert "F1 fell beyond noise in 1 of 3 classes: dog (-3.0)" in said
    assert "ship" not in said
