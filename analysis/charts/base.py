"""What a chart is: numbers computed from the evidence, then drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of the report; `draw(compute(evidence))` is its figure.

    Attributes:
        name: Identifier, and name of its PNG file.
        title: What it shows, in at most 45 characters, or it does not fit on a phone.
        caption: How to read it, for someone who never saw this program.
        section: Anchor of the report's section it stands in, see `analysis.contents.SECTIONS`.
        compute: Numbers from the evidence; what tests check.
        draw: A Plotly figure from these numbers alone.
        words: What the numbers say, as a sentence for the text; empty where they say nothing.
        min_width_pixels: Narrower screens scroll it sideways.
    """

    name: str
    title: str
    caption: str
    section: str
    compute: Callable[[Evidence], Any]
    draw: Callable[[Any], Any]
    words: Callable[[Any], str] | None = None
    min_width_pixels: int = 320
