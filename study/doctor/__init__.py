"""What may be wrong with a database of studies: found by one check a file, repaired after a backup.

To add a check, write a file with a function like the others' and a line in `CHECKS` here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from study.doctor import (
    duplicates,
    half_written,
    integrity,
    leftovers,
    odd_records,
    orphans,
    stale,
    unreadable,
)
from study.doctor.patient import Finding, Patient

Check = Callable[[Patient], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "integrity": integrity.check,
    "orphaned": orphans.check,
    "unreadable": unreadable.check,
    "half-written": half_written.check,
    "stale": stale.check,
    "duplicated": duplicates.check,
    "odd": odd_records.check,
    "leftover": leftovers.check,
}
"""The checks by their names, in the order in which they are made."""

BLOCKING = ("integrity", "unreadable")
"""Where one of these finds something, no study can be read: it ends the examination."""

MAX_EXAMINATIONS = 3
"""With repairs between them: a repair may bring to light what could not be read before."""


def examine(patient: Patient) -> dict[str, list[Finding]]:
    """Return what each check found, as far as they could be made."""
    found: dict[str, list[Finding]] = {}
    for name, check in CHECKS.items():
        found[name] = list(check(patient))
        if found[name] and name in BLOCKING:
            break
    return found


def is_whole(found: Mapping[str, list[Finding]]) -> bool:
    """Return whether all checks could be made."""
    return len(found) == len(CHECKS)
