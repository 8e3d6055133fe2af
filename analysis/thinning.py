"""Which trials a chart of a large study shows: thousands of symbols make a page slow, not clear."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

MOST_TRIALS = 300
"""Of one family, in one panel."""

CAPTION = (
    f" Of more than {MOST_TRIALS} trials of a family the best {MOST_TRIALS // 2} and as many "
    "others, evenly spaced, are shown."
)


def shown(accuracies: Sequence[float], *, always: Collection[int] = ()) -> list[int]:
    """Return the places of the trials to show, ascending; all, where these are few enough.

    Args:
        accuracies: One a trial, in the order of the trials; NaN where there is none.
        always: Places that must not be left out, as the winner's; they come on top.
    """
    n = len(accuracies)
    if n <= MOST_TRIALS:
        return list(range(n))
    half = MOST_TRIALS // 2
    # Failed trials have no accuracy and are among the worst; equal ones stay in their order.
    ranked = np.argsort(-np.nan_to_num(np.asarray(accuracies, float), nan=-1.0), kind="stable")
    best = {int(place) for place in ranked[:half]}
    others = [place for place in range(n) if place not in best]
    even = {others[int(i)] for i in np.linspace(0, len(others) - 1, half)}
    return sorted(best | even | set(always))
