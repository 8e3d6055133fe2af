"""Turn a study's records into frames, figures and a report, without Keras or TensorFlow.

`docs/api.md` shows what can be done with the names below. They are imported when they are first
used, so that `import analysis` and `python -m analysis --help` stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.api import (
        ablation,
        budgets,
        by_class,
        comparison,
        conclusion,
        configurations,
        curves,
        effects,
        expected_best,
        f1_changes,
        fairness,
        figure,
        figures,
        importance,
        luck,
        retrained,
        trials,
        verdicts,
        write_report,
    )
    from analysis.charts import CHARTS
    from analysis.source import load

__all__ = [
    "CHARTS",
    "ablation",
    "budgets",
    "by_class",
    "comparison",
    "conclusion",
    "configurations",
    "curves",
    "effects",
    "expected_best",
    "f1_changes",
    "fairness",
    "figure",
    "figures",
    "importance",
    "load",
    "luck",
    "retrained",
    "trials",
    "verdicts",
    "write_report",
]

_ELSEWHERE = {"CHARTS": "analysis.charts", "load": "analysis.source"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "analysis.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
