"""The words must follow the numbers: who is better, by how much, and what is not known."""

from __future__ import annotations

import dataclasses

import pytest

from analysis import evidence
from analysis.answer import answer
from study.records import WINNER, RetrainedResult, StudyRecord
from study.winners import pick_winner
from tests.analysis import synthetic

SPREAD = (-0.01, 0.0, 0.01)


def study_with(scores: dict[tuple[str, bool], float], spread=SPREAD) -> StudyRecord:
    """Return a study whose winners scored exactly `scores`, spread over seeds."""
    study = synthetic.study(retrained=False)
    sources = {family.family: pick_winner(family).trial.number for family in study.families}
    results = [
        RetrainedResult(
            number=len(spread) * i + seed,
            family=family,
            configuration=WINNER,
            augmented=augmented,
            seed=seed,
            test_accuracy=score + offset,
            source_trial=sources[family],
            n_parameters=1000 if family == "custom_cnn" else 2000,
            training_seconds=90.0,
        )
        for i, ((family, augmented), score) in enumerate(scores.items())
        for seed, offset in enumerate(spread)
    ]
    return dataclasses.replace(study, retrained=tuple(results))


def said(study: StudyRecord) -> str:
    found = answer(evidence.from_study(study))
    return " ".join([*found.verdicts, found.text])


def test_a_clear_lead_names_the_better_family_and_the_lead_in_points():
    text = said(
        study_with(
            {
                ("custom_cnn", False): 0.75,
                ("custom_cnn", True): 0.82,
                ("alexnet_lite", False): 0.70,
                ("alexnet_lite", True): 0.74,
            }
        )
    )

    assert "With augmentation, custom CNN is BETTER than AlexNet-lite by 8.0 percentage" in text
    assert "Without augmentation, custom CNN is BETTER than AlexNet-lite by 5.0 perc" in text
    assert "82.0 ± 1.0 % against 74.0 ± 1.0 %" in text
    assert "AlexNet-lite is BETTER with augmentation than without augmentation by 4.0" in text
    assert "Custom CNN is BETTER with augmentation than without augmentation by 7.0" in text
    assert "means over 3 seeds" in text
    assert "intervals are wider than they need be" in text  # No predictions are recorded here.
    assert "custom CNN takes 1,000 parameters and 1 min 30 s per training run" in text
    assert "Each family had the same number of trials, 30." in text
    assert "2,500 validation images" in text
    assert "1,000 images of the test split, which the search never saw" in text


def test_a_lead_within_what_chance_makes_is_undecided_and_more_seeds_are_no_use():
    text = said(study_with({("custom_cnn", True): 0.805, ("alexnet_lite", True): 0.80}))

    assert "it is UNDECIDED whether custom CNN or AlexNet-lite is better: 0.5 percent" in text
    assert "More seeds alone are not likely to decide it" in text
    assert "BETTER" not in text


def test_a_difference_within_the_margin_is_equivalent():
    scores = {("custom_cnn", True): 0.805, ("alexnet_lite", True): 0.80}
    wide = evidence.from_study(study_with(scores), margin=0.1)

    (text,) = answer(wide).verdicts

    assert "custom CNN and AlexNet-lite are EQUIVALENT: 0.5 percentage points apart" in text
    assert "all within 10.0 percentage points" in text


def test_predictions_by_image_make_the_interval_narrower():
    study = synthetic.study()
    blind = tuple(dataclasses.replace(run, predictions=b"") for run in study.retrained)
    known, unknown = (
        evidence.from_study(one).verdicts
        for one in (study, dataclasses.replace(study, retrained=blind))
    )
    assert all(verdict.by_image for verdict in known)
    assert not any(verdict.by_image for verdict in unknown)
    assert "wider than they need be" not in said(study)


def test_the_order_may_differ_between_the_conditions():
    text = said(
        study_with(
            {
                ("custom_cnn", False): 0.70,
                ("custom_cnn", True): 0.82,
                ("alexnet_lite", False): 0.75,
                ("alexnet_lite", True): 0.74,
            }
        )
    )

    assert "With augmentation, custom CNN is BETTER" in text
    assert "Without augmentation, AlexNet-lite is BETTER" in text
    assert "Custom CNN is BETTER with augmentation than without augmentation by 12.0" in text
    assert "UNDECIDED whether augmentation helps AlexNet-lite: 1.0 percentage points apart" in text


def test_what_augmentation_brought_is_taken_over_the_seeds_that_were_run_both_ways():
    study = study_with({("custom_cnn", False): 0.70, ("custom_cnn", True): 0.80})
    # Seeds 0 and 1 scored 0.69 and 0.70, and 0.79 and 0.80; the last has no augmented run.
    kept = tuple(run for run in study.retrained if run.seed < 2 or not run.augmented)

    shared = dataclasses.replace(study, retrained=kept)
    (compared,) = evidence.from_study(shared).verdicts

    assert compared.seeds == (0, 1)
    assert compared.differences == pytest.approx((0.1, 0.1))
    assert "79.5 ± 0.7 % against 69.5 ± 0.7 %" in said(shared)
    assert "Scores are means over 2 seeds" in said(shared)


def test_without_a_seed_in_common_nothing_is_said_of_what_is_recorded_by_image():
    study = synthetic.study(seeds=(0, 1, 2, 3))
    # Augmented runs have other seeds than the others.
    kept = tuple(run for run in study.retrained if (run.seed < 2) == run.augmented)
    text = said(dataclasses.replace(study, retrained=kept))
    assert "no seed in common" in text
    assert "wider than they need be" not in text


def test_a_single_seed_decides_nothing():
    scores = {("custom_cnn", True): 0.9, ("alexnet_lite", True): 0.7}

    text = said(study_with(scores, spread=(0.0,)))

    assert "a single seed, where chance cannot be told from merit" in text
    assert "At least two seeds of each are needed" in text
    assert "BETTER" not in text


def test_three_seeds_without_the_number_of_test_images_are_not_called_a_single_one():
    study = study_with({("custom_cnn", True): 0.9, ("alexnet_lite", True): 0.7})
    dataset = dataclasses.replace(study.dataset, n_test=None)

    text = said(dataclasses.replace(study, dataset=dataset, test_labels=b""))

    assert "20.0 percentage points apart with 3 seeds, but how many test images" in text
    assert "single seed" not in text


def test_without_retrained_winners_no_family_is_called_better():
    text = said(synthetic.study(retrained=False))

    assert "No winner has been retrained yet" in text
    assert "validation images" in text
    assert "better" not in text.replace("not which family is better", "")


def test_a_family_without_completed_trials_is_named():
    study = synthetic.study(retrained=False)
    alexnet, custom = study.families
    study = dataclasses.replace(study, families=(alexnet, synthetic.without_completed(custom)))

    assert "No trial of custom CNN has completed." in said(study)


def test_one_family_alone_is_compared_with_nothing():
    text = said(synthetic.study(families=("custom_cnn",)))

    assert "only custom CNN was retrained" in text
    assert "nothing to compare it with" in text


def test_a_condition_with_one_family_is_not_a_comparison():
    text = said(study_with({("custom_cnn", True): 0.9, ("custom_cnn", False): 0.8}))

    assert "With augmentation, only custom CNN was retrained" in text
    assert "alexnet" not in text.partition("The cost")[0]


def test_unequal_budgets_are_a_loud_warning_and_interrupted_trials_do_not_count():
    study = synthetic.study()
    alexnet, custom = study.families
    shorter = dataclasses.replace(custom, trials=custom.trials[:20])
    stopped = dataclasses.replace(custom.trials[-1], number=30, state="FAIL", failure="interrupted")
    longer = dataclasses.replace(custom, trials=(*custom.trials, stopped))

    unequal = answer(evidence.from_study(dataclasses.replace(study, families=(alexnet, shorter))))
    equal = answer(evidence.from_study(dataclasses.replace(study, families=(alexnet, longer))))

    assert len(unequal.warnings) >= 1
    assert "AlexNet-lite 30 and custom CNN 20" in unequal.warnings[0]
    assert "no fair comparison" in unequal.warnings[0]
    assert "same number of trials" not in unequal.text
    assert not any("Unequal budgets" in warning for warning in equal.warnings)
    assert "same number of trials" in equal.text


@pytest.mark.parametrize("families", [("custom_cnn",), ("alexnet_lite", "custom_cnn")])
def test_bare_records_give_an_answer_without_costs(families):
    text = said(synthetic.bare(synthetic.study(families=families)))

    assert "nan" not in text
    assert "The cost" not in text


def test_a_test_time_flip_is_told_with_what_it_changed():
    scores = {("custom_cnn", False): 0.75, ("alexnet_lite", False): 0.70}
    plain = study_with(scores)
    flipped = tuple(
        dataclasses.replace(result, unflipped_test_accuracy=result.test_accuracy - 0.0125)
        for result in plain.retrained
    )
    assert "mirrored" not in said(plain)
    assert "changed the scores by 1.2 percentage points on average" in said(
        dataclasses.replace(plain, retrained=flipped)
    )
