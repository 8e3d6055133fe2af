"""One real run that several tests look at: digits, both families, as short as a run can be."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from search_spaces import SPACES
from study.config import RetrainConfig, SearchConfig, StudyConfig
from study.datasets import DATASETS, draw_sample
from study.records import StudyRecord
from tests.study import small


@dataclass(frozen=True, kw_only=True)
class RealRun:
    """What the run was asked for and what it left."""

    config: StudyConfig
    record: StudyRecord
    folder: Path


@pytest.fixture(scope="session")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> RealRun:
    """Two trials of one epoch a family, each winner retrained for one epoch, on 100 digits."""
    from study import job

    folder = tmp_path_factory.mktemp("real_run")
    config = small.config(
        folder,
        name="digits-run",
        dataset="digits",
        families=tuple(SPACES),
        search=SearchConfig(n_trials=2, epochs=1, fraction=0.07, precision="float32"),
        retrain=RetrainConfig(epochs=1, n_seeds=1),
    )
    digits = DATASETS["digits"]
    drawn = draw_sample(
        digits.load_training(config.data_dir),
        n_classes=digits.n_classes,
        fraction=config.search.fraction,
        seed=config.search.seed,
    )
    record = job.run(config, sample=drawn, progress=small.silent_progress())
    return RealRun(config=config, record=record, folder=folder)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the small dataset and family for the length of a test, and train them untraced.

    With so few steps, tracing and collecting garbage take many times as long as training.
    """
    import tensorflow as tf

    monkeypatch.setattr(gc, "collect", lambda: 0)
    monkeypatch.setitem(DATASETS, "stripes", small.dataset())
    monkeypatch.setitem(SPACES, "small", small.space())
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def float32_policy() -> Iterator[None]:
    """Give every test the arithmetic that Keras starts with, whatever the test before it chose."""
    yield
    import sys

    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")
