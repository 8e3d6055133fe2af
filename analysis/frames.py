"""What the report says as data frames: the tables that it writes as CSV, and importances."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from math import inf, nan
from statistics import fmean

import pandas as pd

from analysis import answer, effect_frames
from analysis.charts import importance as importance_chart
from analysis.checklist import check_all
from analysis.comparison_details import of_verdict
from analysis.comparisons import Comparison
from analysis.evidence import Evidence

VERDICT_COLUMNS = (
    "first_family",
    "first_augmented",
    "second_family",
    "second_augmented",
    "word",
    "difference",
    "low",
    "high",
    "confidence",
    "margin",
    "probability",
    "n_more_seeds",
    "n_seeds",
    "sentence",
)
IMPORTANCE_COLUMNS = (
    "family",
    "evaluator",
    "hyperparameter",
    "role",
    "share",
    "low",
    "high",
    "top_stability",
    "problem",
)


def verdicts(evidence: Evidence) -> pd.DataFrame:
    """Return one row a comparison; see `analysis.verdicts`."""
    rows = [_verdict_row(evidence, compared) for compared in evidence.verdicts]
    frame = pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))
    # Without an interval its ends are infinite, which a mean or a chart would trip over.
    frame[["low", "high"]] = frame[["low", "high"]].astype(float).replace([-inf, inf], nan)
    return frame.astype({"n_more_seeds": "Int64"})


def budgets(evidence: Evidence) -> pd.DataFrame:
    """Return one row a family; see `analysis.budgets`."""
    rows = [
        {**dataclasses.asdict(account), "pruned_share": account.pruned_share}
        for account in evidence.ledger
    ]
    return pd.DataFrame(rows).astype({"n_epochs": "Int64", "seconds": float, "flops": float})


def fairness(evidence: Evidence) -> pd.DataFrame:
    """Return one row a question; see `analysis.fairness`."""
    return pd.DataFrame(
        [
            {
                "question": check.question,
                "passed": check.passed,
                "problems": " ".join(check.problems),
                "remedy": "" if check.passed else check.remedy,
            }
            for check in check_all(evidence)
        ]
    )


def importance(evidence: Evidence) -> pd.DataFrame:
    """Return one row a family, method and hyperparameter; see `analysis.importance`."""
    found = importance_chart.compute(evidence)
    rows = found.shares.to_dict("records")
    for row in rows:
        stability = found.stability[row["family"], row["evaluator"]]
        row |= {"top_stability": stability, "problem": ""}
    rows += [
        {"family": family, "evaluator": evaluator, "problem": problem}
        for (family, evaluator), problem in found.problems.items()
    ]
    frame = pd.DataFrame(rows, columns=list(IMPORTANCE_COLUMNS))
    order = ["family", "evaluator", "share"]
    return frame.sort_values(order, ascending=[True, True, False], ignore_index=True)


def _verdict_row(evidence: Evidence, compared: Comparison) -> dict[str, object]:
    difference = fmean(compared.differences) if compared.differences else None
    return {
        "first_family": compared.first.family,
        "first_augmented": compared.first.augmented,
        "second_family": compared.second.family,
        "second_augmented": compared.second.augmented,
        **of_verdict(compared.verdict, difference),
        "n_seeds": len(compared.seeds),
        "sentence": answer.sentence(evidence, compared),
    }


FRAMES: Mapping[str, Callable[[Evidence], pd.DataFrame]] = {
    "comparison": lambda evidence: evidence.comparison,
    "verdicts": verdicts,
    "trials": lambda evidence: evidence.trials,
    "retrained": lambda evidence: evidence.retrained,
    "by_class": lambda evidence: evidence.by_class,
    "budgets": budgets,
    "fairness": fairness,
    "luck": effect_frames.luck,
    "effects": effect_frames.effects,
    "ablation": effect_frames.ablation,
    "f1_changes": effect_frames.f1_changes,
    "expected_best": effect_frames.expected_best,
}
"""The report's tables by file name; each takes milliseconds, as importances do not."""
