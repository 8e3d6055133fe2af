"""What is worth its cost: points that no other is both cheaper and better than."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def on_front(costs: Sequence[float], scores: Sequence[float]) -> np.ndarray:
    """Return which points are on the Pareto front (Pareto 1906, "Manuale di economia politica").

    A point is on it if no other one costs no more and scores no less, and differs in one of both.
    Equal points are on it together.

    Args:
        costs: Less is better; points whose cost or score is not finite are on no front.
        scores: More is better; one a cost.

    Returns:
        Booleans, shape (n_points,).
    """
    front = np.zeros(len(costs), dtype=bool)
    best, cost_of_best = -math.inf, math.nan
    # From the cheapest on, and of equal cost from the best: each must beat all before it.
    for i in np.lexsort((-np.asarray(scores, float), np.asarray(costs, float))):
        cost, score = costs[i], scores[i]
        if not (math.isfinite(cost) and math.isfinite(score)):
            continue
        if score > best:
            best, cost_of_best = score, cost
            front[i] = True
        elif score == best and cost == cost_of_best:
            front[i] = True
    return front
