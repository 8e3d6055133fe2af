"""Runs that diverge or die, and families without a winner, are reported and left out."""

from __future__ import annotations

import logging
from dataclasses import replace

import optuna
from optuna.trial import TrialState

from search_spaces import SPACES
from study import retrain
from study.config import RetrainConfig
from study.results import RetrainingTasks
from study.runs import Candidate, missing_runs, planned_runs
from study.storage.decoding import retrained_result
from study.workers import MAX_DEATHS
from tests.study import small
from tests.study.documented_records import FAILED
from tests.study.small import started_progress


def test_a_run_that_diverges_is_reported_and_left_out(tmp_path, small_parts, caplog):
    params = {"units": 8, **small.NUISANCE}
    chosen = [
        Candidate(family="small", configuration=name, source_trial=None, params=params | changes)
        for name, changes in (("explodes", {"learning_rate": 1e30}), ("learns", {}))
    ]
    retrainer = retrain.Retrainer(
        dataset=small.dataset(),
        train=small.images(60),
        test=small.images(21, seed=3),
        config=RetrainConfig(epochs=3, n_seeds=1),
        base_seed=0,
        precision="float32",
        on_epoch=lambda *_: None,
    )
    optuna_study = optuna.create_study(direction="maximize")
    runs = [replace(run, draw=1) for run in planned_runs(chosen, n_seeds=1)]
    tasks = RetrainingTasks(
        optuna_study, runs, models_dir=tmp_path / "models", progress=started_progress()
    )
    with caplog.at_level(logging.ERROR):
        while (run := tasks.next_task()) is not None:
            tasks.done(run, retrainer(run))
    trials = optuna_study.get_trials()
    told = [retrained_result(one) for one in trials if one.state == TrialState.COMPLETE]
    failed = [one for one in trials if one.state == TrialState.FAIL]
    assert [retrained_result(one) for one in failed] == [None, None]
    for one in failed:
        assert one.user_attrs["configuration"] == "explodes"
        assert one.user_attrs["draw"] == 1
        assert "the training loss is" in one.user_attrs["failure"]
        assert one.user_attrs["lost_seconds"] > 0
        assert set(one.user_attrs) == FAILED
    assert [(result.configuration, result.augmented) for result in told] == [
        ("learns", False),
        ("learns", True),
    ]
    assert [run.key for run in missing_runs(runs, told)] == [
        ("small", "explodes", None, False, 1, 0),
        ("small", "explodes", None, True, 1, 0),
    ]
    reports = [r.getMessage() for r in caplog.records if r.name.startswith("study.")]
    assert len(reports) == 2
    assert all("explodes" in report and "left out" in report for report in reports)


def test_a_run_whose_process_dies_is_begun_twice_more_before_all_others_and_then_left_out(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setitem(SPACES, "small", small.space())
    chosen = [
        Candidate(family="small", configuration=name, source_trial=None, params={})
        for name in ("deadly", "harmless")
    ]
    first, *others = planned_runs(chosen, n_seeds=1)
    optuna_study = optuna.create_study(direction="maximize")
    tasks = RetrainingTasks(
        optuna_study, [first, *others], models_dir=tmp_path, progress=started_progress()
    )
    for _ in range(MAX_DEATHS):
        assert tasks.next_task() == first
        tasks.died(first, "was ended by SIGKILL")
    assert [tasks.next_task() for _ in others] == others
    assert tasks.next_task() is None
    told = [r for r in caplog.records if r.name.startswith("study.")]
    assert [(r.levelno, "SIGKILL" in r.getMessage()) for r in told] == [
        *(MAX_DEATHS - 1) * [(logging.WARNING, True)],
        (logging.ERROR, True),
    ]


def test_a_family_without_a_completed_trial_is_named_and_the_other_is_retrained(
    run_job, monkeypatch, caplog
):
    def cannot(*_args, **_kwargs):
        raise ValueError("no such network")

    monkeypatch.setitem(SPACES, "barren", small.space("barren", build=cannot))
    with caplog.at_level(logging.WARNING):
        record = run_job(families=("small", "barren"))
    assert {result.family for result in record.retrained} == {"small"}
    assert any("No trial of barren completed" in r.getMessage() for r in caplog.records)
