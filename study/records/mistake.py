"""A test image that a model took for something else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One image of the test split that a model classified wrongly.

    Attributes:
        index: Its place in the test split, from 0.
        true: Its class.
        predicted: The class that it was taken for.
        confidence: Probability that the model gave to that class, in [0, 1].
        pixels: Its pixels, one byte each, by row, then column, then channel.
    """

    index: int
    true: int
    predicted: int
    confidence: float
    pixels: bytes
