"""Values at the ends of the ranges that were searched."""

from __future__ import annotations

import json

import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from analysis.boundaries import at_boundary
from study.records import TrialRecord


@pytest.mark.parametrize(
    ("distribution", "value", "ends"),
    [
        (IntDistribution(16, 64, step=16), 64, ["upper"]),
        (IntDistribution(16, 64, step=16), 16, ["lower"]),
        (IntDistribution(16, 64, step=16), 32, []),
        (IntDistribution(3, 5, step=2), 5, []),  # Two values: both are ends.
        (FloatDistribution(0.0, 0.5), 0.0, []),  # Nothing is below zero.
        (FloatDistribution(0.0, 0.5), 0.49, ["upper"]),
        (FloatDistribution(1e-4, 1e-1, log=True), 1.3e-4, ["lower"]),
        (FloatDistribution(1e-4, 1e-1, log=True), 5e-3, []),
        (CategoricalDistribution((128, 256, 512)), 512, ["upper"]),
        (CategoricalDistribution((128, 256, 512)), 256, []),
        (CategoricalDistribution(("a", "b", "c")), "c", []),
        (CategoricalDistribution((True, False)), True, []),
        (IntDistribution(16, 16), 16, []),
        (FloatDistribution(0.1, 0.5), 0.9, []),  # Given from outside the space.
    ],
)
def test_values_at_an_end_of_their_range_are_told(distribution, value, ends):
    one = TrialRecord(
        number=0,
        state="COMPLETE",
        params={"it": value},
        distributions={"it": distribution_to_json(distribution)},
    )
    assert json.loads(one.distributions["it"])
    assert list(at_boundary(one)) == [("it", end) for end in ends]
