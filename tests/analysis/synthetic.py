"""A made-up study, the same at every call: what a finished search and retraining would leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from optuna.distributions import distribution_to_json
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from study.records import (
    WINNER,
    DatasetRecord,
    FamilyRecord,
    RetrainedResult,
    StudyRecord,
    TrialRecord,
)
from study.winners import pick_winner
from tests.analysis.synthetic_mistakes import IMAGE_SHAPE, kept
from tests.analysis.synthetic_spaces import BASELINES, REACH, ROLES, SPACES, quality, sample
from tests.analysis.synthetic_validation import matched_results, path, validated_results

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
EPOCHS = 16
IMAGES_PER_CLASS = 100
START = datetime(2030, 1, 1)


def study(
    *,
    families: tuple[str, ...] = ("alexnet_lite", "custom_cnn"),
    n_trials: int = 30,
    retrained: bool = True,
    validated: bool = True,
    seeds: tuple[int, ...] = (0, 1, 2),
    accuracy: Callable[[str, bool], float] | None = None,
) -> StudyRecord:
    """Return a study of CIFAR-10's shape.

    Args:
        families: Keys of SPACES.
        n_trials: Trials of each family, baselines among them.
        retrained: Whether winners were retrained; without, there are no test labels either.
        validated: Whether winners were trained anew from three fresh seeds, and twelve random
            configurations of each family measured.
        seeds: Of the retrained models.
        accuracy: Expected test accuracy by family and augmentation.
    """
    records = tuple(family(name, n_trials=n_trials) for name in families)
    labels = np.repeat(np.arange(len(CLASSES)), IMAGES_PER_CLASS)
    np.random.default_rng(5).shuffle(labels)
    results: list[RetrainedResult] = []
    if retrained:
        for record in records:
            for augmented in (False, True):
                for seed in seeds:
                    results.append(
                        _retrained(
                            record,
                            number=len(results),
                            augmented=augmented,
                            seed=seed,
                            labels=labels,
                            accuracy=(accuracy or _accuracy)(record.family, augmented),
                        )
                    )
    return StudyRecord(
        name="cifar10",
        dataset=DatasetRecord(
            name="cifar10",
            classes=CLASSES,
            image_shape=IMAGE_SHAPE,
            digests={"train_images": "ab" * 32, "test_images": "cd" * 32},
            fraction=0.25,
            sample_seed=0,
            n_train=10_000,
            n_validation=2_500,
            n_test=len(labels),
        ),
        families=records,
        retrained=tuple(results),
        validated=tuple(
            one
            for record in records
            for one in validated_results(record, epochs=EPOCHS)
            if validated
        )
        + (matched_results(records) if validated else ()),
        ablations=tuple(path(record) for record in records if validated),
        test_labels=labels.astype(np.uint8).tobytes() if retrained else b"",
    )


def family(name: str, *, n_trials: int = 30) -> FamilyRecord:
    """Return a family's search: baselines first, about half pruned, two failed."""
    rng = np.random.default_rng(sum(name.encode()))
    named = list(BASELINES[name].items())
    trials = []
    for number in range(n_trials):
        label, params = named[number] if number < len(named) else (None, sample(name, rng))
        failure = "ResourceExhaustedError: out of memory" if number in {11, 17} else None
        trials.append(_trial(name, number, params, label=label, failure=failure, rng=rng))
    return FamilyRecord(
        family=name,
        trials=tuple(trials),
        roles={param: ROLES[param] for param in SPACES[name]},
        baselines=BASELINES[name],
        settings={
            "trials": n_trials,
            "epochs": EPOCHS,
            "sampler": "tpe",
            "pruner": "median",
            "seed": 0,
            "command": f"python -m study run --trials {n_trials}",
        },
        versions={"optuna": "5.0.0", "keras": "3.15.1", "tensorflow": "2.21.0"},
    )


def without_completed(record: FamilyRecord) -> FamilyRecord:
    """Return the family with each completed trial turned into a failed one."""
    return dataclasses.replace(
        record,
        trials=tuple(
            dataclasses.replace(trial, state="FAIL", value=None, failure="interrupted")
            if trial.state == "COMPLETE"
            else trial
            for trial in record.trials
        ),
    )


def bare(record: StudyRecord) -> StudyRecord:
    """Return the study with nothing but the fields that every database has."""
    return StudyRecord(
        name=record.name,
        dataset=DatasetRecord(name=record.dataset.name, classes=record.dataset.classes),
        families=tuple(
            FamilyRecord(
                family=one.family,
                trials=tuple(
                    TrialRecord(number=trial.number, state=trial.state, value=trial.value)
                    for trial in one.trials
                ),
            )
            for one in record.families
        ),
        retrained=tuple(
            RetrainedResult(
                number=result.number,
                family=result.family,
                configuration=result.configuration,
                augmented=result.augmented,
                seed=result.seed,
                test_accuracy=result.test_accuracy,
                source_trial=result.source_trial,
            )
            for result in record.retrained
        ),
    )


def _trial(
    name: str,
    number: int,
    params: dict[str, Any],
    *,
    label: str | None,
    failure: str | None,
    rng: np.random.Generator,
) -> TrialRecord:
    final = max(quality(name, params) + rng.normal(0, 0.01), 0.12)
    epochs = np.arange(1, EPOCHS + 1)
    curve = 0.1 + (final - 0.1) * (1 - np.exp(-epochs / 4)) + rng.normal(0, 0.006, EPOCHS)
    pruned = number >= 5 and curve[3] < 0.57 * REACH[name]
    n_epochs = 4 if pruned else EPOCHS
    if failure:
        n_epochs = 2
    state = "FAIL" if failure else "PRUNED" if pruned else "COMPLETE"
    n_parameters = (
        params.get("blocks", 6) * params.get("filters", 48) * params.get("kernel_size", 4)
    )
    n_parameters = int(700 * n_parameters * params.get("width", 0.5))
    seconds = n_epochs * (4 + n_parameters / 90_000)
    started = START + timedelta(minutes=5 * number)
    space = SPACES[name]
    return TrialRecord(
        number=number,
        state=state,
        params=params,
        distributions={param: distribution_to_json(space[param]) for param in params},
        value=float(curve[-1]) if state == "COMPLETE" else None,
        validation_accuracy=tuple(
            (int(epoch), float(value))
            for epoch, value in zip(epochs[:n_epochs], curve, strict=False)
        ),
        training_accuracy=tuple(float(value) for value in curve[:n_epochs] * 1.05),
        training_loss=tuple(float(value) for value in 2.3 * (1 - curve[:n_epochs])),
        validation_loss=tuple(float(value) for value in 2.4 * (1 - curve[:n_epochs])),
        n_parameters=n_parameters,
        forward_flops=n_parameters * 90,
        training_seconds=float(seconds),
        sampler="baseline" if label else "tpe",
        seed=number,
        baseline=label,
        failure=failure,
        started=started,
        finished=started + timedelta(seconds=float(seconds)),
    )


def _accuracy(name: str, augmented: bool) -> float:
    return REACH[name] + (0.06 if augmented else 0.0)


def _retrained(
    record: FamilyRecord,
    *,
    number: int,
    augmented: bool,
    seed: int,
    labels: np.ndarray,
    accuracy: float,
) -> RetrainedResult:
    winner = pick_winner(record)
    if winner is None:
        raise ValueError(f"Family {record.family!r} has no completed trial to retrain.")
    trial = winner.trial
    rng = np.random.default_rng([seed, augmented, sum(record.family.encode())])
    predictions = _predictions(labels, accuracy=accuracy + rng.normal(0, 0.004), rng=rng)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predictions)
    score = float((predictions == labels).mean())
    return RetrainedResult(
        number=number,
        family=record.family,
        configuration=WINNER,
        augmented=augmented,
        seed=seed,
        test_accuracy=score,
        source_trial=trial.number,
        params=trial.params,
        epochs=EPOCHS,
        training_accuracy=min(score + (0.08 if augmented else 0.2) + 0.003 * seed, 1.0),
        training_accuracy_by_epoch=tuple(0.1 + 0.05 * epoch for epoch in range(EPOCHS)),
        training_loss_by_epoch=tuple(2.3 - 0.1 * epoch for epoch in range(EPOCHS)),
        precision=tuple(float(value) for value in precision),
        recall=tuple(float(value) for value in recall),
        f1=tuple(float(value) for value in f1),
        confusion_matrix=tuple(
            tuple(int(count) for count in row) for row in confusion_matrix(labels, predictions)
        ),
        predictions=predictions.astype(np.uint8).tobytes(),
        **kept(labels, predictions, seed=number),
        n_parameters=trial.n_parameters,
        forward_flops=trial.forward_flops,
        model_bytes=4 * (trial.n_parameters or 0) + 40_000,
        training_seconds=(trial.training_seconds or 0.0) * (2.0 if augmented else 1.3) + seed,
        milliseconds_per_image=0.3 + (trial.n_parameters or 0) / 2e6,
        finished=START + timedelta(days=1, minutes=5 * number),
    )


def _predictions(labels: np.ndarray, *, accuracy: float, rng: np.random.Generator) -> np.ndarray:
    """Draw each class's row of the confusion matrix from a multinomial; deal it to its images."""
    n_classes = len(CLASSES)
    predictions = np.empty_like(labels)
    # Cats, dogs and birds are hard, ships and cars easy, and animals pass for other animals.
    ease = np.array([0.02, 0.09, -0.09, -0.17, -0.02, -0.09, 0.05, 0.04, 0.09, 0.08])
    animal = np.array([name not in {"airplane", "automobile", "ship", "truck"} for name in CLASSES])
    for true in range(n_classes):
        right = min(max(accuracy + ease[true], 0.05), 0.98)
        weights = np.where(animal == animal[true], 3.0, 1.0)
        weights[true] = 0.0
        chances = (1 - right) * weights / weights.sum()
        chances[true] = right
        images = np.flatnonzero(labels == true)
        dealt = np.repeat(np.arange(n_classes), rng.multinomial(len(images), chances))
        predictions[images] = rng.permutation(dealt)
    return predictions
