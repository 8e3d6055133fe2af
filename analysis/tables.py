"""The report's tables, made from records: one function per table, one row per thing it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from study.records import WINNER, FamilyRecord, RetrainedResult, TrialRecord

TRIAL_COLUMNS = (
    "family",
    "trial",
    "state",
    "validation_accuracy",
    "last_validation_accuracy",
    "epochs",
    "n_parameters",
    "forward_flops",
    "training_seconds",
    "sampler",
    "baseline",
    "seed",
    "failure",
    "started",
    "finished",
)
CURVE_COLUMNS = ("family", "trial", "state", "sampler", "epoch", "validation_accuracy")
RETRAINED_COLUMNS = (
    "family",
    "configuration",
    "augmented",
    "seed",
    "source_trial",
    "epochs",
    "test_accuracy",
    "training_accuracy",
    "gap",
    "n_parameters",
    "forward_flops",
    "model_bytes",
    "training_seconds",
    "milliseconds_per_image",
)
CONDITION = ["family", "configuration", "augmented"]
"""What a comparison's row stands for: the columns that the runs of one row have in common."""

CLASS_COLUMNS = (*CONDITION, "seed", "class", "precision", "recall", "f1")

NUMBERS = frozenset(
    {
        "validation_accuracy",
        "last_validation_accuracy",
        "n_parameters",
        "forward_flops",
        "training_seconds",
        "test_accuracy",
        "training_accuracy",
        "gap",
        "model_bytes",
        "milliseconds_per_image",
    }
)


def trials(families: Iterable[FamilyRecord]) -> pd.DataFrame:
    """Return one row a trial; `last_validation_accuracy` is what a pruned trial had reached."""
    rows = [_trial_row(family.family, trial) for family in families for trial in family.trials]
    return _frame(rows, TRIAL_COLUMNS)


def curves(families: Iterable[FamilyRecord]) -> pd.DataFrame:
    """Return one row a trial and epoch, with the validation accuracy in [0, 1]."""
    rows = [
        (family.family, trial.number, trial.state, trial.sampler, epoch, accuracy)
        for family in families
        for trial in family.trials
        for epoch, accuracy in trial.validation_accuracy
    ]
    return _frame(rows, CURVE_COLUMNS)


def hyperparameters(family: FamilyRecord) -> pd.DataFrame:
    """Return one row a trial, one column a hyperparameter, indexed by trial number."""
    rows = {trial.number: dict(trial.params) for trial in family.trials}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object).rename_axis("trial")


def retrained(results: Iterable[RetrainedResult]) -> pd.DataFrame:
    """Return one row a retrained model; `gap` is training minus test accuracy."""
    rows = [_retrained_row(result) for result in results]
    return _frame(rows, RETRAINED_COLUMNS)


def by_class(results: Iterable[RetrainedResult], classes: Sequence[str]) -> pd.DataFrame:
    """Return one row a retrained model and class, for the models with scores for each class."""
    rows = [
        (result.family, result.configuration, result.augmented, result.seed, name, *scores)
        for result in results
        if len(result.precision) == len(result.recall) == len(result.f1) == len(classes)
        for name, *scores in zip(classes, result.precision, result.recall, result.f1, strict=True)
    ]
    return _frame(rows, CLASS_COLUMNS)


def comparison(families: Sequence[str], runs: pd.DataFrame) -> pd.DataFrame:
    """Return the study's main table: one row per family, configuration and augmentation.

    Each winner has its two rows even where it has not been retrained (`n_seeds` is 0 there);
    baselines have the rows they were retrained for.

    Args:
        families: In the order of the rows.
        runs: As `retrained` returns it.

    Returns:
        Columns `family`, `configuration`, `augmented`, `n_seeds`, `test_accuracy` and
        `test_accuracy_sd` (sample standard deviation over seeds), `gap`, `gap_sd`, the means of
        `n_parameters`, `forward_flops`, `training_seconds` and `model_bytes`, and the median of
        `milliseconds_per_image` over all runs of the network, which augmentation does not change.
        Accuracies and gaps are shares in [0, 1].
    """
    grouped = runs.groupby(CONDITION, sort=False)
    table = grouped.agg(
        n_seeds=("seed", "size"),
        test_accuracy=("test_accuracy", "mean"),
        test_accuracy_sd=("test_accuracy", "std"),
        gap=("gap", "mean"),
        gap_sd=("gap", "std"),
        n_parameters=("n_parameters", "mean"),
        forward_flops=("forward_flops", "mean"),
        training_seconds=("training_seconds", "mean"),
        model_bytes=("model_bytes", "mean"),
    )
    times = runs.groupby(CONDITION[:2], sort=False)["milliseconds_per_image"].median()
    of_each_row = [times[condition[:2]] for condition in table.index]
    table.insert(table.columns.get_loc("model_bytes"), times.name, of_each_row)
    rows = [(family, WINNER, augmented) for family in families for augmented in (False, True)]
    named = sorted({row for row in table.index if row[1] != WINNER})
    wanted = pd.MultiIndex.from_tuples(rows + named, names=CONDITION)
    table = table.reindex(wanted).reset_index()
    table["n_seeds"] = table["n_seeds"].fillna(0).astype(int)
    return table


def _trial_row(family: str, trial: TrialRecord) -> tuple[object, ...]:
    curve = trial.validation_accuracy
    return (
        family,
        trial.number,
        trial.state,
        trial.value,
        curve[-1][1] if curve else None,
        len(curve),
        trial.n_parameters,
        trial.forward_flops,
        trial.training_seconds,
        trial.sampler,
        trial.baseline,
        trial.seed,
        trial.failure,
        trial.started,
        trial.finished,
    )


def _retrained_row(result: RetrainedResult) -> tuple[object, ...]:
    trained = result.training_accuracy
    return (
        result.family,
        result.configuration,
        result.augmented,
        result.seed,
        result.source_trial,
        result.epochs,
        result.test_accuracy,
        trained,
        None if trained is None else trained - result.test_accuracy,
        result.n_parameters,
        result.forward_flops,
        result.model_bytes,
        result.training_seconds,
        result.milliseconds_per_image,
    )


def _frame(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    # Without rows, or with None alone, pandas would make object columns that have no mean.
    return frame.astype({name: float for name in columns if name in NUMBERS})
