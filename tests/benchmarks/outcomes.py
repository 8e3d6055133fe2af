"""Outcomes of searches that never ran."""

from __future__ import annotations

from typing import Any

from benchmarks.rivals.outcome import Found, Outcome, Tried

PARAMS = {"units": 8, "learning_rate": 1e-3, "head": "flatten", "batch_normalization": True}


def outcome(contender: str, *, seconds: float = 100.0, seed: int = 0, **changes: Any) -> Outcome:
    attributes: dict[str, Any] = {
        "contender": contender,
        "seed": seed,
        "found": Found(
            tried=(
                Tried(params=PARAMS, accuracies=(0.25, 0.5)),
                Tried(params={**PARAMS, "units": 16}, accuracies=(0.125,)),
            ),
            winner=PARAMS,
            winner_accuracy=0.5,
            first_trial_at=1_000_010.0,
            ended_at=1_000_000.0 + seconds,
            remarks={"precision": "float32"},
        ),
        "launched_at": 1_000_000.0,
        "peak_memory_bytes": 2_000_000_000,
        "test_accuracies": (0.5, 0.75),
    }
    return Outcome(**{**attributes, **changes})
