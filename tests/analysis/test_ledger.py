"""What each search spent, and when that is not fair."""

from __future__ import annotations

import pytest

from analysis import ledger
from study.records import INTERRUPTED, FamilyRecord, TrialRecord


def trial(
    number: int,
    state: str = "COMPLETE",
    *,
    epochs: int = 8,
    seconds: float | None = 10.0,
    flops: int | None = 100,
    failure: str | None = None,
    lost: tuple[float | None, int | None] = (None, None),
) -> TrialRecord:
    return TrialRecord(
        number=number,
        state=state,
        validation_accuracy=tuple((epoch, 0.5) for epoch in range(1, epochs + 1)),
        training_seconds=seconds,
        forward_flops=flops,
        failure=failure,
        lost_seconds=lost[0],
        lost_epochs=lost[1],
    )


def family(name: str, *trials: TrialRecord) -> FamilyRecord:
    return FamilyRecord(family=name, trials=trials)


def test_an_account_adds_up_all_that_was_spent():
    (account,) = ledger.accounts(
        [
            family(
                "one",
                trial(0),
                trial(1, "PRUNED", epochs=2, seconds=3.0, flops=50, lost=(4.0, 2)),
                trial(2, "FAIL", epochs=1, seconds=None, failure="out of memory"),
                trial(3, "FAIL", epochs=3, seconds=4.0, failure=INTERRUPTED),
                trial(4, "RUNNING", epochs=1, seconds=None, lost=(2.5, None)),
            )
        ],
        n_train=1000,
    )
    assert (account.n_trials, account.n_completed, account.n_pruned, account.n_failed) == (
        *(3, 1, 1, 1),
    )
    assert account.n_epochs == 8 + 2 + 1 + 3 + 1
    assert account.seconds == 17.0
    assert (account.lost_seconds, account.lost_epochs) == (6.5, 2)
    assert account.flops == 3 * 1000 * (100 * 8 + 50 * 2 + 100 * (1 + 3 + 1))
    assert account.pruned_share == pytest.approx(1 / 3)


def test_operations_are_unknown_where_one_trained_trial_lacks_them():
    untrained = trial(1, "FAIL", epochs=0, flops=None)
    lacking = trial(2, flops=None)
    (known,) = ledger.accounts([family("one", trial(0), untrained)], n_train=10)
    (unknown,) = ledger.accounts([family("one", trial(0), lacking)], n_train=10)
    (no_images,) = ledger.accounts([family("one", trial(0))], n_train=None)
    assert known.flops == 3 * 10 * 100 * 8
    assert unknown.flops is None
    assert no_images.flops is None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ([trial(0), trial(1)], []),
        ([trial(0), trial(1), trial(2)], ["Unequal budgets: the trials were one 2 and other 3"]),
        ([trial(0), trial(1, epochs=7)], []),
        ([trial(0), trial(1, epochs=4)], ["Unequal budgets: the epochs were one 16 and other 12"]),
        ([trial(0), trial(1, seconds=19.0)], []),
        ([trial(0), trial(1, seconds=21.0)], ["Equal trials took unequal training time"]),
        ([], ["trials were", "epochs were"]),
    ],
)
def test_budgets_that_differ_are_told(other, words):
    accounts = ledger.accounts(
        [family("one", trial(0), trial(1)), family("other", *other)], n_train=None
    )
    found = ledger.warnings(accounts)
    for word in words:
        assert any(word in sentence for sentence in found)
    assert bool(found) == bool(words)


@pytest.mark.parametrize("lacks", [{"epochs": 0}, {"seconds": None}])
def test_what_one_family_did_not_record_is_not_compared(lacks):
    one, other = ledger.accounts(
        [family("one", trial(0), trial(1)), family("other", trial(0), trial(1, **lacks))],
        n_train=None,
    )
    assert (one.n_epochs, one.seconds) == (16, 20.0)
    assert {other.n_epochs is None: "epochs", other.seconds is None: "seconds"}[True] in lacks
    assert ledger.warnings((one, other)) == ()


def test_unequal_trials_are_not_called_equal_where_time_differs_too():
    accounts = ledger.accounts(
        [family("one", trial(0)), family("other", *map(trial, range(5)))], n_train=None
    )
    *_, time = ledger.warnings(accounts)
    assert time.startswith("Unequal training time: one 10.0 s and other 50.0 s.")


def test_one_family_alone_has_nothing_to_be_unequal_to():
    assert ledger.warnings(ledger.accounts([family("one", trial(0))], n_train=None)) == ()
