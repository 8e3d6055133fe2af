"""Records that another program wrote, with Optuna alone, as docs/records.md says."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zlib

import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.trial import TrialState, create_trial

from study.storage import read_study
from tests.study.documented_records import (
    COMMON,
    DATASET,
    RESULT,
    RETRAINED,
    ROOT,
    SEARCH,
    SETTINGS,
    TRIAL,
)

PLACE = {"bracket": 0, "size": 3, "round": 1, "epochs": 3}

CLASSES = ["circle", "square", "star"]
LABELS = [number % 3 for number in range(30)]
VERSIONS = {"another-library": "3.2"}
PARAMS = {"width": 8, "learning_rate": 0.01}
DISTRIBUTIONS = {
    "width": IntDistribution(4, 64),
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
}
DATASET_ATTRIBUTE = {
    "name": "shapes",
    "classes": CLASSES,
    "image_shape": [16, 16, 1],
    "digests": {"x_train": "0" * 64},
    "fraction": 0.5,
    "sample_seed": 3,
    "n_train": 80,
    "n_validation": 20,
    "n_test": 30,
    "substitute_for": None,
}
SEARCH_ATTRIBUTES = {
    "schema_version": 1,
    "dataset": DATASET_ATTRIBUTE,
    "roles": {"width": "scientific", "learning_rate": "nuisance"},
    "baselines": {"Plain": PARAMS},
    "space": {key: json.loads(distribution_to_json(one)) for key, one in DISTRIBUTIONS.items()},
    "settings": {
        "trials": 7,
        "epochs": 3,
        "engine": "another",
        "sampler": "grid",
        "pruner": "own",
        "tuner": None,
        "seed": 3,
        "precision": "float32",
        "machine": "a large one",
        "finalists": 2,
        "measured": 0,
        "seeds": 3,
        "draws": 1,
        "baselines": True,
        "workers": 4,
        "threads_per_worker": 8,
        "command": "other-program --fast",
    },
    "versions": VERSIONS,
}


LOST = {"lost_seconds": 2.5, "lost_epochs": 1}


def encoded(labels):
    return base64.b64encode(zlib.compress(bytes(labels))).decode("ascii")


MISTAKE = {
    "index": 5,
    "true": 2,
    "predicted": 0,
    "confidence": 0.8,
    "pixels": encoded(range(256)),
}


def add_search_trial(study, number):
    state, failure = TrialState.COMPLETE, {}
    n_epochs, accuracy = 3, 0.4 + 0.05 * number
    if number == 2:
        state, n_epochs = TrialState.PRUNED, 1
    elif number == 3:
        state, n_epochs, failure = (
            TrialState.FAIL,
            0,
            {"failure": "out of memory", "paused": False, "died_after": [0], **LOST},
        )
    curve = {epoch: accuracy * epoch / 3 for epoch in range(1, n_epochs + 1)}
    study.add_trial(
        create_trial(
            state=state,
            value=curve[n_epochs] if n_epochs else None,
            params={**PARAMS, "width": 8 + number},
            distributions=DISTRIBUTIONS,
            intermediate_values=curve,
            user_attrs={
                "training_accuracy": [0.5] * n_epochs,
                "training_loss": [1.0] * n_epochs,
                "validation_loss": [1.1] * n_epochs,
                "n_parameters": 1000 + number,
                "forward_flops": 20_000,
                "training_seconds": 1.5,
                "sampler": "baseline" if number == 0 else "grid",
                "seed": number,
                "worker": {"host": "there", "pid": 1},
                "versions": VERSIONS,
                **({"baseline": "Plain"} if number == 0 else {}),
                **({"hyperband": PLACE} if number == 1 else {}),
                "seen": "2026-01-02T03:04:05+00:00",
                **failure,
            },
        )
    )


def add_result(study, *, family, augmented, seed, configuration, source_trial):
    predictions = [(label + (number % 5 == seed)) % 3 for number, label in enumerate(LABELS)]
    matrix = [[0] * 3 for _ in range(3)]
    for true, predicted in zip(LABELS, predictions, strict=True):
        matrix[true][predicted] += 1
    n_correct = sum(matrix[label][label] for label in range(3))
    study.add_trial(
        create_trial(
            value=n_correct / len(LABELS),
            params={"family": family, "augmentation": augmented, "seed": seed},
            distributions={
                "family": CategoricalDistribution(["net_a", "net_b"]),
                "augmentation": CategoricalDistribution([True, False]),
                "seed": IntDistribution(0, 1000),
            },
            intermediate_values={1: 0.5, 2: 0.75},
            user_attrs={
                "configuration": configuration,
                "source_trial": source_trial,
                "draw": 0,
                "hyperparameters": PARAMS,
                "epochs": 2,
                "unflipped_test_accuracy": 0.5,
                "training_accuracy": 0.9,
                "training_loss_by_epoch": [1.0, 0.5],
                "precision": [0.8, 0.8, 0.8],
                "recall": [matrix[label][label] / 10 for label in range(3)],
                "f1": [0.8, 0.8, 0.8],
                "confusion_matrix": matrix,
                "predictions": encoded(predictions),
                "confidences": encoded([204] * len(LABELS)),
                "mistakes": [MISTAKE],
                "n_parameters": 1004,
                "forward_flops": 20_000,
                "training_seconds": 2.5,
                "lost_seconds": 0.5,
                "model_bytes": 12_345,
                "milliseconds_per_image": 0.25,
                "versions": VERSIONS,
            },
        )
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A database with two families, pruned and failed trials, winners and a baseline retrained."""
    url = f"sqlite:///{tmp_path_factory.mktemp('another_program') / 'theirs.db'}"
    storage = optuna.storages.RDBStorage(url)
    for family in ("net_a", "net_b"):
        search = optuna.create_study(
            storage=storage, study_name=f"shapes/{family}", direction="maximize"
        )
        for key, value in SEARCH_ATTRIBUTES.items():
            search.set_user_attr(key, value)
        for number in range(7):
            add_search_trial(search, number)
    final = optuna.create_study(
        storage=storage, study_name="shapes/retrained", direction="maximize"
    )
    final.set_user_attr("schema_version", 1)
    final.set_user_attr("dataset", DATASET_ATTRIBUTE)
    final.set_user_attr("settings", {"epochs": 2})
    final.set_user_attr("versions", VERSIONS)
    final.set_user_attr("test_labels", encoded(LABELS))
    for seed in range(3):
        for family in ("net_a", "net_b"):
            common = {"family": family, "seed": seed}
            for augmented in (False, True):
                winner = {"configuration": "winner", "source_trial": 6}
                add_result(final, **common, augmented=augmented, **winner)
            add_result(final, **common, augmented=False, configuration="Plain", source_trial=None)
    storage.engine.dispose()
    return url


def test_this_test_writes_every_documented_attribute(url):
    studies = {study.study_name: study for study in optuna.get_all_study_summaries(storage=url)}
    search, retrained = studies["shapes/net_a"], studies["shapes/retrained"]
    assert set(search.user_attrs) == SEARCH
    assert set(search.user_attrs["dataset"]) == DATASET
    assert set(search.user_attrs["settings"]) == SETTINGS
    assert set(retrained.user_attrs) == RETRAINED | COMMON
    trials = optuna.load_study(storage=url, study_name="shapes/net_a").get_trials()
    assert set().union(*(trial.user_attrs for trial in trials)) == TRIAL
    results = optuna.load_study(storage=url, study_name="shapes/retrained").get_trials()
    assert set(results[0].user_attrs) == RESULT - {"failure"}


def test_everything_that_was_written_is_read(url):
    record = read_study(url, "shapes")
    assert [family.family for family in record.families] == ["net_a", "net_b"]
    family = record.families[0]
    assert family.settings == SEARCH_ATTRIBUTES["settings"]
    assert family.baselines == {"Plain": PARAMS}
    assert [trial.state for trial in family.trials].count("COMPLETE") == 5
    assert (family.trials[3].failure, family.trials[0].baseline) == ("out of memory", "Plain")
    assert (family.trials[3].lost_seconds, family.trials[3].lost_epochs) == (2.5, 1)
    last = family.trials[6]
    assert last.value == pytest.approx(0.7)
    assert [epoch for epoch, _ in last.validation_accuracy] == [1, 2, 3]
    assert (last.n_parameters, last.forward_flops, last.training_seconds) == (1006, 20_000, 1.5)
    assert (last.sampler, last.seed, last.params["width"]) == ("grid", 6, 14)
    dataset = record.dataset
    assert (dataset.name, dataset.classes, dataset.n_test) == ("shapes", tuple(CLASSES), 30)
    assert record.test_labels == bytes(LABELS)
    assert len(record.retrained) == 18
    result = record.retrained[1]
    assert (result.augmented, result.seed, result.source_trial) == (True, 0, 6)
    assert (len(result.confidences), result.confidences[0]) == (30, 204)
    (mistake,) = result.mistakes
    assert (mistake.index, mistake.true, mistake.predicted, mistake.confidence) == (5, 2, 0, 0.8)
    assert mistake.pixels == bytes(range(256))
    assert (result.model_bytes, result.milliseconds_per_image) == (12_345, 0.25)
    assert sum(map(sum, result.confusion_matrix)) == len(result.predictions) == 30


def test_the_report_is_made_of_it(url, tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "analysis", "report", "--no-png"),
            *("--storage", url, "--out", str(tmp_path / "report")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    for shown in ("shapes", "net_a", "net_b", "Plain", "out of memory", "star", "learning_rate"):
        assert shown in page
