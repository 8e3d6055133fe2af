"""Seeds that follow from one base seed, the same on every machine."""

from __future__ import annotations

import hashlib


def derive_seed(base: int, *path: str | int) -> int:
    """Return a seed in [0, 2**31) for one purpose, as `derive_seed(0, "custom_cnn", "trial", 3)`.

    Seeds of different paths are unrelated, unlike `base + number`.
    """
    text = "/".join(str(part) for part in (base, *path))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
