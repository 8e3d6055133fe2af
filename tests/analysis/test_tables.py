"""Tables and evidence against numbers worked out by hand or by pandas on the raw records."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from analysis import display, evidence, tables
from study.errors import StorageError
from study.records import WINNER, FamilyRecord, RetrainedResult, StudyRecord, TrialRecord
from tests.analysis import synthetic


def result(number: int, *, accuracy: float, augmented: bool = False, **more) -> RetrainedResult:
    fields = {"family": "a", "configuration": WINNER, "seed": number, "source_trial": 0, **more}
    return RetrainedResult(number=number, test_accuracy=accuracy, augmented=augmented, **fields)


def small_study(*results: RetrainedResult, families: tuple[str, ...] = ("a",)) -> StudyRecord:
    full = synthetic.study(retrained=False)
    trial = TrialRecord(number=0, state="COMPLETE", value=0.5)
    records = tuple(FamilyRecord(family=name, trials=(trial,)) for name in families)
    return dataclasses.replace(full, families=records, retrained=results)


def test_the_comparison_holds_mean_and_sample_deviation_over_seeds():
    known = evidence.from_study(
        small_study(
            result(0, accuracy=0.70, training_accuracy=0.9, training_seconds=10.0, model_bytes=7),
            result(1, accuracy=0.72, training_accuracy=0.9, training_seconds=20.0, model_bytes=7),
            result(2, accuracy=0.77, training_accuracy=1.0, training_seconds=60.0, model_bytes=7),
        )
    )

    row = known.comparison.iloc[0]

    assert row["n_seeds"] == 3
    assert row["test_accuracy"] == pytest.approx(0.73)
    # Deviations -0.03, -0.01, 0.04: squares 9 + 1 + 16 = 26, over n - 1 = 2, in 1e-4.
    assert row["test_accuracy_sd"] == pytest.approx(np.sqrt(13) / 100)
    assert row["gap"] == pytest.approx((0.20 + 0.18 + 0.23) / 3)
    assert row["training_seconds"] == pytest.approx(30.0)
    assert row["model_bytes"] == 7


def test_each_family_has_a_row_with_and_without_augmentation_even_before_retraining():
    known = evidence.from_study(small_study(families=("a", "b")))

    rows = known.comparison[["family", "configuration", "augmented", "n_seeds"]]

    assert rows.values.tolist() == [
        ["a", WINNER, False, 0],
        ["a", WINNER, True, 0],
        ["b", WINNER, False, 0],
        ["b", WINNER, True, 0],
    ]


def test_baselines_have_rows_of_their_own_after_the_winners():
    known = evidence.from_study(
        small_study(
            result(0, accuracy=0.7),
            result(1, accuracy=0.6, configuration="V1", source_trial=None),
        )
    )

    assert known.comparison["configuration"].tolist() == [WINNER, WINNER, "V1"]
    assert known.comparison["n_seeds"].tolist() == [1, 0, 1]


def test_results_of_former_winners_are_counted_and_left_out():
    known = evidence.from_study(
        small_study(result(0, accuracy=0.7), result(1, accuracy=0.9, source_trial=5))
    )

    assert known.n_former_results == 1
    assert known.retrained["test_accuracy"].tolist() == [0.7]


def test_a_repeated_run_counts_once_and_the_last_one_stays():
    known = evidence.from_study(
        small_study(result(0, accuracy=0.7, seed=0), result(1, accuracy=0.8, seed=0))
    )

    assert known.comparison.loc[0, "n_seeds"] == 1
    assert known.comparison.loc[0, "test_accuracy"] == pytest.approx(0.8)


def test_a_pruned_trial_keeps_the_accuracy_it_had_reached():
    pruned = TrialRecord(number=0, state="PRUNED", validation_accuracy=((1, 0.3), (2, 0.4)))

    table = tables.trials([FamilyRecord(family="a", trials=(pruned,))])

    assert np.isnan(table.loc[0, "validation_accuracy"])
    assert table.loc[0, "last_validation_accuracy"] == 0.4
    assert table.loc[0, "epochs"] == 2


def test_scores_by_class_are_one_row_a_class_and_incomplete_ones_are_left_out():
    scores = {"precision": (0.1, 0.2), "recall": (0.3, 0.4), "f1": (0.5, 0.6)}
    whole, cut = result(0, accuracy=0.7, **scores), result(1, accuracy=0.7, f1=(0.5,))

    table = tables.by_class([whole, cut], ("cat", "dog"))

    assert table[["class", "precision", "recall", "f1"]].values.tolist() == [
        ["cat", 0.1, 0.3, 0.5],
        ["dog", 0.2, 0.4, 0.6],
    ]


@pytest.mark.parametrize("state", ["RUNNING", "WAITING"])
def test_a_study_without_a_finished_trial_is_an_error_with_a_remedy(state):
    trial = TrialRecord(number=0, state=state)
    study = small_study()
    study = dataclasses.replace(study, families=(FamilyRecord(family="a", trials=(trial,)),))

    with pytest.raises(StorageError, match=r"'cifar10' has no finished trial.*python -m study run"):
        evidence.from_study(study)


def test_the_shown_comparison_gives_units_and_says_what_was_not_retrained():
    known = evidence.from_study(
        small_study(
            result(
                0,
                accuracy=0.7,
                training_accuracy=0.95,
                n_parameters=1_234_567,
                training_seconds=125.0,
                milliseconds_per_image=0.25,
                model_bytes=2_500_000,
            ),
            result(1, accuracy=0.8, training_accuracy=0.95),
        )
    )

    first, second = display.comparison(known).rows

    assert first == (
        "a",
        "no",
        "75.0 ± 7.1 % (n = 2)",
        "1,234,567",
        "20.0 ± 7.1",
        "2 min 5 s",
        "0.25 ms",
        "2.5 MB",
    )
    assert second[:3] == ("a", "yes", "not retrained yet")


def test_the_budgets_tell_of_what_was_lost_where_something_was():
    plain = small_study(families=("a", "b"))
    first, second = plain.families
    trial = dataclasses.replace(first.trials[0], lost_seconds=90.0)
    hurt = dataclasses.replace(
        plain, families=(dataclasses.replace(first, trials=(trial,)), second)
    )
    whole, cut = (display.budgets(evidence.from_study(study)) for study in (plain, hurt))
    assert len(cut.columns) == len(whole.columns) + 1
    assert [row[-1] for row in cut.rows] == ["1 min 30 s", "0.0 s"]
