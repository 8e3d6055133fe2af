"""How much each hyperparameter mattered, how surely, and on which scores that is judged."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)
from optuna.trial import FrozenTrial

from study.records import FamilyRecord, TrialRecord

FANOVA, PED_ANOVA = "fANOVA", "PED-ANOVA"
EVALUATORS = (FANOVA, PED_ANOVA)

MIN_TRIALS = 10
MIN_TOP_TRIALS = 5
MAX_FANOVA_TRIALS = 1000
SHARE_OF_TRIALS = 0.8
"""Scores count after the last epoch that so many of the trials have reached."""

N_TREES, N_RESAMPLES = 64, 50
N_FEWER_TREES, N_FANOVA_RESAMPLES = 8, 20
"""fANOVA takes its time; fewer trees make its intervals a little too wide."""

QUANTILES = (0.05, 0.95)
SEED = 0

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Which scores importance is judged on.

    Attributes:
        epoch: After which epoch all were taken; None for those of completed trials.
        values: Accuracy in [0, 1] by number of the trial.
        n_trials: Trials that completed or were pruned.
        n_completed: Trials that completed.
    """

    epoch: int | None
    values: Mapping[int, float]
    n_trials: int
    n_completed: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """A hyperparameter's share of the importance, in [0, 1], with a 90 % interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Importance:
    """What one evaluator says of a family.

    Attributes:
        shares: By hyperparameter; they add up to 1. Empty where there is a problem.
        top_stability: Share of the resamples with the same hyperparameter on top, in [0, 1].
        problem: Why there are no shares; empty where there are.
    """

    shares: Mapping[str, Share]
    top_stability: float = math.nan
    problem: str = ""


def comparable_scores(family: FamilyRecord) -> Scores:
    """Return the scores that are fair to compare.

    A pruned trial has no final score, and leaving all pruned trials out would leave out the worst:
    what made them so would not be seen. So the scores are those after the last epoch that four
    fifths of the trials have reached; after the last epoch of all if that many have completed.
    """
    ended = [trial for trial in family.trials if trial.state in ("COMPLETE", "PRUNED")]
    completed = {
        trial.number: trial.value
        for trial in ended
        if trial.state == "COMPLETE" and trial.value is not None and math.isfinite(trial.value)
    }
    wanted = max(1, math.ceil(SHARE_OF_TRIALS * len(ended)))
    epoch, values = None, completed
    if len(completed) < wanted:
        by_epoch: dict[int, dict[int, float]] = {}
        for trial in ended:
            for reached, accuracy in trial.validation_accuracy:
                if math.isfinite(accuracy):
                    by_epoch.setdefault(reached, {})[trial.number] = accuracy
        common = [reached for reached, scores in by_epoch.items() if len(scores) >= wanted]
        if common:
            epoch = max(common)
            values = by_epoch[epoch]
    return Scores(epoch=epoch, values=values, n_trials=len(ended), n_completed=len(completed))


def estimate(family: FamilyRecord, scores: Scores) -> dict[str, Importance]:
    """Return what each of `EVALUATORS` says, with 90 % bootstrap intervals over trials.

    fANOVA (Hutter, Hoos, Leyton-Brown 2014) shares out the variance of accuracy over the space, as
    a random forest models it. PED-ANOVA (Watanabe, Bansal, Hutter 2023) asks what tells the best
    trials from the rest, the best tenth here, but at least five trials.
    """
    trials = frozen_trials(family, scores)
    problem = _problem(trials)
    if problem:
        return dict.fromkeys(EVALUATORS, Importance(shares={}, problem=problem))
    ped_anova = _ped_anova(len(trials))
    found = {PED_ANOVA: _resampled(trials, ped_anova, ped_anova, N_RESAMPLES)}
    if len(trials) > MAX_FANOVA_TRIALS:
        reason = f"{FANOVA} is left out: it would take minutes for {len(trials)} trials"
        return {FANOVA: Importance(shares={}, problem=reason), **found}
    forest, smaller = (
        FanovaImportanceEvaluator(n_trees=n_trees, seed=SEED)
        for n_trees in (N_TREES, N_FEWER_TREES)
    )
    return {FANOVA: _resampled(trials, forest, smaller, N_FANOVA_RESAMPLES), **found}


def _ped_anova(n_trials: int) -> BaseImportanceEvaluator:
    return PedAnovaImportanceEvaluator(target_quantile=max(0.1, MIN_TOP_TRIALS / n_trials))


def frozen_trials(family: FamilyRecord, scores: Scores) -> list[FrozenTrial]:
    """Return Optuna's own trials with the scores, without such outside their distributions."""
    made = [
        _frozen(trial, scores.values[trial.number])
        for trial in family.trials
        if trial.number in scores.values
    ]
    return [trial for trial in made if trial is not None]


def _frozen(record: TrialRecord, score: float) -> FrozenTrial | None:
    names = [name for name in record.params if name in record.distributions]
    try:
        return optuna.trial.create_trial(
            params={name: record.params[name] for name in names},
            distributions={
                name: optuna.distributions.json_to_distribution(record.distributions[name])
                for name in names
            },
            value=score,
        )
    except ValueError as error:
        log.warning("Trial %d is left out of the importances: %s", record.number, error)
        return None


def _problem(trials: Sequence[FrozenTrial]) -> str:
    if len(trials) < MIN_TRIALS:
        return f"too few trials ({len(trials)} of {MIN_TRIALS})"
    if not any(trial.params for trial in trials):
        return "no hyperparameters are recorded"
    return ""


_Shares = dict[str, float]


def _resampled(
    trials: Sequence[FrozenTrial],
    evaluator: BaseImportanceEvaluator,
    quicker: BaseImportanceEvaluator,
    n_resamples: int,
) -> Importance:
    """Return the shares of all trials with what trials drawn with replacement make of them."""
    shares = _shares(evaluator, _study(trials))
    if not shares:
        return Importance(shares={}, problem="no differences to explain")
    rng = np.random.default_rng(SEED)
    draws = rng.integers(len(trials), size=(n_resamples, len(trials)))
    found = [_shares(quicker, _study([trials[i] for i in draw])) for draw in draws]
    return _summary(shares, [one for one in found if one])


def _shares(evaluator: BaseImportanceEvaluator, study: optuna.Study) -> _Shares:
    """Return each hyperparameter's share; empty where nothing can be told."""
    try:
        with warnings.catch_warnings():
            # A conditional hyperparameter used by one trial warns; the caption says so for all.
            warnings.simplefilter("ignore")
            # No `target` here: PED-ANOVA would then take a lower accuracy for the better one.
            found = evaluator.evaluate(study)
    except (ValueError, RuntimeError) as error:
        log.debug("No importances: %s", error)
        return {}
    total = sum(found.values())
    # All zero means that nothing was found. Normalised, it would pass for equal importance.
    if not math.isfinite(total) or total <= 0:
        return {}
    return {name: float(value) / total for name, value in found.items()}


def _summary(shares: _Shares, resamples: Sequence[_Shares]) -> Importance:
    if not resamples:
        return Importance(shares={}, problem="no differences to explain")
    top = max(shares, key=lambda name: shares[name])
    same = [max(one, key=lambda name: one[name]) == top for one in resamples]
    spread = {
        name: np.quantile([one.get(name, 0.0) for one in resamples], QUANTILES) for name in shares
    }
    return Importance(
        shares={
            name: Share(
                share=share,
                low=min(share, float(spread[name][0])),
                high=max(share, float(spread[name][1])),
            )
            for name, share in shares.items()
        },
        top_stability=float(np.mean(same)),
    )


def _study(trials: Sequence[FrozenTrial]) -> optuna.Study:
    """Return an in-memory Optuna study of trials, higher being better."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(direction="maximize")
    finally:
        optuna.logging.set_verbosity(level)
    study.add_trials(trials)
    return study
