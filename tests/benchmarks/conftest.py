"""Fixtures that tests of the replay share."""

from __future__ import annotations

import optuna
import pytest

from benchmarks.replay_pool import read_pool
from tests.benchmarks.synthetic_curves import table
from tests.benchmarks.synthetic_pool import FAMILY, N


@pytest.fixture(scope="module")
def quiet_optuna():
    """Thousands of trials, and no line about each."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(scope="module")
def pool():
    """All the curves of one family."""
    return read_pool(table(N), FAMILY, "all")
