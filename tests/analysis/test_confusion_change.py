"""What augmentation changed in the confusion matrices, and what is called more than chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import confusion_matrix

from analysis import evidence
from analysis.charts import confusion_change
from analysis.statistics.cell_changes import cell_changes
from tests.analysis import synthetic

FULL = synthetic.study()


def counts(rng, shares, *, n_images, seeds_vary, n_seeds=3):
    """Draw a matrix a seed; each seed shifts the logits of all shares a little."""
    drawn = []
    for _ in range(n_seeds):
        chances = shares * np.exp(rng.normal(0, seeds_vary, shares.shape))
        chances /= chances.sum(axis=1, keepdims=True)
        drawn.append([rng.multinomial(n_images, row) for row in chances])
    return np.array(drawn)


def some_shares(rng, n_classes=10):
    rows = rng.dirichlet([20] + [1] * (n_classes - 1), size=n_classes)
    return np.array([np.roll(row, i) for i, row in enumerate(rows)])


def test_changes_agree_with_scikit_learn_on_the_stored_predictions():
    labels = list(FULL.test_labels)

    for matrix in confusion_change.compute(evidence.from_study(FULL)).matrices:
        mean = {
            augmented: np.mean(
                [
                    confusion_matrix(labels, list(result.predictions), normalize="true")
                    for result in FULL.retrained
                    if (result.family, result.augmented) == (matrix.family, augmented)
                ],
                axis=0,
            )
            for augmented in (False, True)
        }
        assert matrix.n_seeds == 3
        assert matrix.points == pytest.approx(100 * (mean[True] - mean[False]))


def test_only_seeds_that_were_trained_in_both_ways_count():
    missing = [r for r in FULL.retrained if not (r.augmented and r.seed == 2)]
    study = dataclasses.replace(FULL, retrained=tuple(missing))

    assert {m.n_seeds for m in confusion_change.compute(evidence.from_study(study)).matrices} == {2}


@pytest.mark.parametrize("seeds_vary", [0.0, 0.1])
def test_chance_alone_seldom_calls_out_any_cell(seeds_vary):
    rng = np.random.default_rng(0)
    n_studies, n_false = 300, 0
    for _ in range(n_studies):
        shares = some_shares(rng)
        sides = [counts(rng, shares, n_images=500, seeds_vary=seeds_vary) for _ in range(2)]
        n_false += cell_changes(*sides).sure.any()

    # At a true rate of 5 %, more than this happens once in a thousand times.
    assert n_false <= stats.binom.ppf(0.999, n_studies, 0.05)


def test_a_true_change_is_mostly_called_out():
    rng = np.random.default_rng(1)
    n_found = 0
    for _ in range(50):
        shares = some_shares(rng)
        worse = shares.copy()
        worse[0, 0] -= 0.08
        worse[0, 1] += 0.08
        sides = [
            counts(rng, np.clip(one, 1e-6, 1), n_images=1000, seeds_vary=0.05)
            for one in (shares, worse)
        ]
        n_found += cell_changes(*sides).sure[0, 1]

    assert n_found >= 45


def test_a_cell_that_seeds_vary_more_than_others_counts_with_its_own_variance():
    before = np.full((3, 2, 2), 50)
    after = before.copy()
    after[:, 0] = [[90, 10], [50, 50], [70, 30]]
    after[:, 1] = [[30, 70], [29, 71], [31, 69]]

    found = cell_changes(before, after)

    own = np.std([0.4, 0.0, 0.2], ddof=1) / np.sqrt(3)
    assert found.standard_error[0, 0] == pytest.approx(own)
    assert found.standard_error[1, 0] > np.std([0.2, 0.21, 0.19], ddof=1) / np.sqrt(3)


def test_two_seeds_call_out_nothing_and_the_words_say_why():
    study = synthetic.study(seeds=(0, 1))

    computed = confusion_change.compute(evidence.from_study(study))

    assert not any(matrix.sure.any() for matrix in computed.matrices)
    assert "cannot be told from fewer than 3 seeds" in confusion_change.words(computed)


def test_words_name_the_largest_gain_and_the_largest_new_confusion_among_sure_cells():
    points = np.array([[5.0, -9.0, 4.0], [3.0, 9.0, 8.0], [0.0, 0.0, 0.0]])
    sure = np.array([[True, True, True], [True, False, False], [False, False, False]])
    change = confusion_change.Change("custom_cnn", 3, points, sure)

    text = confusion_change.words(confusion_change.Changes(("cat", "dog", "ship"), [change]))

    assert "4 of 9 cells" in text
    assert "the largest gain among them is 5.0 points more of cat found" in text
    assert (
        "the largest new confusion among them is cat taken for ship, 4.0 points more often" in text
    )


def test_a_class_that_gained_is_no_new_confusion_with_itself():
    points, sure = np.zeros((3, 3)), np.zeros((3, 3), bool)
    points[0, 0], sure[0, 0] = 4.2, True
    change = confusion_change.Change("custom_cnn", 3, points, sure)

    text = confusion_change.words(confusion_change.Changes(("cat", "dog", "ship"), [change]))

    assert "the largest gain among them is 4.2 points more of cat found" in text
    assert text.endswith("none of them is a new confusion.")


def test_frames_stand_around_the_sure_cells_and_the_scale_is_the_same_both_ways():
    points = np.array([[-6.4, 6.4], [0.3, -0.3]])
    change = confusion_change.Change("a", 3, points, np.array([[False, True], [False, False]]))

    figure = confusion_change.draw(confusion_change.Changes(("cat", "dog"), [change]))

    (frame,) = figure.layout.shapes
    assert (frame.x0 + frame.x1, frame.y0 + frame.y1) == pytest.approx((2, 0))
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-7, 7)
    assert [list(row) for row in figure.data[0].text] == [["-6", "+6"], ["", ""]]
