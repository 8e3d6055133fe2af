"""Write the comparison of two studies: a page, the same as Markdown, and `comparison.json`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from analysis import report
from analysis.pair import contents, evidence
from analysis.pair.content import of_pair
from analysis.press import started
from analysis.report_date import report_date
from analysis.statistics.verdict import DEFAULT_MARGIN
from study.records import StudyRecord
from study.report_folder import default_folder as study_folder


def write_comparison(
    first: StudyRecord,
    second: StudyRecord,
    *,
    out: Path,
    png: bool = True,
    generated: datetime | None = None,
    margin: float = DEFAULT_MARGIN,
) -> report.ReportFiles:
    """Write the comparison of two studies into a folder, over an earlier one.

    Args:
        first: The records, as storage reads them.
        second: Those of the other study, perhaps of another database.
        out: Folder for `report.html`, `report.md`, `comparison.json` and `figures/`.
        png: Whether to draw PNG files. Without Chrome or Chromium a warning is logged instead.
        generated: Date in the heading; if not given, see `report_date`.
        margin: Differences of accuracy up to this do not matter, above 0.

    Raises:
        StorageError: If no trial of one of the studies has finished.
        ConfigError: If both are the same study, or the folder cannot be written.
    """
    generated = generated or report_date()
    with started(wanted=png) as press:
        pair = evidence.from_studies(first, second, margin=margin)
        return report.publish(
            lambda _: contents.compose(pair, generated=generated),
            content=lambda: of_pair(pair),
            frames=dict,
            out=out,
            press=press,
            generated=generated,
        )


def default_folder(first: str, second: str) -> Path:
    """Return `reports/FIRST-versus-SECOND`, whatever characters the names have."""
    return study_folder(f"{first}-versus-{second}")
