"""Figures as PNG files, where a Chrome or Chromium is installed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kaleido
from choreographer.errors import BrowserClosedError, BrowserDepsError, BrowserFailedError

WIDTH_PIXELS = 900
SCALE = 1.5
SECONDS_PER_FIGURE = 60.0
MAX_ERROR_CHARACTERS = 200


def write_pictures(figures: Mapping[str, Any], folder: Path) -> tuple[dict[str, Path], str]:
    """Draw all figures in one browser and write `NAME.png` for each.

    Kaleido finds the browser: `BROWSER_PATH`, else Chrome or Chromium on the PATH.

    Args:
        figures: Plotly figures by name.
        folder: Where the pictures go; made if need be.

    Returns:
        Path of each picture by name, and why some are missing; empty where none is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as unfinished:
        drawn = {name: Path(unfinished, f"{name}.png") for name in figures}
        tasks = [
            {"fig": figure, "path": drawn[name], "opts": {"width": WIDTH_PIXELS, "scale": SCALE}}
            for name, figure in figures.items()
        ]
        # Kaleido would otherwise fetch MathJax, for formulas that no figure has.
        options = {"mathjax": False, "timeout": SECONDS_PER_FIGURE}
        try:
            errors = kaleido.write_fig_from_object_sync(tasks, kopts=options) or ()
        # Chrome is not found (RuntimeError), cannot start, or dies.
        except (
            RuntimeError,
            OSError,
            BrowserClosedError,
            BrowserDepsError,
            BrowserFailedError,
        ) as error:
            errors = (error,)
        written = {name: path for name, path in drawn.items() if path.is_file()}
        pictures = {name: path.replace(folder / path.name) for name, path in written.items()}
    for name in figures.keys() - pictures.keys():
        # A picture of an earlier report would pass for one of this report.
        (folder / f"{name}.png").unlink(missing_ok=True)
    return pictures, _reason(errors[0]) if errors else ""


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:MAX_ERROR_CHARACTERS]
