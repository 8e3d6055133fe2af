"""What is traced or compiled for a model, kept for as long as the model may be trained again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

N_MODELS = 8
"""Models for which it is kept, those trained last."""

Make = TypeVar("Make", bound=Callable[..., Any])

_caches: list[Any] = []


def per_model(make: Make) -> Make:
    """Decorate a function of a model so that what it makes is made once for each."""
    cached: Any = functools.lru_cache(maxsize=N_MODELS)(make)
    _caches.append(cached)
    return cached  # type: ignore[no-any-return]


def forget_models() -> None:
    """Let go of all models, and of what was made for them: nobody trains them any more."""
    for cached in _caches:
        cached.cache_clear()
