"""Write reports: an HTML page, the same as PDF and Markdown, and JSON, CSV and PNG files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import comparison_json, contents, evidence, html_page, markdown_page, tables
from analysis.document import Document, Draw
from analysis.evidence import Evidence
from analysis.frames import FRAMES
from analysis.png import save_pdf, save_pictures
from analysis.press import Drawn, Press, started
from analysis.report_date import report_date
from analysis.statistics.verdict import DEFAULT_MARGIN
from study import files
from study.errors import ConfigError
from study.records import StudyRecord
from study.report_folder import file_name

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """What a report was written to.

    Attributes:
        html: The page.
        markdown: The same as Markdown.
        json: The numbers and verdicts, for programs.
        tables: CSV files.
        pictures: PNG files; empty where they were not wanted or could not be drawn.
        pdf: The page printed; None where it was not wanted or could not be.
    """

    html: Path
    markdown: Path
    json: Path
    tables: tuple[Path, ...]
    pictures: tuple[Path, ...]
    pdf: Path | None

    def paths(self) -> tuple[Path, ...]:
        """Return all files, the page first."""
        printed = () if self.pdf is None else (self.pdf,)
        return (self.html, *printed, self.markdown, self.json, *self.tables, *self.pictures)


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
        out: Folder for `report.html`, `report.pdf`, `report.md`, `comparison.json`, `tables/` and
            `figures/`; made if need be.
        png: Whether to have a browser draw the PNG files and print the PDF. Without Chrome or
            Chromium a warning is logged instead.
        generated: Date in the heading, in UTC; if not given, see `report_date`.
        margin: Differences of accuracy up to this do not matter, above 0.

    Raises:
        StorageError: If no trial of the study has finished.
        ConfigError: If the folder cannot be written.
    """
    with started(wanted=png) as press:
        known = evidence.from_study(study, margin=margin)
        return write_evidence(known, out=out, press=press, generated=generated)


def write_evidence(
    known: Evidence, *, out: Path, press: Press, generated: datetime | None = None
) -> ReportFiles:
    """Write the report of what is known of a study; see `write_report`.

    Args:
        known: What is known.
        out: The folder; made if need be.
        press: Draws the figures, if it does.
        generated: Date in the heading; if not given, see `report_date`.

    Raises:
        ConfigError: If the folder cannot be written.
    """
    generated = generated or report_date()
    return publish(
        lambda draw: contents.compose(known, generated=generated, draw=draw),
        content=lambda: comparison_json.of_study(known),
        frames=lambda: _frames(known),
        out=out,
        press=press,
        generated=generated,
    )


def publish(
    compose: Callable[[Draw], Document],
    *,
    content: Callable[[], Mapping[str, Any]],
    frames: Callable[[], Mapping[str, pd.DataFrame]],
    out: Path,
    press: Press,
    generated: datetime,
) -> ReportFiles:
    """Write a document and what goes with it into a folder, over an earlier one.

    Args:
        compose: Makes the page, and hands on its figures as soon as they are made, to be drawn
            meanwhile.
        content: Makes what goes into `comparison.json`.
        frames: Makes what goes into `tables/`, by name.
        out: The folder; made if need be.
        press: Draws the PNG files and prints the PDF, if it does.
        generated: Date of the PDF.

    Raises:
        ConfigError: If the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        document = compose(press.draw)
        press.print(document)
        # What needs no picture is written while the browser draws.
        html = files.write_text(out / "report.html", html_page.render(document))
        numbers = files.write_text(
            out / comparison_json.FILE_NAME, comparison_json.as_text(content())
        )
        csv_files = _write_tables(frames(), out / "tables")
        drawn = press.drawn()
        pictures = _write_pictures(drawn, document, out)
        links = {name: path.relative_to(out).as_posix() for name, path in pictures.items()}
        return ReportFiles(
            html=html,
            pdf=save_pdf(drawn, out / "report.pdf", generated=generated),
            markdown=files.write_text(out / "report.md", markdown_page.render(document, links)),
            json=numbers,
            tables=csv_files,
            pictures=tuple(pictures.values()),
        )
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"The report cannot be written to {str(out)!r}: {reason}. Choose another folder: --out."
        ) from error


def _write_pictures(drawn: Drawn, document: Document, out: Path) -> dict[str, Path]:
    names = [block.name for block in document.figures()]
    pictures = save_pictures(drawn, names, out / "figures")
    if drawn.problem:
        log.warning(
            "%d of %d PNG files and %s report.pdf written: %s",
            len(pictures),
            len(names),
            "a" if drawn.pdf else "no",
            drawn.problem,
        )
    return pictures


def _frames(known: Evidence) -> dict[str, pd.DataFrame]:
    return {
        **{name: frame(known) for name, frame in FRAMES.items()},
        **{
            f"hyperparameters_{file_name(family.family)}": tables.hyperparameters(family)
            for family in known.study.families
        },
    }


def _write_tables(frames: Mapping[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    if frames:
        folder.mkdir(parents=True, exist_ok=True)
    return tuple(
        files.write_text(folder / f"{name}.csv", _csv(frame)) for name, frame in frames.items()
    )


def _csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV, with texts that a spreadsheet would run as formulas made plain."""
    safe = frame.rename(columns=_plain).map(_plain)
    return str(safe.to_csv(index=frame.index.name is not None, lineterminator="\n"))


def _plain(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    # Python before 3.11.9 quotes no cell for a \r in it, which begins a row for a spreadsheet.
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text[:1] in tuple("=+-@\t\n") else text
