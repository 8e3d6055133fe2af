"""Names and numbers as a reader sees them: plain text, escaped by whoever puts it in a page."""

from __future__ import annotations

import math
from typing import Any

MISSING = "–"  # noqa: RUF001 - an en dash, the usual mark of an empty cell
MAX_VALUE_CHARACTERS = 40
TINY = 0.0005
"""Shares below this come out as 0.0 % with one digit."""

NAMES = {"alexnet_lite": "AlexNet-lite"}
"""Families whose name does not follow from their identifier; a test holds all to their titles."""


def family_label(family: str) -> str:
    """Return a family's name in words: "custom_cnn" becomes "custom CNN"."""
    if family in NAMES:
        return NAMES[family]
    words = family.replace("_", " ").split()
    # A word without a vowel is an abbreviation: cnn, vgg.
    shown = [w.upper() if w.isalpha() and not set("aeiouy") & set(w.lower()) else w for w in words]
    return " ".join(shown) or family


def trial_label(number: int, sampler: str | None) -> str:
    """Return a trial with whoever proposed it, where that is known: "trial 3 (tpe)"."""
    return f"trial {number} ({value_text(sampler)})" if sampler else f"trial {number}"


def is_of_keras_tuner(sampler: str | None) -> bool:
    """Return whether KerasTuner proposed a trial, as "keras-tuner/hyperband"."""
    return bool(sampler) and str(sampler).startswith("keras-tuner/")


def augmentation_label(augmented: bool) -> str:
    """Return "with augmentation" or "without augmentation"."""
    return "with augmentation" if augmented else "without augmentation"


def percent(share: float, *, digits: int = 1) -> str:
    """Return a share in [0, 1] as "81.2 %"."""
    return f"{100 * share:.{digits}f} %" if math.isfinite(share) else MISSING


def mean_and_spread(mean: float, spread: float, n: int) -> str:
    """Return shares in [0, 1] as "81.2 ± 0.3 % (n = 3)"; a single run has no spread."""
    return f"{score(mean, spread)} (n = {n})" if math.isfinite(mean) else MISSING


def score(mean: float, spread: float) -> str:
    """Return shares in [0, 1] as "81.2 ± 0.3 %"; with two digits where the spread is tiny."""
    if not math.isfinite(spread):
        return percent(mean)
    digits = 2 if 0 < spread < TINY else 1
    return f"{100 * mean:.{digits}f} ± {100 * spread:.{digits}f} %"


def points(difference: float) -> str:
    """Return a difference of shares as "2.8 percentage points"; two digits where it is tiny."""
    digits = 2 if abs(difference) < 0.001 else 1
    return f"{100 * difference:.{digits}f} percentage points"


def exact_points(margin: float) -> str:
    """Return a share that somebody chose as "1.0 percentage points" or "0.25 percentage points"."""
    shown = f"{100 * margin:g}"
    return f"{shown if '.' in shown or 'e' in shown else shown + '.0'} percentage points"


def count(n: int, what: str) -> str:
    """Return "1 seed" or "3 seeds"."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def number(value: float) -> str:
    """Return a count with separators: "1,234,567"."""
    return f"{value:,.0f}" if math.isfinite(value) else MISSING


def duration(seconds: float) -> str:
    """Return a duration as "8.4 s", "6 min 2 s" or "1 h 4 min"."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def megabytes(n_bytes: float) -> str:
    """Return a file's size as "2.3 MB" (of 1,000,000 bytes)."""
    return f"{n_bytes / 1e6:.1f} MB" if math.isfinite(n_bytes) else MISSING


def milliseconds(value: float) -> str:
    """Return milliseconds with three significant digits."""
    return f"{value:.3g} ms" if math.isfinite(value) else MISSING


def value_text(value: Any) -> str:
    """Return a hyperparameter's value: floats with four significant digits, long texts cut."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[: MAX_VALUE_CHARACTERS - 1]}…"


def joined(parts: list[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
