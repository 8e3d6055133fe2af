"""The test split: read once, after the search, and mirrored only where that is wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from study.config import RetrainConfig
from study.datasets import DATASETS
from study.errors import ConfigError
from study.storage import read_study
from tests.study import small


def test_the_search_never_reads_the_test_split(run_job, tmp_path, monkeypatch):
    class TestSplitReadError(Exception):
        pass

    def refuse(_folder):
        raise TestSplitReadError

    monkeypatch.setitem(DATASETS, "stripes", small.dataset(load_test=refuse))
    with pytest.raises(TestSplitReadError):
        run_job()
    record = read_study(small.config(tmp_path).storage_url, "trial-run")
    assert [trial.state for trial in record.families[0].trials] == 3 * ["COMPLETE"]
    assert record.retrained == ()


def test_the_test_split_is_read_once_and_not_at_all_when_everything_is_done(run_job, monkeypatch):
    n_read = []

    def load_test(_folder):
        n_read.append(1)
        return small.images(21, seed=3)

    monkeypatch.setitem(DATASETS, "stripes", small.dataset(load_test=load_test))
    first = run_job(retrain=RetrainConfig(epochs=1, n_seeds=2))
    assert len(n_read) == 1
    assert run_job(retrain=RetrainConfig(epochs=1, n_seeds=2)) == first
    assert len(n_read) == 1


def test_a_test_time_flip_is_noted_and_never_mixed_with_none(run_job, monkeypatch):
    monkeypatch.setitem(DATASETS, "stripes", replace(small.dataset(), flips=True))
    first = run_job()
    assert all(result.unflipped_test_accuracy is not None for result in first.retrained)
    with pytest.raises(ConfigError, match=r"test_time_flip.*--name"):
        run_job(retrain=RetrainConfig(epochs=1, n_seeds=2, test_time_flip=False))


@pytest.mark.parametrize(("flips", "wanted"), [(False, True), (True, False)])
def test_images_are_not_mirrored_where_that_is_not_wanted_or_changes_them(
    run_job, monkeypatch, flips, wanted
):
    monkeypatch.setitem(DATASETS, "stripes", replace(small.dataset(), flips=flips))
    record = run_job(retrain=RetrainConfig(epochs=1, n_seeds=1, test_time_flip=wanted))
    assert all(result.unflipped_test_accuracy is None for result in record.retrained)
