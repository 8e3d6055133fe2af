"""What stands behind the verdicts in `comparison.json`: selection, effects, ablation paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from analysis.ablations import Ablated, AblatedStep, ablated
from analysis.evidence import Evidence
from analysis.factorial import Effects, effects
from analysis.selection import CONFIDENCE as PREDICTION_CONFIDENCE
from analysis.selection import Selected, selected
from analysis.statistics.estimate import Estimate
from analysis.statistics.verdict import CONFIDENCE
from study.winners import best_trials, fresh_scores


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
    scores: Mapping[int, Mapping[int, float]] = fresh_scores(family, evidence.study.validated)
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
    }


def _step(step: AblatedStep) -> dict[str, Any]:
    return {
        "changed": step.changed or None,
        "before": step.before,
        "after": step.after,
        "accuracies": step.accuracies,
        "gain": None if step.gain is None else _estimate(step.gain),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {"mean": estimate.mean, **_interval(estimate.interval(CONFIDENCE), CONFIDENCE)}


def _interval(ends: Sequence[float] | None, confidence: float) -> dict[str, Any]:
    low, high = (None, None) if ends is None else ends
    return {"low": low, "high": high, "confidence": confidence}
