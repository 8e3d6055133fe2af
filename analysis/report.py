"""Write a study's report: one HTML page, the same as Markdown, tables as CSV, figures as PNG."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from analysis import contents, evidence, html_page, markdown_page, tables
from analysis.document import Document
from analysis.evidence import Evidence
from analysis.statistics.verdict import DEFAULT_MARGIN
from study import files
from study.errors import ConfigError
from study.records import StudyRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """What a report was written to.

    Attributes:
        html: The page.
        markdown: The same as Markdown.
        tables: CSV files.
        pictures: PNG files; empty where they were not wanted or could not be drawn.
    """

    html: Path
    markdown: Path
    tables: tuple[Path, ...]
    pictures: tuple[Path, ...]

    def paths(self) -> tuple[Path, ...]:
        """Return all files, the page first."""
        return (self.html, self.markdown, *self.tables, *self.pictures)


def write_report(
    study: StudyRecord,
    *,
    out: Path,
    png: bool = True,
    generated: datetime | None = None,
    margin: float = DEFAULT_MARGIN,
) -> ReportFiles:
    """Write the report of a study into a folder, over an earlier one.

    Args:
        study: The records, as storage reads them.
        out: Folder for `report.html`, `report.md`, `tables/` and `figures/`; made if need be.
        png: Whether to draw PNG files. Without Chrome or Chromium a warning is logged instead.
        generated: Date in the heading; now, if not given.
        margin: Differences of accuracy up to this do not matter, above 0.

    Raises:
        StorageError: If no trial of the study has finished.
        ConfigError: If the folder cannot be written.
    """
    known = evidence.from_study(study, margin=margin)
    try:
        out.mkdir(parents=True, exist_ok=True)
        document = contents.compose(known, generated=generated or datetime.now(tz=UTC))
        pictures = _write_pictures(document, out) if png else {}
        links = {name: path.relative_to(out).as_posix() for name, path in pictures.items()}
        markdown = markdown_page.render(document, links)
        return ReportFiles(
            html=files.write_text(out / "report.html", html_page.render(document)),
            markdown=files.write_text(out / "report.md", markdown),
            tables=_write_tables(known, out / "tables"),
            pictures=tuple(pictures.values()),
        )
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"The report cannot be written to {str(out)!r}: {reason}. Choose another folder: --out."
        ) from error


def default_folder(name: str) -> Path:
    """Return `reports/{name}`, or a folder beside it if the name would lead out of `reports`."""
    return Path("reports") / _file_name(name)


def _file_name(name: str) -> str:
    """Return a name from a database as the name of a file or folder."""
    safe = re.sub(r"[/\\\x00-\x1f]+", "_", name)
    return "study" if safe in {"", ".", ".."} else safe


def _write_pictures(document: Document, out: Path) -> dict[str, Path]:
    from analysis import png

    figures = {block.name: block.figure for block in document.figures()}
    pictures, problem = png.write_pictures(figures, out / "figures")
    if problem:
        log.warning("%d of %d PNG files written: %s", len(pictures), len(figures), problem)
    return pictures


def _write_tables(known: Evidence, folder: Path) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "comparison": known.comparison,
        "trials": known.trials,
        "retrained": known.retrained,
        "by_class": known.by_class,
        **{
            f"hyperparameters_{_file_name(family.family)}": tables.hyperparameters(family)
            for family in known.study.families
        },
    }
    return tuple(
        files.write_text(folder / f"{name}.csv", _csv(frame)) for name, frame in frames.items()
    )


def _csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV, with texts that a spreadsheet would run as formulas made plain."""
    safe = frame.rename(columns=_plain).map(_plain)
    return str(safe.to_csv(index=frame.index.name is not None, lineterminator="\n"))


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r") else cell
