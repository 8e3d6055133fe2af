"""Names as a reader sees them."""

from __future__ import annotations

import pytest

from analysis.labels import family_label
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
