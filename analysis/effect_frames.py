"""What stands behind the verdicts as data frames: luck, effects, paths, classes, larger budgets."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from analysis import comparison_details
from analysis.charts import budget
from analysis.class_changes import class_changes
from analysis.evidence import Evidence

LUCK_COLUMNS = (
    *("family", "trial", "n_completed", "searched", "fresh", "luck"),
    *("low", "high", "confidence", "tested", "tested_augmented"),
)
EFFECT_COLUMNS = (
    *("first_family", "second_family", "effect"),
    *("mean", "low", "high", "confidence", "n_seeds"),
)
ABLATION_COLUMNS = (
    *("family", "baseline", "winner", "step", "changed", "before", "after"),
    *("validation_accuracy", "gain", "low", "high", "confidence", "n_seeds"),
)
F1_CHANGE_COLUMNS = ("family", "class", "change", "low", "high")
EXPECTED_BEST_COLUMNS = ("family", "n_trials", "validation_accuracy", "low", "high")

NUMBERS = frozenset(
    {
        *("searched", "fresh", "luck", "tested", "tested_augmented", "mean", "change", "gain"),
        *("validation_accuracy", "low", "high", "confidence"),
    }
)


def luck(evidence: Evidence) -> pd.DataFrame:
    """Return one row a winner; see `analysis.luck`."""
    return _frame(comparison_details.selection(evidence), LUCK_COLUMNS)


def effects(evidence: Evidence) -> pd.DataFrame:
    """Return one row an effect of a pair of families; see `analysis.effects`."""
    rows = [
        {
            "first_family": found["first"],
            "second_family": found["second"],
            "effect": name,
            **estimate,
            "n_seeds": len(found["seeds"]),
        }
        for found in comparison_details.factorial(evidence)
        for name, estimate in found["effects"].items()
    ]
    return _frame(rows, EFFECT_COLUMNS)


def ablation(evidence: Evidence) -> pd.DataFrame:
    """Return one row a step of each winner's path; see `analysis.ablation`."""
    rows = [
        {
            **path,
            **step,
            "step": number,
            "validation_accuracy": pd.Series(step["accuracies"]).mean(),
            **_gain(step["gain"]),
            "n_seeds": len(path["seeds"]),
        }
        for path in comparison_details.ablations(evidence)
        for number, step in enumerate(path["steps"])
    ]
    frame = _frame(rows, ABLATION_COLUMNS)
    for name in ("before", "after"):
        # Of many types: pandas would make one of those that are numbers.
        frame[name] = pd.Series([row[name] for row in rows], dtype=object)
    return frame


def f1_changes(evidence: Evidence) -> pd.DataFrame:
    """Return one row a winner and class; see `analysis.f1_changes`."""
    rows = [
        {**dataclasses.asdict(change), "class": change.label} for change in class_changes(evidence)
    ]
    return _frame(rows, F1_CHANGE_COLUMNS)


def expected_best(evidence: Evidence) -> pd.DataFrame:
    """Return one row a family and number of trials; see `analysis.expected_best`."""
    rows = [
        {
            "family": family,
            "n_trials": number,
            "validation_accuracy": best / 100,
            "low": low / 100,
            "high": high / 100,
        }
        for family, curve in budget.compute(evidence).curves.items()
        for number, (best, low, high) in enumerate(
            zip(curve.best, curve.low, curve.high, strict=True), start=1
        )
    ]
    return _frame(rows, EXPECTED_BEST_COLUMNS)


def _gain(estimate: dict[str, Any] | None) -> dict[str, Any]:
    if estimate is None:
        return {"gain": None, "low": None, "high": None, "confidence": None}
    return {**estimate, "gain": estimate["mean"]}


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    # Without rows, or with None alone, pandas would make object columns that have no mean.
    return frame.astype({name: float for name in columns if name in NUMBERS})
