"""The nuisance parameters: how to train, tuned alike for every architecture for fairness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search_spaces.base import Suggester

NUISANCE = ("learning_rate", "weight_decay", "batch_size", "label_smoothing")
"""Names of the parameters that `suggest_nuisance` chooses."""


def suggest_nuisance(suggester: Suggester) -> dict[str, Any]:
    """Choose how to train: the same ranges for every family.

    The ranges suit Muon and AdamW at one common rate (`study.training.optimizer`) that warms up and
    then falls to zero; `learning_rate` is the peak and `weight_decay` is decoupled.
    """
    return {
        "learning_rate": suggester.suggest_float("learning_rate", 1e-3, 3e-2, log=True),
        "weight_decay": suggester.suggest_float("weight_decay", 1e-3, 3e-1, log=True),
        "batch_size": suggester.suggest_categorical("batch_size", (64, 128, 256)),
        "label_smoothing": suggester.suggest_float("label_smoothing", 0.0, 0.2),
    }
