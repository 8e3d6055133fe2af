"""optuna-dashboard: what it shows beside the trials, and the server that shows it."""

from __future__ import annotations

from importlib.util import find_spec

NOT_INSTALLED = (
    "The package optuna-dashboard is not installed; `pip install -r requirements.txt` installs it."
)


def is_installed() -> bool:
    """Return whether optuna-dashboard can be imported."""
    return find_spec("optuna_dashboard") is not None
