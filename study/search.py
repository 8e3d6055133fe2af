"""Run the trials: families take turns, so that wherever a search stops, budgets are equal."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from study.config import SearchConfig
from study.interruption import deferred_interrupts
from study.objective import Objective, TrialFailedError
from study.progress import Progress
from study.samplers import SAMPLERS
from study.seeds import derive_seed
from study.storage.reading import trial_record
from study.studies import abandon, n_spent

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FamilySearch:
    """One family's Optuna study and its objective."""

    family: str
    optuna_study: optuna.Study
    objective: Objective


def run_search(
    searches: Sequence[FamilySearch], *, config: SearchConfig, progress: Progress
) -> None:
    """Run trials until each family has spent its budget or the time is up.

    A round gives one trial to each family that has some left. The time budget is looked at between
    rounds, so it is overrun by at most one round, and never by one family alone.

    Raises:
        KeyboardInterrupt: If the user stopped it; the running trial is queued to be tried again.
    """
    deadline = time.monotonic() + (config.time_budget_seconds or float("inf"))
    for search in searches:
        records = [trial_record(trial) for trial in search.optuna_study.get_trials(deepcopy=False)]
        progress.family_started(search.family, records, target=config.n_trials)
    while pending := _pending(searches, target=config.n_trials):
        if time.monotonic() >= deadline:
            logger.info("The time budget is spent; no new round of trials begins.")
            return
        for search in pending:
            with deferred_interrupts():
                trial = run_trial(search, config=config)
            progress.trial_finished(search.family, trial_record(trial))


def run_trial(search: FamilySearch, *, config: SearchConfig) -> optuna.trial.FrozenTrial:
    """Run one trial to its end, whatever that is, and return it."""
    optuna_study = search.optuna_study
    # A seed of its own for each trial: a continued search must not repeat its first suggestions.
    n_existing = len(optuna_study.get_trials(deepcopy=False))
    seed = derive_seed(config.seed, search.family, "sampler", n_existing)
    optuna_study.sampler = SAMPLERS[config.sampler](seed)
    trial = optuna_study.ask()
    try:
        accuracy = search.objective(trial)
    except optuna.TrialPruned:
        return optuna_study.tell(trial, state=TrialState.PRUNED)
    except TrialFailedError as error:
        trial.set_user_attr("failure", str(error))
        logger.warning("%s trial %d failed: %s", search.family, trial.number, error)
        return optuna_study.tell(trial, state=TrialState.FAIL)
    except KeyboardInterrupt:
        abandon(optuna_study, trial)
        raise
    return optuna_study.tell(trial, accuracy)


def _pending(searches: Sequence[FamilySearch], *, target: int) -> list[FamilySearch]:
    # Counted in the database each time: another process may be at work on the same budget.
    spent = [(n_spent(search.optuna_study), search) for search in searches]
    # A family that is behind (a run was interrupted within a round) catches up first.
    fewest = min(n_trials for n_trials, _ in spent)
    return [search for n_trials, search in spent if n_trials == fewest < target]
