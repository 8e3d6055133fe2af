"""Optuna's trials and attributes to records; what is missing or odd reads as absent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from study.byte_coding import decode_bytes
from study.records import (
    MEASURED,
    AblationPath,
    AblationStep,
    DatasetRecord,
    FamilyRecord,
    Mistake,
    RetrainedResult,
    TrialRecord,
    ValidatedResult,
)


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """Return the record of one search trial."""
    attrs = trial.user_attrs
    return TrialRecord(
        number=trial.number,
        state=trial.state.name,
        params=dict(trial.params),
        distributions={
            key: distribution_to_json(value) for key, value in trial.distributions.items()
        },
        value=_accuracy(trial.value) if trial.state == TrialState.COMPLETE else None,
        validation_accuracy=tuple(sorted(trial.intermediate_values.items())),
        training_accuracy=_numbers(attrs.get("training_accuracy")),
        training_loss=_numbers(attrs.get("training_loss")),
        validation_loss=_numbers(attrs.get("validation_loss")),
        n_parameters=_count(attrs.get("n_parameters")),
        forward_flops=_count(attrs.get("forward_flops")),
        training_seconds=_amount(attrs.get("training_seconds")),
        lost_seconds=_amount(attrs.get("lost_seconds")),
        lost_epochs=_count(attrs.get("lost_epochs")),
        sampler=_text(attrs.get("sampler")),
        seed=_integer(attrs.get("seed")),
        baseline=_text(attrs.get("baseline")),
        failure=_text(attrs.get("failure")),
        started=_utc(trial.datetime_start),
        finished=_utc(trial.datetime_complete),
    )


def retrained_result(trial: FrozenTrial) -> RetrainedResult | None:
    """Return the record of one retrained model; None for a trial that is not a whole one."""
    attrs, params = trial.user_attrs, trial.params
    family, configuration = _text(params.get("family")), _text(attrs.get("configuration"))
    seed, augmented = _integer(params.get("seed")), params.get("augmentation")
    accuracy = _accuracy(trial.value)
    if trial.state != TrialState.COMPLETE or accuracy is None:
        return None
    if family is None or configuration is None or seed is None or not isinstance(augmented, bool):
        return None
    curve = sorted(trial.intermediate_values.items())
    return RetrainedResult(
        number=trial.number,
        family=family,
        configuration=configuration,
        source_trial=_integer(attrs.get("source_trial")),
        params=mapping_of(attrs.get("hyperparameters")),
        augmented=augmented,
        seed=seed,
        draw=_integer(attrs.get("draw")) or 0,
        epochs=_integer(attrs.get("epochs")),
        test_accuracy=accuracy,
        unflipped_test_accuracy=_number(attrs.get("unflipped_test_accuracy")),
        training_accuracy=_number(attrs.get("training_accuracy")),
        training_accuracy_by_epoch=tuple(value for _, value in curve),
        training_loss_by_epoch=_numbers(attrs.get("training_loss_by_epoch")),
        precision=_numbers(attrs.get("precision")),
        recall=_numbers(attrs.get("recall")),
        f1=_numbers(attrs.get("f1")),
        confusion_matrix=_matrix(attrs.get("confusion_matrix")),
        predictions=bytes_of(attrs.get("predictions")),
        confidences=bytes_of(attrs.get("confidences")),
        mistakes=_mistakes(attrs.get("mistakes")),
        n_parameters=_count(attrs.get("n_parameters")),
        forward_flops=_count(attrs.get("forward_flops")),
        model_bytes=_count(attrs.get("model_bytes")),
        training_seconds=_amount(attrs.get("training_seconds")),
        milliseconds_per_image=_amount(attrs.get("milliseconds_per_image")),
        finished=_utc(trial.datetime_complete),
    )


def _mistakes(value: Any) -> tuple[Mistake, ...]:
    found = (_mistake(mapping_of(item)) for item in _sequence(value))
    return tuple(mistake for mistake in found if mistake is not None)


def _mistake(value: Mapping[str, Any]) -> Mistake | None:
    index, true, predicted = (_integer(value.get(key)) for key in ("index", "true", "predicted"))
    confidence, pixels = _number(value.get("confidence")), bytes_of(value.get("pixels"))
    if index is None or true is None or predicted is None or confidence is None or not pixels:
        return None
    if min(index, true, predicted) < 0 or not 0 <= confidence <= 1:
        return None
    return Mistake(
        index=index, true=true, predicted=predicted, confidence=confidence, pixels=pixels
    )


def validated_result(trial: FrozenTrial) -> ValidatedResult | None:
    """Return the record of a configuration trained anew; None for a trial that is not one."""
    attrs, params = trial.user_attrs, trial.params
    family, purpose = _text(params.get("family")), _text(attrs.get("purpose"))
    seed, hyperparameters = _integer(params.get("seed")), attrs.get("hyperparameters")
    accuracy = _accuracy(trial.value)
    if trial.state != TrialState.COMPLETE or accuracy is None:
        return None
    if family is None or purpose is None or seed is None or not isinstance(hyperparameters, dict):
        return None
    return ValidatedResult(
        number=trial.number,
        family=family,
        purpose=purpose,
        params=hyperparameters,
        seed=seed,
        validation_accuracy=accuracy,
        source_trial=_integer(attrs.get("source_trial")),
        validation_accuracy_by_epoch=tuple(sorted(trial.intermediate_values.items())),
        n_parameters=_count(attrs.get("n_parameters")),
        forward_flops=_count(attrs.get("forward_flops")),
        training_seconds=_amount(attrs.get("training_seconds")),
        predictions=bytes_of(attrs.get("predictions")),
        finished=_utc(trial.datetime_complete),
    )


def failed_draws(
    trials: Iterable[FrozenTrial], validated: Iterable[ValidatedResult]
) -> Mapping[str, int]:
    """Return by family how many configurations drawn at random were tried and gave no model."""
    done = {(one.family, one.seed) for one in validated if one.purpose == MEASURED}
    failed = {
        (family, seed)
        for trial in trials
        if trial.state == TrialState.FAIL and trial.user_attrs.get("purpose") == MEASURED
        if (family := _text(trial.params.get("family"))) is not None
        if (seed := _integer(trial.params.get("seed"))) is not None
    }
    return Counter(family for family, _ in failed - done)


def ablation_paths(value: Any) -> tuple[AblationPath, ...]:
    """Return the records of ablation paths, those that are whole."""
    found = (_path(family, path) for family, path in sorted(mapping_of(value).items()))
    return tuple(path for path in found if path is not None)


def _path(family: str, value: Any) -> AblationPath | None:
    path = mapping_of(value)
    baseline, winner = _text(path.get("baseline")), _integer(path.get("winner"))
    steps = [
        AblationStep(
            changed=_text(step.get("changed")) or "", params=mapping_of(step.get("hyperparameters"))
        )
        for step in map(mapping_of, _sequence(path.get("steps")))
    ]
    if baseline is None or winner is None or not steps:
        return None
    return AblationPath(family=family, baseline=baseline, winner=winner, steps=tuple(steps))


def family_record(family: str, study: FrozenStudy, trials: Sequence[FrozenTrial]) -> FamilyRecord:
    """Return the record of one family's search."""
    attrs = study.user_attrs
    return FamilyRecord(
        family=family,
        trials=tuple(trial_record(trial) for trial in trials),
        roles={key: str(role) for key, role in mapping_of(attrs.get("roles")).items()},
        baselines={
            key: mapping_of(value) for key, value in mapping_of(attrs.get("baselines")).items()
        },
        settings=mapping_of(attrs.get("settings")),
        versions={key: str(value) for key, value in mapping_of(attrs.get("versions")).items()},
    )


def dataset_record(value: Any) -> DatasetRecord:
    """Return the record of the images that a study used."""
    attrs = mapping_of(value)
    return DatasetRecord(
        name=_text(attrs.get("name")) or "unknown",
        classes=tuple(str(label) for label in _sequence(attrs.get("classes"))),
        image_shape=_integers(attrs.get("image_shape")),
        digests={key: str(digest) for key, digest in mapping_of(attrs.get("digests")).items()},
        fraction=_number(attrs.get("fraction")),
        sample_seed=_integer(attrs.get("sample_seed")),
        n_train=_count(attrs.get("n_train")),
        n_validation=_count(attrs.get("n_validation")),
        n_test=_count(attrs.get("n_test")),
        substitute_for=_text(attrs.get("substitute_for")),
    )


def _utc(moment: datetime | None) -> datetime | None:
    # Optuna gives the local time of whoever reads, which a report must not depend on.
    try:
        return None if moment is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):  # At the ends of the calendar.
        return None


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # An integer past the range of floats.
        return None


def _accuracy(value: Any) -> float | None:
    accuracy = _number(value)
    return accuracy if accuracy is not None and 0 <= accuracy <= 1 else None


def _amount(value: Any) -> float | None:
    amount = _number(value)
    return amount if amount is not None and amount >= 0 else None


def _integer(value: Any) -> int | None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    # Tables hold integers of 64 bits.
    return value if is_integer and -(2**63) <= value < 2**63 else None


def _count(value: Any) -> int | None:
    count = _integer(value)
    return count if count is not None and count > 0 else None


def _text(value: Any) -> str | None:
    # JSON can tell of half a character, which no file and no terminal takes.
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else None


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def mapping_of(value: Any) -> dict[str, Any]:
    """Return a JSON object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def _numbers(value: Any) -> tuple[float, ...]:
    # What is no number becomes NaN, so that the others keep their epochs and classes.
    numbers = (_number(item) for item in _sequence(value))
    return tuple(math.nan if number is None else number for number in numbers)


def _integers(value: Any) -> tuple[int, ...]:
    integers = [_integer(item) for item in _sequence(value)]
    return tuple(integer for integer in integers if integer is not None)


def _matrix(value: Any) -> tuple[tuple[int, ...], ...]:
    rows = tuple(_integers(row) for row in _sequence(value))
    is_square = all(len(row) == len(rows) for row in rows)
    return rows if is_square else ()


def bytes_of(value: Any) -> bytes:
    """Return encoded bytes, as class labels; none where they cannot be read."""
    try:
        return decode_bytes(value) if isinstance(value, str) else b""
    except ValueError:
        return b""
