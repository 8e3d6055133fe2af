"""Seeds that follow from one base seed, the same on every machine."""

from __future__ import annotations

import hashlib


def derive_seed(base: int, *path: str | int) -> int:
    """Return a seed in [0, 2**31) for one purpose, as `derive_seed(0, "custom_cnn", "trial", 3)`.

    Seeds of different paths are unrelated, unlike `base + number`.
    """
    text = "/".join(str(part) for part in (base, *path))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def draw_seed(base: int, draw: int) -> int:
    """Return the seed of a sample of the training split; that of draw 0 is the study's own."""
    return derive_seed(base, "draw", draw) if draw else base


def retraining_seed(base: int, family: str, *, draw: int, seed: int) -> int:
    """Return the seed of a retrained model; other draws have other ones.

    Were the same networks begun on every draw, what their seeds do could not be told from what all
    draws have in common.
    """
    path = (draw, seed) if draw else (seed,)
    return derive_seed(base, family, "retrained", *path)
