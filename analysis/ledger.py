"""What each family's search was given and spent: the budget that a comparison owes to both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from analysis.labels import duration, family_label, joined, number
from study.records import FINISHED, INTERRUPTED, FamilyRecord, TrialRecord

TRAINED = {"COMPLETE", "PRUNED"}
"""States of trials that have surely been trained, whatever was recorded of it."""

BACKWARD_PASSES = 2
"""A step's backward pass takes about twice the arithmetic of its forward pass: one product for the
gradient of the inputs and one for that of the weights."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What one family's search spent.

    Attributes:
        family: The family.
        n_trials: Finished trials, those that the user interrupted left out.
        n_completed: Trials trained to the end.
        n_pruned: Trials ended early.
        n_failed: Trials that failed, interrupted ones left out.
        n_epochs: Epochs of all trials, interrupted ones included: they were spent; None where those
            of a trial were not recorded.
        seconds: Wall time of training and validating; None where that of a trial was not recorded.
        flops: Floating-point operations of training, by the forward pass; None where not recorded.
        lost_seconds: Wall time beside `seconds`, of training that was cut short or done again.
        lost_epochs: Whole epochs beside `n_epochs`, which were trained again.
    """

    family: str
    n_trials: int
    n_completed: int
    n_pruned: int
    n_failed: int
    n_epochs: int | None
    seconds: float | None
    flops: float | None
    lost_seconds: float = 0.0
    lost_epochs: int = 0

    @property
    def pruned_share(self) -> float:
        """Return the share of trials that were pruned, in [0, 1]; 0 without trials."""
        return self.n_pruned / self.n_trials if self.n_trials else 0.0


def accounts(families: Iterable[FamilyRecord], *, n_train: int | None) -> tuple[Account, ...]:
    """Return each family's account, in their order; `n_train` are the images of an epoch."""
    return tuple(_account(family, n_train) for family in families)


def counted(family: FamilyRecord) -> list[TrialRecord]:
    """Return a family's finished trials without those that the user interrupted."""
    return [
        trial for trial in family.trials if trial.state in FINISHED and trial.failure != INTERRUPTED
    ]


def warnings(ledger: tuple[Account, ...]) -> tuple[str, ...]:
    """Return a sentence for each way in which the budgets differ by more than is fair."""
    if len(ledger) < 2:
        return ()
    said = []
    for what, spent, shown, most in _BUDGETS:
        amounts = [amount for account in ledger if (amount := spent(account)) is not None]
        # What one family did not record cannot be compared.
        if len(amounts) == len(ledger) and _ratio(amounts) > most:
            said.append(_warning(what, ledger, [shown(amount) for amount in amounts]))
    return tuple(said)


_Spent = Callable[[Account], float | None]

_BUDGETS: tuple[tuple[str, _Spent, Callable[[float], str], float], ...] = (
    ("trials", lambda account: account.n_trials, number, 1.0),
    ("epochs", lambda account: account.n_epochs, number, 1.25),
    ("training time", lambda account: account.seconds, duration, 1.5),
)
"""What is counted, how, how it is shown, and by which factor it may differ.

How many trials asynchronous halving lets go on is in part chance: at 50 trials it was 136 epochs
against 152. Time cannot be equal if trials and epochs are: what one network costs more is part of
what is compared.
"""


def _account(family: FamilyRecord, n_train: int | None) -> Account:
    states = [trial.state for trial in counted(family)]
    trained = [trial for trial in family.trials if trial.state in TRAINED]
    has_curves = all(trial.validation_accuracy for trial in trained)
    has_times = all(trial.training_seconds is not None for trial in trained)
    n_epochs = sum(len(trial.validation_accuracy) for trial in family.trials)
    seconds = sum(trial.training_seconds or 0.0 for trial in family.trials)
    return Account(
        family=family.family,
        n_trials=len(states),
        n_completed=states.count("COMPLETE"),
        n_pruned=states.count("PRUNED"),
        n_failed=states.count("FAIL"),
        n_epochs=n_epochs if has_curves else None,
        seconds=seconds if has_times else None,
        flops=_flops(family.trials, n_train),
        lost_seconds=sum(trial.lost_seconds or 0.0 for trial in family.trials),
        lost_epochs=sum(trial.lost_epochs or 0 for trial in family.trials),
    )


def _flops(trials: Iterable[TrialRecord], n_train: int | None) -> float | None:
    trained = [trial for trial in trials if trial.validation_accuracy]
    if n_train is None or any(trial.forward_flops is None for trial in trained):
        return None
    passes = 1 + BACKWARD_PASSES
    return float(
        sum(
            passes * (trial.forward_flops or 0) * n_train * len(trial.validation_accuracy)
            for trial in trained
        )
    )


def _ratio(amounts: list[float]) -> float:
    least, most = min(amounts), max(amounts)
    if least == most:
        return 1.0
    return most / least if least > 0 else float("inf")


def _warning(what: str, ledger: tuple[Account, ...], amounts: list[str]) -> str:
    pairs = zip(ledger, amounts, strict=True)
    listed = joined([f"{family_label(one.family)} {amount}" for one, amount in pairs])
    if what == "training time":
        are_equal = len({account.n_trials for account in ledger}) == 1
        begins = "Equal trials took unequal training time" if are_equal else "Unequal training time"
        return (
            f"{begins}: {listed}. Where time is what counts, the family that took longer had the "
            "larger budget."
        )
    return (
        f"Unequal budgets: the {what} were {listed}. The family with more had more chances to find "
        "a good model, so this is no fair comparison yet. Run more trials of the other."
    )
