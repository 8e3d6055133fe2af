"""Two studies side by side: what is judged, what is not, and what the page says of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from analysis.pair import contents, evidence, orders, words
from analysis.statistics.verdict import BETTER, EQUIVALENT, UNDECIDED
from study.errors import ConfigError, StorageError
from study.records import StudyRecord
from tests.analysis import hostile, synthetic
from tests.analysis.conftest import GENERATED
from tests.analysis.pairs import (
    ALEXNET,
    BETTER_RUN,
    CUSTOM,
    RUNS,
    A,
    page,
    plain,
    reversed_order,
    study,
    ten_more,
)


def test_winners_of_the_same_family_and_augmentation_meet():
    assert [(runs.family, runs.augmented) for runs in RUNS.runs] == [
        (family, augmented) for family in (ALEXNET, CUSTOM) for augmented in (True, False)
    ]


def test_the_difference_is_of_means_over_each_runs_own_seeds_first_less_second():
    for runs in RUNS.runs:
        means = [
            np.mean(
                [
                    run.test_accuracy
                    for run in record.retrained
                    if (run.family, run.augmented) == (runs.family, runs.augmented)
                ]
            )
            for record in (A, BETTER_RUN)
        ]
        assert runs.seeds == ((0, 1, 2), (10, 11, 12, 13))
        assert runs.difference == pytest.approx(means[0] - means[1])
        assert runs.verdict.difference is not None
        assert runs.verdict.difference.mean == pytest.approx(runs.difference)
        assert runs.verdict.word == BETTER
        assert runs.verdict.high < 0


def test_a_sentence_begins_with_the_run_that_is_ahead_and_turns_the_interval():
    sentence = words.verdicts(RUNS)[0]
    verdict = RUNS.runs[0].verdict
    assert sentence.startswith("AlexNet-lite with augmentation, b is BETTER than a by ")
    assert f"interval +{-100 * verdict.high:.1f} to +{-100 * verdict.low:.1f};" in sentence


def test_turning_the_studies_round_turns_the_difference_alone():
    turned = evidence.from_studies(BETTER_RUN, A)
    for runs, other in zip(RUNS.runs, turned.runs, strict=True):
        assert other.difference == pytest.approx(-runs.difference)
        assert other.verdict.low == pytest.approx(-runs.verdict.high)
    assert words.verdicts(turned)[:4] == words.verdicts(RUNS)[:4]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "mnist"}, "They were tested on different datasets, cifar10 and mnist."),
        ({"n_test": 999}, "They were tested on 1,000 and 999 images."),
        (
            {"digests": {"test_images": "ee" * 32, "train_images": "ab" * 32}},
            "Their test images are not the same: the SHA-256 of test_images differs.",
        ),
        ({"digests": {"train_images": "ee" * 32, "test_images": "cd" * 32}}, ""),
        ({"digests": {}}, ""),
    ],
)
def test_only_the_same_test_images_are_judged(change, why):
    dataset = dataclasses.replace(BETTER_RUN.dataset, **change)
    pair = evidence.from_studies(A, dataclasses.replace(BETTER_RUN, dataset=dataset))
    assert pair.why_not_judged == why
    assert bool(pair.runs) == (why == "")
    assert pair.orders
    assert (why or "Both studies were tested on the same images.") in page(pair)


def test_other_classes_in_the_test_split_are_not_judged():
    turned = dataclasses.replace(BETTER_RUN, test_labels=BETTER_RUN.test_labels[::-1])
    assert "classes of their test images" in evidence.from_studies(A, turned).why_not_judged


def test_where_nothing_of_the_images_is_recorded_nothing_is_judged():
    pair = evidence.from_studies(synthetic.bare(A), synthetic.bare(BETTER_RUN))
    assert pair.why_not_judged == "Whether they were tested on the same images is not recorded."
    assert pair.why_not_judged in page(pair)


def test_without_predictions_totals_are_compared_in_wider_intervals():
    def totals(record: StudyRecord) -> StudyRecord:
        runs = tuple(dataclasses.replace(run, predictions=b"") for run in record.retrained)
        return dataclasses.replace(record, retrained=runs, test_labels=b"")

    pair = evidence.from_studies(totals(A), totals(BETTER_RUN))
    assert not pair.why_not_judged  # The digests are the same.
    for runs, known in zip(pair.runs, RUNS.runs, strict=True):
        assert not runs.by_image
        assert runs.difference == pytest.approx(known.difference)
        width, known_width = (v.high - v.low for v in (runs.verdict, known.verdict))
        assert width > 0.95 * known_width
    assert "wider than they need be" in page(pair)


def test_where_the_number_of_test_images_is_not_recorded_no_more_seeds_are_asked_for():
    def unknown(record: StudyRecord) -> StudyRecord:
        runs = tuple(dataclasses.replace(run, predictions=b"") for run in record.retrained)
        dataset = dataclasses.replace(record.dataset, n_test=None)
        return dataclasses.replace(record, retrained=runs, test_labels=b"", dataset=dataset)

    text = page(evidence.from_studies(unknown(A), unknown(BETTER_RUN)))
    assert "How many test images there were is not recorded." in text
    assert "At least two seeds" not in text


@pytest.mark.parametrize(("mine", "theirs"), [((0, 1, 2), (9,)), ((9,), (0, 1))])
def test_a_single_seed_decides_nothing(mine, theirs):
    pair = evidence.from_studies(study("a", plain, seeds=mine), study("b", ten_more, seeds=theirs))
    assert {runs.verdict.word for runs in pair.runs} == {UNDECIDED}
    assert "no interval" in page(pair)
    assert "At least two seeds of each are needed" in page(pair)


@pytest.mark.parametrize(
    ("accuracy", "agreement"),
    [
        (ten_more, orders.SAME),
        (reversed_order, orders.OPPOSITE),
        (lambda family, augmented: 0.6 + 0.012 * (family == CUSTOM), UNDECIDED),
    ],
)
def test_orders_agree_where_both_studies_find_the_same_winner(accuracy, agreement):
    pair = evidence.from_studies(A, study("b", accuracy, dataset="mnist"))
    assert [order.augmented for order in pair.orders] == [True, False]
    assert {order.agreement for order in pair.orders} == {agreement}
    assert {order.families for order in pair.orders} == {(ALEXNET, CUSTOM)}
    assert words.CONCLUSIONS[agreement] in page(pair)


def test_a_winner_here_and_equivalence_there_are_different_and_two_equivalences_the_same():
    winner = RUNS.orders[0]
    first = winner.verdicts[0]
    level = dataclasses.replace(first, verdict=dataclasses.replace(first.verdict, word=EQUIVALENT))
    assert winner.agreement == orders.SAME
    for verdicts, agreement in [
        ((first, level), orders.DIFFERENT),
        ((level, first), orders.DIFFERENT),
        ((level, level), orders.SAME),
    ]:
        assert dataclasses.replace(winner, verdicts=verdicts).agreement == agreement


def test_the_same_models_in_both_studies_are_no_further_evidence():
    copied = dataclasses.replace(A, name="b")
    pair = evidence.from_studies(A, copied)
    assert pair.n_same_models == len(A.retrained)
    assert f"{len(A.retrained)} of the retrained models made the same predictions" in page(pair)
    assert RUNS.n_same_models == 0
    assert "same predictions" not in page(RUNS)


def test_the_same_study_twice_is_an_error():
    with pytest.raises(ConfigError, match="Both studies are 'a'"):
        evidence.from_studies(A, study("a", plain))


def test_a_study_without_a_finished_trial_is_an_error():
    empty = dataclasses.replace(
        A, families=tuple(dataclasses.replace(one, trials=()) for one in A.families)
    )
    with pytest.raises(StorageError, match="no finished trial"):
        evidence.from_studies(BETTER_RUN, empty)


def test_studies_of_the_same_name_are_told_apart():
    pair = evidence.from_studies(A, dataclasses.replace(BETTER_RUN, name="a"))
    assert pair.labels == ("a (first)", "a (second)")


@pytest.mark.parametrize(
    "other",
    [
        synthetic.bare(BETTER_RUN),
        synthetic.study(retrained=False),
        synthetic.study(families=(CUSTOM,)),
        dataclasses.replace(
            BETTER_RUN, families=tuple(map(synthetic.without_completed, BETTER_RUN.families))
        ),
        hostile.study(),
    ],
    ids=["bare", "not retrained", "one family", "nothing completed", "hostile"],
)
def test_whatever_a_study_lacks_the_page_is_made(other):
    for pair in (evidence.from_studies(A, other), evidence.from_studies(other, A)):
        document = contents.compose(pair, generated=GENERATED)
        assert [section.anchor for section in document.sections] == list(contents.SECTIONS)
        assert all(section.blocks for section in document.sections)
