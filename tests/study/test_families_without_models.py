"""A family whose winner could not be trained again is told of at the end."""

from __future__ import annotations

import dataclasses

import pytest

from study.errors import FamilyFailedError
from study.failures import check_any_retrained
from tests.analysis import synthetic

STUDY = synthetic.study(n_trials=8)
FAMILIES = [family.family for family in STUDY.families]


def without(*families):
    left = tuple(result for result in STUDY.retrained if result.family not in families)
    return dataclasses.replace(STUDY, retrained=left)


def test_a_study_whose_winners_have_models_is_whole():
    check_any_retrained(STUDY, FAMILIES, continued_by="again")


def test_a_winner_without_a_model_is_an_error_that_names_it_and_how_to_go_on():
    with pytest.raises(FamilyFailedError, match=r"custom_cnn could .* go on with: again$"):
        check_any_retrained(without("custom_cnn"), FAMILIES, continued_by="again")
    with pytest.raises(FamilyFailedError, match="alexnet_lite and custom_cnn"):
        check_any_retrained(without(*FAMILIES), FAMILIES, continued_by="again")


def test_a_family_that_was_not_to_be_trained_or_has_no_winner_lacks_nothing():
    check_any_retrained(without("custom_cnn"), ["alexnet_lite"], continued_by="again")
    none = [dataclasses.replace(family, trials=()) for family in STUDY.families]
    empty = dataclasses.replace(without(*FAMILIES), families=tuple(none))
    check_any_retrained(empty, FAMILIES, continued_by="again")
