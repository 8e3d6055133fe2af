"""What to try next: a sampler's choice, made from all that is known of paused trials, too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from search_spaces import SearchSpace

KNOWN = (TrialState.COMPLETE, TrialState.PRUNED)


def propose(
    trials: Iterable[FrozenTrial], space: SearchSpace, sampler: BaseSampler
) -> dict[str, Any]:
    """Return the parameters of a configuration to try next.

    A sampler learns nothing from a running trial, and to Optuna one that has paused is running. So
    the sampler is shown a copy of the study in which paused trials are pruned ones: those it ranks
    by how far they came, and by their score there.

    Args:
        trials: All trials of a search.
        space: The family.
        sampler: Of Optuna.
    """
    view = optuna.create_study(direction="maximize", sampler=sampler)
    view.add_trials([_as_seen(trial) for trial in trials if _is_seen(trial)])
    suggested = view.ask()
    space.suggest(suggested)
    return dict(suggested.params)


def _is_seen(trial: FrozenTrial) -> bool:
    return trial.state in KNOWN or (trial.state == TrialState.RUNNING and bool(trial.params))


def _as_seen(trial: FrozenTrial) -> FrozenTrial:
    state = trial.state
    if state == TrialState.RUNNING and trial.intermediate_values:
        state = TrialState.PRUNED
    return optuna.create_trial(
        state=state,
        value=trial.value if state == TrialState.COMPLETE else None,
        params=trial.params,
        distributions=trial.distributions,
        intermediate_values=trial.intermediate_values,
    )
