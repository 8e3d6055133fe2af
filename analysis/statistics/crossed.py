"""The mean over seeds and images at once, both of which are samples of what might have been.

Every model is tested on the same images, so seeds and images are crossed: a model's value on an
image is mean + effect of the seed + effect of the image + rest. The two-way analysis of variance
tells these apart, as for readers and patients in Hillis (2014, "A marginal-mean ANOVA approach for
analyzing multireader multicase radiological imaging data", Statistics in Medicine 33). The mean's
error is then a sum of two independent ones: that of the seeds, whose variance is known from a few
of them only and which follows Student's distribution, and that of the many images, which is
normal. The interval's half-width is the root of the squares of what each would have alone, as in
Howe (1974, "Approximate confidence limits on the mean of X + Y", Journal of the American
Statistical Association 69).

Two common ways come out too narrow: Satterthwaite's degrees of freedom, as three seeds that happen
to agree pass for many, covers 88 to 94 % with two or three seeds in place of 95; and a bootstrap of
seeds and images (Owen 2007, "The pigeonhole bootstrap") sees of three seeds a third too little.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from analysis.statistics.estimate import Estimate

MIN_SEEDS = 2


@dataclass(frozen=True, kw_only=True)
class CrossedMean(Estimate):
    """A mean over seeds and images, with what is known of its precision.

    Attributes:
        mean: The estimate, in the unit of the values.
        n_seeds: At least 2.
        n_images: At least 2.
        seeds_mean_square: Of the seeds' means, times `n_images`.
        images_mean_square: Of the images' means, times `n_seeds`.
        rest_mean_square: Of what neither explains.
        seeds_freedom: Degrees of freedom of `seeds_mean_square`; `n_seeds` - 1, or more where it
            was estimated from like means together.
    """

    n_images: int
    seeds_mean_square: float
    images_mean_square: float
    rest_mean_square: float
    seeds_freedom: float

    @property
    def seeds_variance(self) -> float:
        """Return the share of the mean's variance that more seeds would lower."""
        return self.seeds_mean_square / (self.n_seeds * self.n_images)

    @property
    def images_variance(self) -> float:
        """Return the share of the mean's variance that only more test images would lower."""
        return self._images_excess / (self.n_seeds * self.n_images)

    @property
    def degrees_of_freedom(self) -> float:
        """Return those of `seeds_variance`."""
        return self.seeds_freedom

    def with_seeds(self, n_seeds: int) -> CrossedMean:
        """Return what is to be expected of so many seeds, if estimates stay as they are."""
        # The images' mean square grows with the number of seeds, the other two do not.
        excess = self._images_excess * n_seeds / self.n_seeds
        return dataclasses.replace(
            self,
            n_seeds=n_seeds,
            images_mean_square=self.rest_mean_square + excess,
            seeds_freedom=self.seeds_freedom * (n_seeds - 1) / (self.n_seeds - 1),
        )

    @property
    def _images_excess(self) -> float:
        return max(self.images_mean_square - self.rest_mean_square, 0.0)


def crossed_mean(values: np.ndarray) -> CrossedMean:
    """Return the mean of values of seeds and images.

    Args:
        values: One row a seed, one column an image; at least two of each.

    Raises:
        ValueError: If there are fewer.
    """
    n_seeds, n_images = values.shape
    if n_seeds < MIN_SEEDS or n_images < 2:
        raise ValueError(f"Two seeds and two images are needed, got {n_seeds} and {n_images}.")
    values = values.astype(float)
    mean = float(values.mean())
    of_seeds, of_images = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    rest = values - mean - of_seeds[:, None] - of_images
    return CrossedMean(
        mean=mean,
        n_seeds=n_seeds,
        n_images=n_images,
        seeds_mean_square=n_images * float(of_seeds @ of_seeds) / (n_seeds - 1),
        images_mean_square=n_seeds * float(of_images @ of_images) / (n_images - 1),
        rest_mean_square=float(np.square(rest).sum()) / ((n_seeds - 1) * (n_images - 1)),
        seeds_freedom=n_seeds - 1,
    )


def independent_difference(first: np.ndarray, second: np.ndarray, *, n_images: int) -> CrossedMean:
    """Return the mean difference of accuracies of which only the totals are known.

    As if the two erred on images independently of each other, which makes the interval wider than
    it need be: most images that are hard for one are hard for the other.

    Args:
        first: Accuracies in [0, 1], one a seed, at least two.
        second: Those of the same seeds.
        n_images: Test images, at least two.
    """
    differences = first - second
    n_seeds = len(differences)
    if n_seeds < MIN_SEEDS or n_images < 2:
        raise ValueError(f"Two seeds and two images are needed, got {n_seeds} and {n_images}.")
    of_images = sum(float(np.mean(scores) * (1 - np.mean(scores))) for scores in (first, second))
    return CrossedMean(
        mean=float(differences.mean()),
        n_seeds=n_seeds,
        n_images=n_images,
        seeds_mean_square=n_images * float(differences.var(ddof=1)),
        images_mean_square=n_seeds * of_images,
        rest_mean_square=0.0,
        seeds_freedom=n_seeds - 1,
    )
