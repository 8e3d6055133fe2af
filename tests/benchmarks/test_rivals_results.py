import json
from dataclasses import replace

import pytest

from benchmarks.measuring import machine
from benchmarks.rivals.results import ResultsFile, outcomes_of
from benchmarks.rivals.setting import QUICK
from study.errors import ConfigError
from tests.benchmarks.outcomes import outcome


def results_file(folder):
    return ResultsFile(path=folder / "new" / "rivals.json", setting=QUICK)


def test_outcomes_are_read_back_as_they_were_written(tmp_path):
    results = results_file(tmp_path)
    assert results.read() == {}
    written = [outcome("ours"), outcome("ray", peak_memory_bytes=None), outcome("ours", seed=1)]
    for one in written:
        results.add(one)
    assert results.read() == {(one.contender, one.seed): one for one in written}
    assert [file.name for file in results.path.parent.iterdir()] == ["rivals.json"]


def test_a_second_outcome_takes_the_place_of_the_first(tmp_path):
    results = results_file(tmp_path)
    results.add(outcome("ours", test_accuracies=()))
    results.add(outcome("ours", test_accuracies=(0.5,)))
    (kept,) = results.read().values()
    assert kept.test_accuracies == (0.5,)


def test_the_file_says_what_every_result_says(tmp_path):
    results = results_file(tmp_path)
    results.add(outcome("ours"))
    written = json.loads(results.path.read_text())
    assert set(written) == {"date", "machine", "versions", "settings", "measured"}
    assert written["settings"]["n_trials"] == QUICK.n_trials
    assert {"keras", "optuna", "keras-tuner"} <= set(written["versions"])
    assert outcomes_of(written) == (outcome("ours"),)


def test_another_setting_does_not_go_into_the_same_file(tmp_path):
    results = results_file(tmp_path)
    results.add(outcome("ours"))
    other = replace(results, setting=replace(QUICK, n_trials=99))
    with pytest.raises(ConfigError, match="another setting"):
        other.read()
    with pytest.raises(ConfigError, match="another setting"):
        other.add(outcome("ours"))


def test_a_run_goes_on_where_the_machine_is_the_same_however_busy(tmp_path, monkeypatch):
    results = results_file(tmp_path)
    results.check_machine()
    results.add(outcome("ours"))
    here = machine()
    busy = {**here, "load_average_before": 99.0}
    monkeypatch.setattr("benchmarks.rivals.results.machine", lambda: busy)
    results.check_machine()
    other = {**here, "processor": "another one"}
    monkeypatch.setattr("benchmarks.rivals.results.machine", lambda: other)
    with pytest.raises(ConfigError, match="does not compare"):
        results.check_machine()
