"""Tables as a reader sees them: frames turned into rounded numbers with units."""

from __future__ import annotations

import pandas as pd

from analysis.document import Table
from analysis.evidence import Evidence
from analysis.labels import (
    MISSING,
    duration,
    family_label,
    mean_and_spread,
    megabytes,
    milliseconds,
    number,
    percent,
    value_text,
)
from study.records import WINNER


def comparison(evidence: Evidence) -> Table:
    """Return the study's main table, filled in as far as there are results."""
    return Table(
        caption=(
            "The winners retrained from scratch and tested once, before (no) and after (yes) "
            "augmentation: mean ± standard deviation over n seeds."
        ),
        columns=(
            "Model",
            "Augmentation",
            "Test accuracy",
            "Parameters",
            "Generalisation gap (training − test, percentage points)",  # noqa: RUF001
            "Training time",
            "Time per image",
            "Model size",
        ),
        rows=tuple(_comparison_row(row) for _, row in evidence.comparison.iterrows()),
    )


def winners(evidence: Evidence) -> Table:
    """Return each family's winner with what it was built from."""
    return Table(
        caption="Each family's winner: the completed trial with the highest validation accuracy.",
        columns=("Family", "Trial", "Validation accuracy", "Parameters", "Hyperparameters"),
        rows=tuple(
            (
                family_label(family),
                f"{trial.number}, {trial.baseline}" if trial.baseline else str(trial.number),
                percent(trial.value or 0.0),
                MISSING if trial.n_parameters is None else number(trial.n_parameters),
                ", ".join(f"{name} = {value_text(chosen)}" for name, chosen in trial.params.items())
                or MISSING,
            )
            for family, trial in evidence.winners.items()
        ),
    )


def model_label(family: str, configuration: str) -> str:
    """Return "custom CNN" for a winner, "custom CNN, V1" for a baseline."""
    if configuration == WINNER:
        return family_label(family)
    return f"{family_label(family)}, {configuration}"


def _comparison_row(row: pd.Series) -> tuple[str, ...]:
    tested = row["n_seeds"] > 0
    accuracy = mean_and_spread(row["test_accuracy"], row["test_accuracy_sd"], int(row["n_seeds"]))
    return (
        model_label(row["family"], row["configuration"]),
        "yes" if row["augmented"] else "no",
        accuracy if tested else "not retrained yet",
        number(row["n_parameters"]),
        _points(row["gap"], row["gap_sd"]),
        duration(row["training_seconds"]),
        milliseconds(row["milliseconds_per_image"]),
        megabytes(row["model_bytes"]),
    )


def _points(mean: float, spread: float) -> str:
    if pd.isna(mean):
        return MISSING
    return f"{100 * mean:.1f}" if pd.isna(spread) else f"{100 * mean:.1f} ± {100 * spread:.1f}"
