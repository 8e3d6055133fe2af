"""How much each hyperparameter mattered, how surely, and on which scores that is judged."""

from __future__ import annotations

import copy
import logging
import math
import warnings
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from analysis.fanova import Fanova
from study.records import FamilyRecord, TrialRecord

FANOVA, PED_ANOVA = "fANOVA", "PED-ANOVA"
EVALUATORS = (FANOVA, PED_ANOVA)

MIN_TRIALS = 10
MIN_TOP_TRIALS = 5
MAX_FANOVA_TRIALS = 2000
"""From more, so many are drawn at random: fANOVA's time grows with their square."""

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
    few = _at_most(MAX_FANOVA_TRIALS, trials)
    return {
        FANOVA: _resampled(
            _fanova(few, n_trees=N_TREES),
            _fanova(few, n_trees=N_FEWER_TREES),
            n_trials=len(few),
            n_resamples=N_FANOVA_RESAMPLES,
        ),
        PED_ANOVA: _resampled(
            _ped_anova(trials), _ped_anova(trials), n_trials=len(trials), n_resamples=N_RESAMPLES
        ),
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
            except ValueError as error:
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
    return optuna.trial.create_trial(
        params={name: record.params[name] for name in names},
        distributions={
            name: optuna.distributions.json_to_distribution(record.distributions[name])
            for name in names
        },
        value=score,
    )


def _problem(trials: Sequence[FrozenTrial]) -> str:
    if len(trials) < MIN_TRIALS:
        return f"too few trials ({len(trials)} of {MIN_TRIALS})"
    if not any(trial.params for trial in trials):
        return "no hyperparameters are recorded"
    return ""


_Shares = dict[str, float]

_Estimator = Callable[[np.ndarray], _Shares]
"""Gives shares from the trials of these indices, each as often as it is to count."""

NO_DIFFERENCES = "no differences to explain"


class _Given(InMemoryStorage):
    """An in-memory storage of given trials, numbered anew; Optuna's would copy each deeply."""

    def __init__(self, trials: Sequence[FrozenTrial]) -> None:
        super().__init__()
        self._given = [copy.copy(trial) for trial in trials]
        for number, trial in enumerate(self._given):
            # PED-ANOVA tells trials apart by this, and those just created all have the same.
            trial._trial_id = trial.number = number

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        return [trial for trial in self._given if states is None or trial.state in states]


def _fanova(trials: Sequence[FrozenTrial], *, n_trees: int) -> _Estimator:
    fanova = Fanova(trials)
    return lambda chosen: fanova.importances(chosen, n_trees=n_trees, seed=SEED)


def _ped_anova(trials: Sequence[FrozenTrial]) -> _Estimator:
    evaluator = PedAnovaImportanceEvaluator(target_quantile=max(0.1, MIN_TOP_TRIALS / len(trials)))

    def importances(chosen: np.ndarray) -> _Shares:
        # No `target` here: PED-ANOVA would then take a lower accuracy for the better one.
        return evaluator.evaluate(_study([trials[i] for i in chosen]))

    return importances


def _resampled(
    estimator: _Estimator, quicker: _Estimator, *, n_trials: int, n_resamples: int
) -> Importance:
    """Return the shares of all trials with what trials drawn with replacement make of them."""
    try:
        shares = _shares(estimator, np.arange(n_trials))
    except (ValueError, RuntimeError) as error:
        return Importance(shares={}, problem=f"Optuna could not tell: {error}")
    if not shares:
        return Importance(shares={}, problem=NO_DIFFERENCES)
    draws = np.random.default_rng(SEED).integers(n_trials, size=(n_resamples, n_trials))
    found = [_resample(quicker, draw) for draw in draws]
    return _summary(shares, [one for one in found if one])


def _resample(estimator: _Estimator, draw: np.ndarray) -> _Shares:
    try:
        return _shares(estimator, draw)
    except (ValueError, RuntimeError) as error:  # All drawn trials may be alike.
        log.debug("A resample says nothing of importances: %s", error)
        return {}


def _shares(estimator: _Estimator, chosen: np.ndarray) -> _Shares:
    """Return each hyperparameter's share; empty where they make no difference."""
    with warnings.catch_warnings():
        # A conditional hyperparameter used by one trial warns; the caption says so for all.
        warnings.simplefilter("ignore")
        found = estimator(chosen)
    total = sum(found.values())
    # All zero means that nothing was found. Normalised, it would pass for equal importance.
    if not math.isfinite(total) or total <= 0:
        return {}
    return {name: float(value) / total for name, value in found.items()}


def _summary(shares: _Shares, resamples: Sequence[_Shares]) -> Importance:
    if not resamples:
        return Importance(shares={}, problem=NO_DIFFERENCES)
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
        return optuna.create_study(direction="maximize", storage=_Given(trials))
    finally:
        optuna.logging.set_verbosity(level)
