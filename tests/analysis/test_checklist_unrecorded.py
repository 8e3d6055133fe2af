"""What a study did not record, or did not do yet, is no PASS of the checklist."""

from __future__ import annotations

import pytest

from analysis import evidence
from analysis.checklist import check_all
from tests.analysis import synthetic


@pytest.mark.parametrize(
    "question",
    [
        "Searched alike",
        "Nuisance hyperparameters tuned equally",
        "Trained long enough to rank",
    ],
)
def test_what_is_not_recorded_is_no_pass(question):
    known = evidence.from_study(synthetic.bare(synthetic.study()))
    (check,) = (one for one in check_all(known) if one.question == question)
    assert not check.passed


def test_without_a_retrained_model_there_are_not_enough_seeds():
    known = evidence.from_study(synthetic.study(retrained=False))
    (check,) = (one for one in check_all(known) if one.question == "Enough seeds")
    assert check.problems == (
        "Nothing has been retrained in two ways yet, so there is nothing to compare.",
    )
