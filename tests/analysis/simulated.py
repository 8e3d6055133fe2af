"""Made-up studies with a known truth, for the promises of the statistics: hits of models on images.

The tests look at as many as they have time for, `benchmarks.coverage` at more.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

N_STUDIES = 1000
SETTINGS = [(0.02, 0.3), (0.1, 0.5), (0.15, 1.0)]
"""Spread of the seeds, and of the images' tastes, in logits."""


def differences(
    n_seeds: int,
    *,
    gap: float,
    seed_spread: float,
    taste: float,
    n_studies: int = N_STUDIES,
    n_images: int = 400,
    part: int = 0,
) -> np.ndarray:
    """Return what synthetic studies find: shape (studies, seeds, images), values -1, 0 and 1.

    Args:
        n_seeds: Of each family.
        gap: True difference of accuracy.
        seed_spread: Standard deviation of a seed's effect, in logits.
        taste: By how much images suit one family better than the other, in logits.
        n_studies: How many studies.
        n_images: Test images of each.
        part: Of another one come other studies.
    """
    rng = np.random.default_rng([n_seeds, round(100 * gap), round(100 * seed_spread), part])
    difficulty = rng.normal(0, 1.5, (n_studies, 1, 1, n_images))
    tastes = rng.normal(0, taste, (n_studies, 2, 1, n_images))
    seeds = rng.normal(0, seed_spread, (n_studies, 2, n_seeds, 1))
    logits = 1.8 + difficulty + tastes + seeds
    logits[:, 0] += shift_for(gap, np.sqrt(1.5**2 + taste**2 + seed_spread**2))
    right = rng.random(logits.shape, dtype=np.float32) < special.expit(logits)
    return np.asarray(right[:, 0].astype(np.int8) - right[:, 1])


@functools.cache
def shift_for(gap: float, spread: float) -> float:
    """Return by how much all logits must rise for the accuracy to rise by a gap, on average."""
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()

    def accuracy(shift: float) -> float:
        return float(weights @ special.expit(1.8 + shift + spread * points))

    return float(optimize.brentq(lambda shift: accuracy(shift) - accuracy(0) - gap, -3, 3))


def nested_hits(
    rng: np.random.Generator,
    *,
    ease: np.ndarray,
    numbers: Sequence[int],
    draw_spread: float,
    seed_spread: float,
) -> list[np.ndarray]:
    """Return hits of models on images: image, draw and seed add up to the chance of a hit."""
    rights = []
    for n_seeds in numbers:
        skill = rng.normal(0, draw_spread) + rng.normal(0, seed_spread, (n_seeds, 1))
        rights.append((rng.uniform(size=(n_seeds, ease.size)) < ease + skill).astype(np.int8))
    return rights
