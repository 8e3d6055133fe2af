"""The pool of made-up curves that tests of the replay share."""

from __future__ import annotations

from benchmarks.replay_policies import policies
from tests.benchmarks.synthetic_curves import EPOCHS

FAMILY = "custom_cnn"
N = 12
POLICIES = policies(EPOCHS)
