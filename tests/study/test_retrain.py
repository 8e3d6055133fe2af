from __future__ import annotations

import io
import itertools
import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import optuna
import pytest
from sklearn import metrics

# Loading a saved model needs the layers that it may hold.
import search_spaces.batch_normalization
import search_spaces.local_response  # noqa: F401
from search_spaces import SPACES
from study import job, retrain
from study.config import AugmentationConfig, RetrainConfig
from study.datasets import DATASETS
from study.errors import ConfigError
from study.records import TrialRecord, Winner
from study.results import RetrainedModel, RetrainingTasks
from study.runs import Candidate, candidates, done_keys, planned_runs
from study.storage import open_for_writing, read_study
from study.storage.reading import retrained_result
from study.training.evaluation import Predictor
from study.training.loop import Training
from study.winners import pick_winner, pick_winners
from tests.study import small
from tests.study.local_workers import LocalWorkers

# What to run


def winner(family="custom_cnn", *, number=7, baseline=None):
    trial = TrialRecord(
        number=number, state="COMPLETE", value=0.5, params={"units": 3}, baseline=baseline
    )
    return Winner(family=family, trial=trial)


def test_a_winner_is_retrained_from_its_own_parameters():
    assert candidates([winner()], baselines=False) == (
        Candidate(family="custom_cnn", configuration="winner", source_trial=7, params={"units": 3}),
    )


@pytest.mark.parametrize(
    ("baseline", "named"), [(None, ["V1", "V2", "V3"]), ("V2", ["V1", "V3"]), ("V9", 3 * [...])]
)
def test_named_configurations_are_retrained_on_request_but_the_one_that_won_only_once(
    baseline, named
):
    chosen = candidates([winner(baseline=baseline)], baselines=True)
    assert chosen[0].configuration == "winner"
    assert len(chosen[1:]) == len(named)
    for candidate, name in zip(chosen[1:], named, strict=True):
        assert candidate.configuration == (candidate.configuration if name is ... else name)
        assert candidate.source_trial is None
        assert candidate.params == SPACES["custom_cnn"].baselines[candidate.configuration]


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_runs_go_seed_by_seed_so_that_wherever_they_stop_all_have_had_equally_many(n_seeds):
    chosen = candidates([winner(), winner("alexnet_lite")], baselines=False)
    runs = planned_runs(chosen, n_seeds=n_seeds)
    assert [(run.seed, run.augmented, run.candidate.family) for run in runs] == list(
        itertools.product(range(n_seeds), (False, True), ("custom_cnn", "alexnet_lite"))
    )
    assert len({run.key for run in runs}) == len(runs) == 4 * n_seeds


# The real run


def results(real_run):
    return real_run.record.retrained


def test_every_winner_was_retrained_with_and_without_augmentation(real_run):
    assert [(result.augmented, result.family) for result in results(real_run)] == [
        (augmented, family) for augmented in (False, True) for family in sorted(SPACES)
    ]
    picked = {winner.family: winner.trial for winner in pick_winners(real_run.record.families)}
    for result in results(real_run):
        source = picked[result.family]
        assert (result.configuration, result.source_trial) == ("winner", source.number)
        assert result.params == source.params
        assert result.n_parameters == source.n_parameters
        assert result.n_parameters == SPACES[result.family].count_parameters(
            source.params, image_shape=(32, 32, 1), n_classes=10
        )
        assert result.forward_flops == source.forward_flops
        assert (result.epochs, result.seed) == (1, 0)
        assert len(result.training_loss_by_epoch) == len(result.training_accuracy_by_epoch) == 1


def test_the_stored_scores_are_those_of_the_stored_predictions_on_the_official_labels(real_run):
    labels = DATASETS["digits"].load_test(real_run.config.data_dir).labels
    assert real_run.record.test_labels == labels.tobytes()
    assert real_run.record.dataset.n_test == len(labels)
    for result in results(real_run):
        predicted = np.frombuffer(result.predictions, dtype=np.uint8)
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            labels, predicted, labels=range(10), zero_division=0
        )
        assert result.test_accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
        np.testing.assert_allclose(result.precision, precision)
        np.testing.assert_allclose(result.recall, recall)
        np.testing.assert_allclose(result.f1, f1)
        np.testing.assert_array_equal(
            result.confusion_matrix, metrics.confusion_matrix(labels, predicted, labels=range(10))
        )
        assert result.milliseconds_per_image > 0
        assert result.training_seconds > 0


def test_the_saved_model_is_that_of_the_best_run_and_loads_without_trust(real_run):
    models = real_run.config.out / "models"
    assert sorted(path.name for path in models.iterdir()) == sorted(
        f"{family}.keras" for family in SPACES
    )
    images = DATASETS["digits"].load_test(real_run.config.data_dir).images
    for family in SPACES:
        best = max(
            (result for result in results(real_run) if result.family == family),
            key=lambda result: (result.test_accuracy, -result.number),
        )
        path = models / f"{family}.keras"
        model = keras.models.load_model(path, safe_mode=True)
        predicted = Predictor(model)(images).argmax(axis=1).astype(np.uint8)
        assert predicted.tobytes() == best.predictions
        assert best.model_bytes == path.stat().st_size


# Small runs


@pytest.fixture
def run_job(tmp_path, small_parts, monkeypatch):
    """Run the whole job on the small dataset and family, in one folder and in this process."""
    monkeypatch.setattr(job, "WorkerPool", LocalWorkers)

    def run(**changes):
        config = small.config(tmp_path, **changes)
        return job.run(config, sample=small.sample(), progress=small.silent_progress())

    return run


def keys(record):
    return [(result.augmented, result.seed) for result in record.retrained]


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


def test_more_seeds_and_named_configurations_are_added_to_what_is_done(run_job):
    first = run_job()
    assert keys(first) == [(False, 0), (True, 0)]
    second = run_job(retrain=RetrainConfig(epochs=1, n_seeds=2))
    assert second.retrained[:2] == first.retrained
    assert keys(second)[2:] == [(False, 1), (True, 1)]
    third = run_job(retrain=RetrainConfig(epochs=1, n_seeds=2, baselines=True))
    assert third.retrained[:4] == second.retrained
    won = pick_winner(third.families[0]).trial.baseline
    added = [(result.configuration, result.source_trial) for result in third.retrained[4:]]
    assert added == [(name, None) for _ in range(4) for name in ("B1", "B2") if name != won]


def test_equal_seeds_give_equal_results_and_different_ones_do_not(run_job):
    configuration = {"retrain": RetrainConfig(epochs=2, n_seeds=2)}
    first = run_job(name="first", **configuration).retrained
    second = run_job(name="second", **configuration).retrained
    for one, other in zip(first, second, strict=True):
        assert one.predictions == other.predictions
        np.testing.assert_allclose(
            one.training_loss_by_epoch, other.training_loss_by_epoch, rtol=1e-5
        )
    losses = {result.training_loss_by_epoch for result in first}
    assert len(losses) == len(first)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_an_interrupted_retraining_goes_on_where_it_ended(run_job, tmp_path, monkeypatch, k):
    configuration = {"retrain": RetrainConfig(epochs=1, n_seeds=2)}
    calls = itertools.count(1)
    whole_fit = retrain.Retrainer._fit

    def interrupted_fit(self, model, run, fit):
        if next(calls) == k:
            raise KeyboardInterrupt
        return whole_fit(self, model, run, fit)

    monkeypatch.setattr(retrain.Retrainer, "_fit", interrupted_fit)
    with pytest.raises(KeyboardInterrupt):
        run_job(**configuration)
    before = read_study(small.config(tmp_path).storage_url, "trial-run").retrained
    assert len(before) == k - 1
    after = run_job(**configuration)
    assert after.retrained[: k - 1] == before
    assert keys(after) == [(False, 0), (True, 0), (False, 1), (True, 1)]


def test_the_best_model_is_kept_while_runs_are_added(run_job, tmp_path):
    for n_seeds in (1, 3):
        record = run_job(retrain=RetrainConfig(epochs=1, n_seeds=n_seeds))
        best = max(record.retrained, key=lambda result: (result.test_accuracy, -result.number))
        model = keras.models.load_model(tmp_path / "out" / "models" / "small.keras")
        logits = np.asarray(model(small.images(21, seed=3).images))
        assert logits.argmax(axis=1).astype(np.uint8).tobytes() == best.predictions


def test_models_are_trained_on_training_and_validation_images_together(run_job, monkeypatch):
    seen = []

    def watched(model, train, validation, *, config):
        seen.append((len(train), validation))
        return Training(model, train, validation, config=config)

    monkeypatch.setattr(retrain, "Training", watched)
    run_job()
    assert seen == 2 * [(len(small.sample().whole), None)]


@pytest.mark.parametrize("flips", [True, False])
def test_only_augmented_runs_are_augmented_and_mirrored_only_where_the_dataset_allows_it(
    run_job, monkeypatch, flips
):
    fits = []

    def watched(model, train, validation, *, config):
        fits.append(config)
        return Training(model, train, validation, config=config)

    monkeypatch.setitem(DATASETS, "stripes", replace(small.dataset(), flips=flips))
    monkeypatch.setattr(retrain, "Training", watched)
    run_job()
    assert [fit.augmentation for fit in fits] == [None, RetrainConfig().augmentation]
    assert [fit.flip for fit in fits] == [flips, flips]
    plain, augmented = fits
    assert replace(augmented, augmentation=None) == plain


def started_progress():
    progress = small.silent_progress()
    progress.retraining_started(0, target=4)
    return progress


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
    runs = planned_runs(chosen, n_seeds=1)
    tasks = RetrainingTasks(
        optuna_study, runs, models_dir=tmp_path / "models", progress=started_progress()
    )
    with caplog.at_level(logging.ERROR):
        while (run := tasks.next_task()) is not None:
            tasks.done(run, retrainer(run))
    told = [retrained_result(trial) for trial in optuna_study.get_trials()]
    assert [(result.configuration, result.augmented) for result in told] == [
        ("learns", False),
        ("learns", True),
    ]
    assert [run.key for run in runs if run.key not in done_keys(told)] == [
        ("small", "explodes", None, False, 0),
        ("small", "explodes", None, True, 0),
    ]
    reports = [record.getMessage() for record in caplog.records]
    assert len(reports) == 2
    assert all("explodes" in report and "left out" in report for report in reports)


def test_a_run_whose_process_dies_is_begun_once_more_before_all_others_and_then_left_out(
    tmp_path, caplog
):
    chosen = [
        Candidate(family="small", configuration=name, source_trial=None, params={})
        for name in ("deadly", "harmless")
    ]
    first, *others = planned_runs(chosen, n_seeds=1)
    optuna_study = optuna.create_study(direction="maximize")
    tasks = RetrainingTasks(
        optuna_study, [first, *others], models_dir=tmp_path, progress=started_progress()
    )
    for _ in range(2):
        assert tasks.next_task() == first
        tasks.died(first, "was ended by SIGKILL")
    assert [tasks.next_task() for _ in others] == others
    assert tasks.next_task() is None
    assert [(r.levelno, "SIGKILL" in r.getMessage()) for r in caplog.records] == [
        (logging.WARNING, True),
        (logging.ERROR, True),
    ]


def test_the_best_model_is_kept_in_whatever_order_runs_end(tmp_path, small_parts):
    candidate = Candidate(family="small", configuration="B1", source_trial=None, params={})
    runs = planned_runs([candidate], n_seeds=2)
    optuna_study = optuna.create_study(direction="maximize")
    tasks = RetrainingTasks(
        optuna_study, runs, models_dir=tmp_path / "models", progress=started_progress()
    )
    for run, accuracy in zip(runs, (0.5, 0.9, 0.7, 0.9), strict=True):
        model = RetrainedModel(
            started=datetime(2026, 1, 1, tzinfo=UTC),
            test_accuracy=accuracy,
            training_accuracy_by_epoch={1: 0.5},
            attributes={"configuration": "B1"},
            file=repr(run.key).encode(),
        )
        tasks.done(run, model)
    kept = tmp_path / "models" / "small.keras"
    assert list(kept.parent.iterdir()) == [kept]
    assert kept.read_bytes() == repr(runs[1].key).encode()
    assert [trial.value for trial in optuna_study.get_trials()] == [0.5, 0.9, 0.7, 0.9]


def test_a_new_winner_is_retrained_and_the_results_of_the_former_stay(run_job, tmp_path):
    first = run_job()
    config = small.config(tmp_path)
    with open_for_writing(config.storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/small", storage=storage)
        best = max(optuna_study.get_trials(), key=lambda trial: trial.value)
        optuna_study.add_trial(
            optuna.trial.create_trial(
                value=1.0 + best.value, params=best.params, distributions=best.distributions
            )
        )
    second = run_job()
    assert second.retrained[:2] == first.retrained
    assert {result.source_trial for result in second.retrained[2:]} == {3}
    assert keys(second) == 2 * [(False, 0), (True, 0)]


def test_retraining_with_other_epochs_is_refused_before_anything_is_trained(run_job):
    first = run_job()
    search = replace(small.config(Path()).search, n_trials=4)
    for changes in ({}, {"search": search}):
        with pytest.raises(ConfigError, match="epochs"):
            run_job(retrain=RetrainConfig(epochs=2, n_seeds=1), **changes)
    assert run_job() == first


def test_retraining_with_another_augmenter_is_refused_before_anything_is_trained(run_job):
    first = run_job()
    other = AugmentationConfig(augmenter="image-data-generator")
    with pytest.raises(ConfigError, match=r"augmentation.*image-data-generator.*--name"):
        run_job(retrain=RetrainConfig(epochs=1, n_seeds=2, augmentation=other))
    assert run_job() == first


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


def test_a_family_that_joins_a_retrained_study_is_refused_before_its_search(
    run_job, tmp_path, monkeypatch
):
    first = run_job()
    monkeypatch.setitem(SPACES, "another", small.space("another"))
    with pytest.raises(ConfigError, match=r"'another'.*--name"):
        run_job(families=("small", "another"))
    after = read_study(small.config(tmp_path).storage_url, "trial-run")
    assert not [trial for family in after.families[:-1] for trial in family.trials if trial.started]
    assert run_job(families=("small",)).retrained == first.retrained


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


def test_progress_is_told_trial_by_trial_and_run_by_run(tmp_path, small_parts, caplog, monkeypatch):
    from rich.console import Console

    from study.progress import Progress

    monkeypatch.setattr(job, "WorkerPool", LocalWorkers)
    config = small.config(tmp_path)
    drawn = small.sample()
    stream = io.StringIO()
    with (
        caplog.at_level(logging.INFO, logger="study"),
        Progress(console=Console(file=stream, force_terminal=True)) as progress,
    ):
        job.run(config, sample=drawn, progress=progress)
    lines = [record.getMessage() for record in caplog.records]
    assert sum("small trial" in line for line in lines) == 3
    assert sum("test accuracy" in line for line in lines) == 2
    assert any("3 of 3" in line for line in lines)
    assert "retrain" in stream.getvalue()
