"""Figures as PNG files, and the page as PDF, where a Chrome or Chromium is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.document import Document, FigureBlock, Section
from analysis.press import Drawn, started
from study import files

_PDF_DATE = re.compile(rb"\(D:\d{14}[+-]\d\d'\d\d'\)")


def write_pictures(figures: Mapping[str, Any], folder: Path) -> tuple[dict[str, Path], str]:
    """Draw figures that stand in no report and write `NAME.png` for each.

    Args:
        figures: Plotly figures in the common look, by name.
        folder: Where the pictures go; made if need be.

    Returns:
        Path of each picture by name, and why some are missing; empty where none is.
    """
    blocks = tuple(
        FigureBlock(name=name, title=name, caption="", figure=figure, min_width_pixels=0)
        for name, figure in figures.items()
    )
    section = Section(anchor="figures", title="Figures", blocks=blocks)
    document = Document(title="Figures", facts={}, notices=(), sections=(section,))
    with started() as press:
        press.print(document)
        drawn = press.drawn()
    return save_pictures(drawn, figures, folder), drawn.problem


def save_pictures(drawn: Drawn, names: Iterable[str], folder: Path) -> dict[str, Path]:
    """Write `NAME.png` for each figure that was drawn, and drop older ones of the others."""
    if drawn.pictures:
        folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for name in names:
        path = folder / f"{name}.png"
        if name in drawn.pictures:
            pictures[name] = _saved(drawn.pictures[name], path)
        else:
            # A picture of an earlier report would pass for one of this report.
            path.unlink(missing_ok=True)
    return pictures


def save_pdf(drawn: Drawn, path: Path, *, generated: datetime) -> Path | None:
    """Write the page that was printed, dated as the report is; drop an older one if none was."""
    if not drawn.pdf:
        path.unlink(missing_ok=True)
        return None
    date = f"(D:{generated:%Y%m%d%H%M%S}+00'00')".encode()
    # As long as the browser's own date, so that all else in the file stays in its place.
    return _saved(_PDF_DATE.sub(date, drawn.pdf), path)


def _saved(content: bytes, path: Path) -> Path:
    with files.replaced(path) as file:
        file.write(content)
    return path
