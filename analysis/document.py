"""A report before it is HTML or Markdown: sections of blocks of plain, unescaped text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import plotly.io


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A sentence that must not be overlooked."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Items:
    """A list with bullets."""

    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Code:
    """Lines to be typed or compared character by character."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of texts; the first cell of each row names the row.

    Attributes:
        caption: What it shows.
        columns: Names of the columns.
        rows: A text for each column.
        stacks: Whether a narrow screen shows each row as a block, one cell below the other: for
            sentences rather than numbers, which are compared column by column.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    stacks: bool = False


@dataclass(frozen=True, kw_only=True)
class FigureBlock:
    """A drawn chart.

    Attributes:
        name: Identifier, unique in the document.
        title: What the figure shows.
        caption: How to read it.
        figure: The Plotly figure.
        min_width_pixels: Narrower screens scroll it sideways.
        words: What it shows, in words; may be empty.
    """

    name: str
    title: str
    caption: str
    figure: Any
    min_width_pixels: int
    words: str = ""

    @cached_property
    def json(self) -> str:
        """The figure as Plotly.js reads it, kept: a page and a browser both ask for it."""
        return str(plotly.io.to_json(self.figure))


Draw = Callable[[FigureBlock], object]
"""Takes a figure as soon as it is made."""

Block = Paragraph | Notice | Items | Code | Table | FigureBlock


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, its anchor and what stands below it."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole report.

    Attributes:
        title: The page's heading.
        facts: Short facts about the study, by name, shown under the heading.
        notices: What must be known before anything else.
        sections: In reading order.
    """

    title: str
    facts: Mapping[str, str]
    notices: tuple[str, ...]
    sections: tuple[Section, ...]

    def figures(self) -> tuple[FigureBlock, ...]:
        """Return the figures of all sections, in reading order."""
        return tuple(
            block
            for section in self.sections
            for block in section.blocks
            if isinstance(block, FigureBlock)
        )
