"""What a program would want to know of a report: `comparison.json`.

`comparison.schema.json` says what is in it, docs/comparison.md how to read it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from analysis import comparison_details
from analysis.checklist import Check, check_all
from analysis.comparisons import Comparison
from analysis.evidence import Evidence
from study.records import TrialRecord

FILE_NAME = "comparison.json"
SCHEMA = Path(__file__).with_name("comparison.schema.json")
SCHEMA_VERSION = 1
"""Rises where a program that read the file would misread it; new fields alone do not raise it."""


def of_study(evidence: Evidence) -> dict[str, Any]:
    """Return the content for one study's report."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "study",
        "name": evidence.study.name,
        "dataset": dataclasses.asdict(evidence.study.dataset),
        "margin": evidence.margin,
        "families": [
            {"family": family, "winner": _winner(evidence.winners.get(family))}
            for family in evidence.families
        ],
        "comparison": evidence.comparison.to_dict("records"),
        "verdicts": [_compared(compared) for compared in evidence.verdicts],
        "effects": comparison_details.factorial(evidence),
        "selection": comparison_details.selection(evidence),
        "ablations": comparison_details.ablations(evidence),
        "variance": comparison_details.variance(evidence),
        "redrawn": comparison_details.redrawn(evidence),
        "matched": comparison_details.matched_sizes(evidence),
        "ledger": [dataclasses.asdict(account) for account in evidence.ledger],
        "checklist": [_checked(check) for check in check_all(evidence)],
    }


def as_text(content: Mapping[str, Any]) -> str:
    """Return content as JSON; numbers that are none (NaN, infinities) become null."""
    return json.dumps(_plain(content), indent=2, allow_nan=False) + "\n"


def _winner(trial: TrialRecord | None) -> dict[str, Any] | None:
    if trial is None:
        return None
    return {
        "trial": trial.number,
        "baseline": trial.baseline,
        "params": trial.params,
        "validation_accuracy": trial.value,
        "n_parameters": trial.n_parameters,
        "forward_flops": trial.forward_flops,
    }


def _compared(compared: Comparison) -> dict[str, Any]:
    return {
        "first": dataclasses.asdict(compared.first),
        "second": dataclasses.asdict(compared.second),
        **comparison_details.of_verdict(
            compared.verdict, mean(compared.differences) if compared.differences else None
        ),
        "seeds": compared.seeds,
        "differences": compared.differences,
        "by_image": compared.by_image,
    }


def _checked(check: Check) -> dict[str, Any]:
    return {
        "question": check.question,
        "passed": check.passed,
        "problems": check.problems,
        "remedy": None if check.passed else check.remedy,
    }


def _plain(value: object) -> Any:
    """Return a value as JSON has it: of numpy's and pandas's numbers, Python's."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)
