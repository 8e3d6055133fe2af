"""What stands behind the verdicts in `comparison.json`: luck, effects, paths, spread, size."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from analysis.ablations import Ablated, AblatedStep, ablated
from analysis.evidence import Evidence
from analysis.factorial import Effects, effects
from analysis.matched import FreshDifference, Matched, Trained, matched
from analysis.selection import CONFIDENCE as PREDICTION_CONFIDENCE
from analysis.selection import Selected, selected
from analysis.statistics.estimate import Estimate
from analysis.statistics.nested import CONFIDENCE as SPREAD_CONFIDENCE
from analysis.statistics.nested import Component
from analysis.statistics.verdict import CONFIDENCE, Verdict
from analysis.variance import Budget, RedrawnDifference, budgets, redrawn_differences
from study.winners import best_trials, fresh_scores


def of_verdict(verdict: Verdict, difference: float | None) -> dict[str, Any]:
    """Return a verdict; `difference` is known even where there are too few seeds to judge it."""
    judged = verdict.difference is not None
    return {
        "word": verdict.word,
        "difference": difference,
        "low": verdict.low,
        "high": verdict.high,
        "confidence": verdict.confidence,
        "margin": verdict.margin,
        "probability": verdict.probability() if judged else None,
        "n_more_seeds": verdict.n_more_seeds(),
    }


def selection(evidence: Evidence) -> list[dict[str, Any]]:
    """Return each winner's scores side by side, and those of all finalists."""
    return [_selected(found, evidence) for found in selected(evidence)]


def factorial(evidence: Evidence) -> list[dict[str, Any]]:
    """Return what family and augmentation do, of each pair of families that was run all ways."""
    study = evidence.study
    found = effects(evidence.results, families=evidence.families, test_labels=study.test_labels)
    return [_effects(one) for one in found]


def ablations(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the paths that end at the present winners, step by step."""
    winners = {family: trial.number for family, trial in evidence.winners.items()}
    return [_path(path) for path in ablated(evidence.study, winners)]


def variance(evidence: Evidence) -> list[dict[str, Any]]:
    """Return what each retrained winner's score owes to the sample, the seed and the images."""
    return [_budget(budget) for budget in budgets(evidence)]


def redrawn(evidence: Evidence) -> list[dict[str, Any]]:
    """Return what other samples of the training images do to each verdict's difference."""
    return [_redrawn(found) for found in redrawn_differences(evidence)]


def matched_sizes(evidence: Evidence) -> list[dict[str, Any]]:
    """Return what size has to do with the difference of each pair of families."""
    return [_matched(found) for found in matched(evidence)]


def _selected(found: Selected, evidence: Evidence) -> dict[str, Any]:
    interval = found.luck_interval()
    return {
        "family": found.family,
        "trial": found.trial,
        "n_completed": found.n_completed,
        "searched": found.searched,
        "fresh": fmean(found.fresh) if found.fresh else None,
        "luck": found.luck,
        **_interval(interval, PREDICTION_CONFIDENCE),
        "tested": found.tested.get(False),
        "tested_augmented": found.tested.get(True),
        "finalists": _finalists(found.family, evidence),
    }


def _finalists(family: str, evidence: Evidence) -> list[dict[str, Any]]:
    """Return those that were trained anew, the best of the search first."""
    scores: Mapping[int, Mapping[int, float]] = fresh_scores(
        evidence.family(family), evidence.study.validated
    )
    return [
        {
            "trial": trial.number,
            "searched": trial.value,
            "seeds": sorted(scores[trial.number]),
            "fresh": [scores[trial.number][seed] for seed in sorted(scores[trial.number])],
        }
        for trial in best_trials(evidence.family(family))
        if trial.number in scores
    ]


def _effects(found: Effects) -> dict[str, Any]:
    return {
        "first": found.first,
        "second": found.second,
        "seeds": found.seeds,
        "effects": {name: _estimate(mean) for name, mean in found.by_name.items()},
    }


def _path(path: Ablated) -> dict[str, Any]:
    return {
        "family": path.family,
        "baseline": path.baseline,
        "winner": path.winner,
        "seeds": path.seeds,
        "steps": [_step(step) for step in path.steps],
        "gain": None if path.gain is None else _estimate(path.gain),
    }


def _step(step: AblatedStep) -> dict[str, Any]:
    return {
        "changed": step.changed or None,
        "before": step.before,
        "after": step.after,
        "accuracies": step.accuracies,
        "gain": None if step.gain is None else _estimate(step.gain),
    }


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        **dataclasses.asdict(budget.condition),
        "seeds_by_draw": budget.seeds,
        "sources": {
            _name(source): _spread(component) for source, component in budget.components.items()
        },
        "not_known": {_name(source): reason for source, reason in budget.lacking.items()},
    }


def _name(source: str) -> str:
    return source.replace(" ", "_")


def _spread(component: Component | None) -> dict[str, Any] | None:
    if component is None:
        return None
    return {
        "deviation": component.deviation,
        **_interval(component.deviations, SPREAD_CONFIDENCE),
        "was_negative": component.was_negative,
    }


def _redrawn(found: RedrawnDifference) -> dict[str, Any]:
    return {
        "first": dataclasses.asdict(found.compared.first),
        "second": dataclasses.asdict(found.compared.second),
        "differences": found.by_draw,
        "sample_draw": _spread(found.component),
    }


def _matched(found: Matched) -> dict[str, Any]:
    match = found.match
    rival = None
    if match.trial is not None:
        rival = _trained(Trained(family=match.larger.family, trial=match.trial))
    return {
        "larger": _trained(Trained(family=match.larger.family, trial=match.larger.trial)),
        "smaller": _trained(Trained(family=match.smaller.family, trial=match.smaller.trial)),
        "most_parameters": match.limit,
        "rival": rival,
        "as_they_are": _fresh(found.unmatched),
        "at_matched_size": _fresh(found.matched),
    }


def _trained(one: Trained) -> dict[str, Any]:
    return {
        "family": one.family,
        "trial": one.trial.number,
        "n_parameters": one.trial.n_parameters,
    }


def _fresh(found: FreshDifference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "first": _trained(found.first),
        "second": _trained(found.second),
        **of_verdict(found.verdict, fmean(found.differences)),
        "seeds": found.seeds,
        "differences": found.differences,
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {"mean": estimate.mean, **_interval(estimate.interval(CONFIDENCE), CONFIDENCE)}


def _interval(ends: Sequence[float] | None, confidence: float) -> dict[str, Any]:
    low, high = (None, None) if ends is None else ends
    return {"low": low, "high": high, "confidence": confidence}
