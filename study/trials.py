"""A search's trial on its way to a worker and back; the parent begins it and records its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState


@dataclass(frozen=True, kw_only=True)
class TrialTask:
    """A trial to train, its parameters being in the database.

    Attributes:
        family: Key of `search_spaces.SPACES`.
        trial_id: Optuna's number of the trial in the database.
        until_epoch: How many epochs are to be done in all, those before included.
    """

    family: str
    trial_id: int
    until_epoch: int


@dataclass(frozen=True, kw_only=True)
class TrialEnd:
    """What became of a trial.

    Attributes:
        state: COMPLETE, PRUNED or FAIL; RUNNING where it has paused and may go on.
        accuracy: Validation accuracy after the last epoch, of a COMPLETE one.
        failure: Why it failed, of a FAIL one.
    """

    state: TrialState
    accuracy: float | None = None
    failure: str | None = None


class TrialFailedError(Exception):
    """A trial gave no score; the message is the reason, for the record."""


def train_trial(train: Callable[[], float], *, is_whole: bool) -> TrialEnd:
    """Train a trial as far as it is to go, whatever comes of it.

    Args:
        train: Trains it and returns its validation accuracy.
        is_whole: Whether that is to its last epoch.
    """
    try:
        accuracy = train()
    except optuna.TrialPruned:
        return TrialEnd(state=TrialState.PRUNED)
    except UpdateFinishedTrialError:
        return TrialEnd(state=TrialState.FAIL, failure="was ended by another program")
    except TrialFailedError as error:
        return TrialEnd(state=TrialState.FAIL, failure=str(error))
    if is_whole:
        return TrialEnd(state=TrialState.COMPLETE, accuracy=accuracy)
    return TrialEnd(state=TrialState.RUNNING)
