import json
from dataclasses import replace

import pytest

from benchmarks.measuring import machine
from benchmarks.rivals.results import ResultsFile, outcomes_of, program
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
    assert set(written) == {"date", "machine", "versions", "program", "settings", "measured"}
    assert written["date"] == "1970-01-12"
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


def test_searches_of_several_days_say_so(tmp_path):
    results = results_file(tmp_path)
    for seed, day in enumerate((3, 1, 2)):
        results.add(outcome("ours", seed=seed, launched_at=86_400.0 * day))
    assert json.loads(results.path.read_text())["date"] == "1970-01-02 to 1970-01-04"


def test_a_run_goes_on_where_the_machine_is_the_same_however_busy(tmp_path, monkeypatch):
    results = results_file(tmp_path)
    results.check_same()
    results.add(outcome("ours"))
    busy = {**machine(), "load_average_before": 99.0}
    monkeypatch.setattr("benchmarks.rivals.results.machine", lambda: busy)
    results.check_same()


@pytest.mark.parametrize(
    ("name", "there", "error"),
    [
        ("machine", lambda: {**machine(), "processor": "another one"}, "another one.*compare"),
        ("program", lambda: "0" * 64, "another state of this program.*0000"),
        ("versions", lambda _others: {"keras": "2.0"}, "another state.*'keras': '2.0'"),
    ],
)
def test_what_was_measured_otherwise_does_not_go_into_the_same_file(
    tmp_path, monkeypatch, name, there, error
):
    results = results_file(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(f"benchmarks.rivals.results.{name}", there)
        results.add(outcome("ours"))
    with pytest.raises(ConfigError, match=error):
        results.check_same()


def test_any_change_of_the_code_that_is_measured_makes_another_program(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.rivals.results.ROOT", tmp_path)
    file = tmp_path / "study" / "training" / "loop.py"
    file.parent.mkdir(parents=True)
    file.write_text("a")
    digests = [program()]
    file.write_text("b")
    digests.append(program())
    file.rename(file.with_name("fit.py"))
    digests.append(program())
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "report.py").write_text("c")
    digests.append(program())
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]
