"""Which of two families wins in each of two studies, and whether these agree.

Accuracies on two datasets cannot be subtracted from each other, as one may be easier, but each
study's verdict on its own families can be laid beside the other's.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from statistics import mean

from analysis.comparisons import Comparison
from analysis.evidence import Evidence
from analysis.statistics.verdict import BETTER, EQUIVALENT, UNDECIDED

SAME, OPPOSITE, DIFFERENT = "SAME", "OPPOSITE", "DIFFERENT"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Two families under one augmentation, in two studies.

    Attributes:
        families: The two, in alphabetical order.
        augmented: Whether they were trained with augmentation.
        verdicts: Of the first and of the second study on the two.
    """

    families: tuple[str, str]
    augmented: bool
    verdicts: tuple[Comparison, Comparison]

    @property
    def agreement(self) -> str:
        """Return whether the two verdicts agree.

        SAME, if both call the same family BETTER or both find the two EQUIVALENT; OPPOSITE, if each
        calls another family BETTER; DIFFERENT, if one finds a winner and the other EQUIVALENT;
        UNDECIDED, if one of them is.
        """
        words = {compared.verdict.word for compared in self.verdicts}
        if UNDECIDED in words:
            return UNDECIDED
        if words == {BETTER, EQUIVALENT}:
            return DIFFERENT
        first, second = self.verdicts
        return SAME if words == {EQUIVALENT} or first.first == second.first else OPPOSITE


def lead(compared: Comparison) -> float | None:
    """Return by how much the first is ahead, at least 0; None where nothing can be compared."""
    return mean(compared.differences) if compared.differences else None


def compare_orders(first: Evidence, second: Evidence) -> tuple[Order, ...]:
    """Return the orders of each pair of families that both studies have compared."""
    common = [family for family in first.families if family in second.families]
    orders = []
    for augmented in (True, False):
        for families in itertools.combinations(common, 2):
            found = [_compared(known, families, augmented) for known in (first, second)]
            one, other = found
            if one is not None and other is not None:
                orders.append(Order(families=families, augmented=augmented, verdicts=(one, other)))
    return tuple(orders)


def _compared(known: Evidence, families: tuple[str, str], augmented: bool) -> Comparison | None:
    for compared in known.verdicts:
        if (
            compared.is_of_families
            and compared.first.augmented == augmented
            and {compared.first.family, compared.second.family} == set(families)
        ):
            return compared
    return None
