"""The difference of two runs that share their test images, but not their seeds.

A seed's number says nothing from one run to another: it begins random numbers that two different
networks, samples or versions of a library use in different ways. So seeds are no pairs, and two
runs need not have as many. Every model is tested on the same images all the same, so images are
crossed with the models of both runs, as in `analysis.statistics.crossed`: their part of the
variance is that of the difference of one image's means.

The seeds' part is the sum of the two runs' parts, with the degrees of freedom of Welch (1947, "The
generalization of Student's problem when several different population variances are involved",
Biometrika 34), but no more than two runs of the smaller number of seeds would have: where two seeds
of one run happen to agree, Welch's number is that of the other run, and intervals cover 89 to 94 %
with 2 seeds against 4 to 10, in place of 95. Pairing seeds at random is valid too, but throws away
half of the degrees of freedom.

Were the same seeds to make both runs good or bad, the interval would be wider than it need be.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from analysis.statistics.crossed import MIN_SEEDS, crossed_mean
from analysis.statistics.estimate import Estimate


@dataclass(frozen=True, kw_only=True)
class UnpairedDifference(Estimate):
    """A difference of two means over seeds of their own and the same images.

    Attributes:
        mean: First less second, in the unit of the values.
        n_seeds: Of the run with fewer, at least 2.
        seeds: Of the first and of the second run.
        seed_variances: Sample variance between one run's models, for the first and the second.
        n_images: At least 2.
        image_variance: Variance between images of the difference that endless seeds would show.
    """

    seeds: tuple[int, int]
    seed_variances: tuple[float, float]
    n_images: int
    image_variance: float

    @property
    def seeds_variance(self) -> float:
        """Return the share of the difference's variance that more seeds would lower."""
        return sum(self._parts())

    @property
    def images_variance(self) -> float:
        """Return the share of the difference's variance that only more images would lower."""
        return self.image_variance / self.n_images

    @property
    def degrees_of_freedom(self) -> float:
        """Return Welch's, but at most those of two runs of the smaller number of seeds."""
        most = 2.0 * (self.n_seeds - 1)
        of_parts = sum(part**2 / (n - 1) for part, n in zip(self._parts(), self.seeds, strict=True))
        return min(self.seeds_variance**2 / of_parts, most) if of_parts else most

    def with_seeds(self, n_seeds: int) -> UnpairedDifference:
        """Return what is to be expected of so many seeds of the run with fewer.

        The other run has as many more.
        """
        first, second = (n + n_seeds - self.n_seeds for n in self.seeds)
        return dataclasses.replace(self, n_seeds=n_seeds, seeds=(first, second))

    def _parts(self) -> tuple[float, float]:
        first, second = (
            variance / n for variance, n in zip(self.seed_variances, self.seeds, strict=True)
        )
        return first, second


def unpaired_difference(first: np.ndarray, second: np.ndarray) -> UnpairedDifference:
    """Return the difference of the means of two runs on the same images.

    Args:
        first: One row a seed, one column an image; at least two of each.
        second: Seeds of their own, perhaps more or fewer; the same images in the same order.

    Raises:
        ValueError: If there are fewer, or the images are not as many.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"Images must be the same, got {first.shape[1]} and {second.shape[1]}.")
    of_images = first.mean(axis=0) - second.mean(axis=0)
    runs = (crossed_mean(first), crossed_mean(second))
    of_chance = sum(run.rest_mean_square / run.n_seeds for run in runs)
    return UnpairedDifference(
        mean=runs[0].mean - runs[1].mean,
        n_seeds=min(len(first), len(second)),
        seeds=(len(first), len(second)),
        seed_variances=(
            runs[0].seeds_mean_square / len(of_images),
            runs[1].seeds_mean_square / len(of_images),
        ),
        n_images=len(of_images),
        image_variance=max(float(of_images.var(ddof=1)) - of_chance, 0.0),
    )


def unpaired_totals(first: np.ndarray, second: np.ndarray, *, n_images: int) -> UnpairedDifference:
    """Return the difference of accuracies of which only the totals are known.

    As if the two erred on images independently of each other, which makes the interval wider than
    it need be.

    Args:
        first: Accuracies in [0, 1], one a seed, at least two.
        second: Those of the other run.
        n_images: Test images, at least two.

    Raises:
        ValueError: If there are fewer.
    """
    fewest = min(len(first), len(second))
    if fewest < MIN_SEEDS or n_images < 2:
        raise ValueError(f"Two seeds and two images are needed, got {fewest} and {n_images}.")
    means = float(first.mean()), float(second.mean())
    return UnpairedDifference(
        mean=means[0] - means[1],
        n_seeds=fewest,
        seeds=(len(first), len(second)),
        seed_variances=(float(first.var(ddof=1)), float(second.var(ddof=1))),
        n_images=n_images,
        image_variance=sum(share * (1 - share) for share in means),
    )
