"""Names as a reader sees them."""

from __future__ import annotations

import pytest

from analysis.labels import count, exact_points, family_label
from search_spaces import SPACES


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_a_family_is_called_by_its_title_wherever_it_is_shown(space):
    label = family_label(space.name)
    assert label[:1].upper() + label[1:] == space.title


@pytest.mark.parametrize(
    ("family", "label"),
    [("deep_vgg", "deep VGG"), ("my-net", "my-net"), ("__", "__"), ("<b>", "<b>")],
)
def test_a_family_that_is_not_known_is_called_by_its_identifier_in_words(family, label):
    assert family_label(family) == label


@pytest.mark.parametrize(
    ("margin", "shown"),
    [(0.01, "1.0"), (0.005, "0.5"), (0.0025, "0.25"), (0.0125, "1.25"), (0.1, "10.0")],
)
def test_what_somebody_chose_is_not_rounded(margin, shown):
    assert exact_points(margin) == f"{shown} percentage points"


def test_one_is_no_plural():
    assert [count(n, "seed") for n in (0, 1, 2)] == ["0 seeds", "1 seed", "2 seeds"]
