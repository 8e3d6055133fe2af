"""What a program would want to know of two studies, see `comparison.schema.json`."""

from __future__ import annotations

from typing import Any

from analysis import comparison_json
from analysis.comparison_details import of_verdict
from analysis.comparisons import Comparison
from analysis.pair.evidence import Pair
from analysis.pair.orders import Order, lead
from analysis.pair.runs import Runs


def of_pair(pair: Pair) -> dict[str, Any]:
    """Return the content of `comparison.json`."""
    return {
        "schema_version": comparison_json.SCHEMA_VERSION,
        "kind": "pair",
        "margin": pair.margin,
        "studies": [comparison_json.of_study(known) for known in pair.studies],
        "same_test_images": not pair.why_not_judged,
        "why_not_judged": pair.why_not_judged or None,
        "n_same_models": pair.n_same_models,
        "in_common": [vars(fact) for fact in pair.in_common],
        "different": [vars(fact) for fact in pair.different],
        "verdicts": [_runs(runs) for runs in pair.runs],
        "orders": [_order(order) for order in pair.orders],
    }


def _runs(runs: Runs) -> dict[str, Any]:
    return {
        "family": runs.family,
        "augmented": runs.augmented,
        **of_verdict(runs.verdict, runs.difference),
        "seeds": runs.seeds,
        "by_image": runs.by_image,
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "families": order.families,
        "augmented": order.augmented,
        "agreement": order.agreement,
        "leads": [_lead(compared) for compared in order.verdicts],
    }


def _lead(compared: Comparison) -> dict[str, Any]:
    by = lead(compared)
    return {
        "leader": compared.first.family if by else None,
        "word": compared.verdict.word,
        "lead": by,
        "low": compared.verdict.low,
        "high": compared.verdict.high,
    }
