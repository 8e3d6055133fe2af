"""Recording learning curves: the file, what goes into it, and going on after a stop."""

from __future__ import annotations

import json

import pytest

from benchmarks import curves
from benchmarks.curve_table import TableError, append_curve, begin_table, read_table
from search_spaces import SPACES
from study.config import SearchConfig
from study.seeds import derive_seed
from tests.benchmarks import synthetic_curves
from tests.study import small

HEADER = {
    "schema_version": 1,
    "dataset": "stripes",
    "digests": {},
    "fraction": 1.0,
    "seed": 0,
    "epochs": 12,
    "precision": "float32",
    "spaces": {},
}


def test_a_curve_read_is_the_curve_written(tmp_path):
    path = tmp_path / "folder" / "curves.jsonl"
    written = [synthetic_curves.curve("custom_cnn", index) for index in range(3)]
    begin_table(path, HEADER)
    for curve in written:
        append_curve(path, curve)
    assert read_table(path).curves == tuple(written)
    assert read_table(path).header == HEADER


def test_a_line_cut_off_by_a_kill_is_dropped_and_recorded_again(tmp_path):
    path = tmp_path / "curves.jsonl"
    begin_table(path, HEADER)
    append_curve(path, synthetic_curves.curve("custom_cnn", 0))
    whole = path.read_bytes()
    append_curve(path, synthetic_curves.curve("custom_cnn", 1))
    path.write_bytes(path.read_bytes()[:-20])
    assert read_table(path).keys == {("custom_cnn", 0, 0)}
    assert begin_table(path, HEADER).keys == {("custom_cnn", 0, 0)}
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Cannot read"),
        ("", "Cannot read"),
        ("[]\n", "Cannot read"),
        ('{"schema_version":1}\n{"family":"x"}\n', "Cannot read"),
        ('{"schema_version":2}\n', "schema 2"),
    ],
)
def test_a_file_that_is_no_recording_is_told_in_one_line(tmp_path, content, message):
    path = tmp_path / "curves.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TableError, match=message) as raised:
        read_table(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("key", ["dataset", "fraction", "seed", "epochs", "precision", "spaces"])
def test_a_recording_is_not_continued_with_anything_else(tmp_path, key):
    path = tmp_path / "curves.jsonl"
    begin_table(path, HEADER)
    with pytest.raises(TableError, match=key):
        begin_table(path, {**HEADER, key: "other"})


def test_more_configurations_leave_the_first_ones_and_their_order_alone():
    few = list(curves.planned_keys(("a", "b"), n_configurations=2, n_repeated=0))
    many = list(curves.planned_keys(("a", "b"), n_configurations=3, n_repeated=1))
    assert few == [("a", 0, 0), ("b", 0, 0), ("a", 1, 0), ("b", 1, 0)]
    assert many == [*few, ("a", 2, 0), ("b", 2, 0), ("a", 0, 1), ("b", 0, 1)]


@pytest.mark.parametrize("family", SPACES)
def test_a_configuration_follows_from_its_index_alone(family):
    def params(index, seed=0):
        trial = curves.random_trial(family, index, seed=seed)
        assert trial.number == index
        return SPACES[family].suggest(trial)

    assert params(3) == params(3)
    assert len({json.dumps(params(index)) for index in range(4)}) == 4
    assert params(3) != params(3, seed=1)


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    import tensorflow as tf

    monkeypatch.setitem(SPACES, "small", small.space())
    tf.config.run_functions_eagerly(True)
    yield curves.Recorder(
        path=tmp_path / "curves.jsonl",
        dataset=small.dataset(),
        sample=small.sample(),
        config=SearchConfig(epochs=2, fraction=1.0),
        precision="float32",
    )
    tf.config.run_functions_eagerly(False)


def test_a_recorded_curve_is_that_of_the_search(recorder):
    begin_table(recorder.path, HEADER)
    first = recorder.record(("small", 1, 0))
    repeated = recorder.record(("small", 1, 1))
    assert read_table(recorder.path).curves == (first, repeated)

    assert first.params == repeated.params
    assert first.seed == derive_seed(0, "small", "trial", 1) != repeated.seed
    assert first.training_loss != repeated.training_loss
    for name in curves.SCORES:
        assert len(getattr(first, name)) == 2
    assert first.total_seconds >= sum(first.seconds)
    assert first.failure is None
    layer_weights = (8 * 6 + 1) * first.params["units"] + (first.params["units"] + 1) * 3
    assert first.n_parameters == layer_weights


def test_a_configuration_that_fails_is_recorded_as_failed(recorder, monkeypatch):
    def refuse(params, **options):
        raise ValueError("no such network")

    monkeypatch.setitem(SPACES, "small", small.space(build=refuse))
    begin_table(recorder.path, HEADER)
    failed = recorder.record(("small", 0, 0))
    assert "no such network" in failed.failure
    assert failed.validation_accuracy == ()
    assert read_table(recorder.path).curves == (failed,)
