from __future__ import annotations

import numpy as np
import pytest

from study.training.schedule import WARM_UP_FRACTION, triangular_rate


@pytest.mark.parametrize(
    ("peak", "n_steps"), [(1.0, 1), (0.01, 2), (0.01, 5), (0.003, 100), (1, 999)]
)
def test_the_learning_rate_is_a_triangle(peak, n_steps):
    warm_up = int(WARM_UP_FRACTION * n_steps)
    knots = ([-1, warm_up, n_steps], [0, peak, 0])
    steps = np.arange(n_steps)
    rates = np.asarray(triangular_rate(steps, peak=peak, n_steps=n_steps))
    np.testing.assert_allclose(rates, np.interp(steps, *knots), rtol=1e-5, atol=1e-9)
    assert max(rates) == pytest.approx(peak)
    assert min(rates) > 0
    assert rates[-1] <= peak / (n_steps - warm_up) * 1.0001


def test_after_the_last_step_the_learning_rate_is_zero():
    for step in (20, 25):
        assert float(triangular_rate(step, peak=0.5, n_steps=20)) == 0
