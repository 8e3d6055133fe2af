"""How much each hyperparameter mattered, how surely, and on which scores that is judged."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from analysis.fanova import Fanova
from analysis.ped_anova import PedAnova
from study.records import FamilyRecord, TrialRecord

FANOVA, PED_ANOVA = "fANOVA", "PED-ANOVA"
EVALUATORS = (FANOVA, PED_ANOVA)

MIN_TRIALS = 10
MIN_TOP_TRIALS, SHARE_OF_BEST = 5, 0.1
MAX_FANOVA_TRIALS = 2000
"""From more, so many are drawn at random: fANOVA's time grows with their square."""

SHARE_OF_TRIALS = 0.8
"""Scores count after the last epoch that so many of the trials have reached."""

N_TREES, N_RESAMPLES = 64, 50
N_FEWER_TREES, N_FANOVA_RESAMPLES = 8, 20
"""fANOVA takes its time; fewer trees make its intervals a little too wide."""

LARGEST = float(np.finfo(np.float32).max)
"""Beyond it a forest, which computes in 32 bits, knows no numbers."""

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
    return {
        FANOVA: _by_fanova(_at_most(MAX_FANOVA_TRIALS, trials)),
        PED_ANOVA: _by_ped_anova(trials),
    }


def _at_most(n: int, trials: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
    if len(trials) <= n:
        return trials
    chosen = np.random.default_rng(SEED).choice(len(trials), size=n, replace=False)
    return [trials[i] for i in sorted(chosen)]


def frozen_trials(family: FamilyRecord, scores: Scores) -> list[FrozenTrial]:
    """Return Optuna's own trials with the scores, without such outside their distributions."""
    made, problems = [], []
    for trial in family.trials:
        if trial.number in scores.values:
            try:
                made.append(_frozen(trial, scores.values[trial.number]))
            except (ValueError, ArithmeticError) as error:
                problems.append(f"trial {trial.number}: {error}")
    if problems:
        log.warning(
            "%s: %d trials left out of the importances, as %s",
            family.family,
            len(problems),
            problems[0],
        )
    return made


def _frozen(record: TrialRecord, score: float) -> FrozenTrial:
    names = [name for name in record.params if name in record.distributions]
    distributions = {
        name: optuna.distributions.json_to_distribution(record.distributions[name])
        for name in names
    }
    for name, one in distributions.items():
        if not _is_usable(one):
            raise ValueError(f"The range of {name!r} is too wide to compute with.")
    return optuna.trial.create_trial(
        params={name: record.params[name] for name in names},
        distributions=distributions,
        value=score,
    )


def _is_usable(distribution: BaseDistribution) -> bool:
    if not isinstance(distribution, (FloatDistribution, IntDistribution)):
        return True
    most = max(abs(distribution.low), abs(distribution.high))
    return bool(most < LARGEST)


def _problem(trials: Sequence[FrozenTrial]) -> str:
    if len(trials) < MIN_TRIALS:
        return f"too few trials ({len(trials)} of {MIN_TRIALS})"
    if not any(trial.params for trial in trials):
        return "no hyperparameters are recorded"
    return ""


_Shares = Mapping[str, float]

NO_DIFFERENCES = "no differences to explain"


def _by_fanova(trials: Sequence[FrozenTrial]) -> Importance:
    fanova = Fanova(trials)
    whole = fanova.importances(np.arange(len(trials)), n_trees=N_TREES, seed=SEED)
    resamples = (
        fanova.importances(draw, n_trees=N_FEWER_TREES, seed=SEED)
        for draw in _draws(len(trials), N_FANOVA_RESAMPLES)
    )
    return _summary(whole, resamples)


def _by_ped_anova(trials: Sequence[FrozenTrial]) -> Importance:
    n = len(trials)
    ped_anova = PedAnova(trials, quantile=max(SHARE_OF_BEST, MIN_TOP_TRIALS / n))
    whole, *resamples = ped_anova.importances(np.vstack([np.arange(n), _draws(n, N_RESAMPLES)]))
    return _summary(whole, resamples)


def _draws(n_trials: int, n_resamples: int) -> np.ndarray:
    """Return indices of trials drawn with replacement, a row a resample."""
    return np.random.default_rng(SEED).integers(n_trials, size=(n_resamples, n_trials))


def _summary(whole: _Shares, resamples: Iterable[_Shares]) -> Importance:
    """Return the shares of all trials with what resamples of them say."""
    shares = _normalized(whole)
    told = [one for one in map(_normalized, resamples) if one] if shares else []
    if not told:
        return Importance(shares={}, problem=NO_DIFFERENCES)
    top = max(shares, key=lambda name: shares[name])
    same = [max(one, key=lambda name: one[name]) == top for one in told]
    spread = {name: np.quantile([one.get(name, 0.0) for one in told], QUANTILES) for name in shares}
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


def _normalized(found: _Shares) -> _Shares:
    """Return shares that add up to 1; none where the hyperparameters make no difference."""
    total = sum(found.values())
    # All zero means that nothing was found. Normalised, it would pass for equal importance.
    if not math.isfinite(total) or total <= 0:
        return {}
    return {name: value / total for name, value in found.items()}
