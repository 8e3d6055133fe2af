import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import measuring
from benchmarks.rivals import cli, tables
from benchmarks.rivals.contenders import CONTENDERS, OURS
from benchmarks.rivals.process import ContenderFailedError
from benchmarks.rivals.results import ResultsFile
from benchmarks.rivals.setting import QUICK, Assignment, Setting
from study.errors import ConfigError
from tests.benchmarks.outcomes import outcome


def plan(folder, *, setting=QUICK, seeds=(0, 1, 2)):
    return cli.Plan(
        results=ResultsFile(path=folder / "rivals.json", setting=setting),
        contenders=(OURS, "optuna", "ray"),
        seeds=seeds,
        data_dir=Path("data"),
    )


def assignment(**changes):
    attributes = {
        "contender": OURS,
        "setting": QUICK,
        "seed": 3,
        "fraction": 0.25,
        "data_dir": Path("/data"),
        "scratch": Path("/scratch"),
    }
    return Assignment(**{**attributes, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "imagenet"},
        {"family": "resnet"},
        {"n_images": 19},
        {"n_trials": 0},
        {"epochs": 0},
        {"n_retrained": 0},
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(changes):
    with pytest.raises(ConfigError, match=str(next(iter(changes.values())))):
        replace(QUICK, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "mnist"},
        {"family": "alexnet_lite"},
        {"n_images": 41},
        {"n_trials": 41},
        {"epochs": 41},
        {"n_retrained": 41},
    ],
    ids=str,
)
def test_results_of_different_settings_do_not_share_a_file(changes):
    assert replace(QUICK, **changes).slug != QUICK.slug


def test_an_assignment_survives_the_way_to_another_process():
    sent = assignment(faster_precision="bfloat16")
    assert Assignment.from_json(sent.to_json()) == sent


def test_every_contender_has_every_seed_and_takes_every_place():
    three = plan(Path("results"))
    turns = list(three.in_turn())
    assert sorted(turns) == sorted((name, seed) for name in three.contenders for seed in (0, 1, 2))
    for place in range(3):
        assert {turns[3 * seed + place][0] for seed in (0, 1, 2)} == set(three.contenders)


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    done = []

    def searching(given):
        done.append("search")
        return outcome(given.contender, seed=given.seed, test_accuracies=())

    def retraining(given, found):
        done.append("retrain")
        return replace(found, test_accuracies=(0.5,))

    monkeypatch.setattr(cli, "run_search", searching)
    monkeypatch.setattr(cli, "run_retraining", retraining)
    results = plan(tmp_path).results
    cli._finish(assignment(), results)
    assert done == ["search", "retrain"]
    cli._finish(assignment(), results)
    assert done == ["search", "retrain"]
    results.add(outcome(OURS, seed=3, test_accuracies=()))
    cli._finish(assignment(), results)
    assert done == ["search", "retrain", "retrain"]
    assert results.read()[OURS, 3].test_accuracies == (0.5,)


def test_a_contender_that_fails_does_not_stop_the_others(tmp_path, monkeypatch, capsys):
    def searching(given):
        if given.contender == "optuna":
            raise ContenderFailedError("optuna failed (1):\nits last words")
        return outcome(given.contender)

    monkeypatch.setattr(cli, "run_search", searching)
    monkeypatch.setattr(cli, "faster_precision", lambda: "float32")
    monkeypatch.setattr(cli, "_check_installed", lambda contenders: None)
    digits = plan(tmp_path, setting=replace(QUICK, dataset="digits"), seeds=(0,))
    assert cli._run(digits) == 1
    assert "its last words" in capsys.readouterr().err
    assert set(digits.results.read()) == {(OURS, 0), ("ray", 0)}


@pytest.mark.parametrize(("argv", "folder"), [([], "."), (["--machine", "abacus"], "abacus")])
def test_the_tables_are_made_from_what_is_there(argv, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measuring, "RESULTS", tmp_path)
    results = ResultsFile(path=tmp_path / folder / "rivals.json", setting=Setting())
    for name in (OURS, "optuna"):
        results.add(outcome(name))
    assert cli.main(["--only-table", *argv]) == 0
    told = capsys.readouterr().out
    assert "| 1.0 times | 4 times | missed |" in told
    assert (
        told
        == "\n\n".join(
            table.markdown() for table in tables.tables(json.loads(results.path.read_text()))
        )
        + "\n"
    )


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--images", "7"], "--images"),
        (["--trials", "-1"], "--trials"),
        (["--repeats", "0"], "--repeats"),
        (["--dataset", "digits", "--images", "99999"], "99999"),
        (["--contender", "ray"], "no_such_package"),
    ],
    ids=str,
)
def test_a_mistake_is_told_in_one_line_before_anything_starts(argv, named, monkeypatch, capsys):
    needy = replace(CONTENDERS["ray"], packages=("no_such_package",))
    monkeypatch.setitem(CONTENDERS, "ray", needy)
    contender = [] if "--contender" in argv else ["--contender", OURS]
    assert cli.main([*argv, *contender]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert named in told
