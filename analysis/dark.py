"""The colours of the charts on a dark page: what each colour of the theme becomes."""

from __future__ import annotations

from analysis import theme

PAPER = "#15181C"
"""Background of the page and of the figures."""

_PALETTE = ("#56B4E9", "#F58A42", "#12B886", "#EFB3D3", "#F0E442", "#9C8CFF")
# The best trials stand out from the background in both: darkest on white, lightest on black.
_LEVELS = ("#70767D", "#7592AE", "#82B3DE", "#A9D2F5", "#E3F1FF")

COLOURS: dict[str, str] = {
    theme.PAPER: PAPER,
    theme.VEIL: "rgba(21, 24, 28, 0.75)",
    theme.INK: "#E8E8E8",
    theme.MUTED: "#9AA0A6",
    theme.FAINT: "#70767D",
    theme.GRID: "#30353B",
    **dict(zip(theme.PALETTE, _PALETTE, strict=True)),
    **dict(zip(theme.LEVELS, _LEVELS, strict=True)),
    theme.SCALE_OF_SHARES[1][1]: "#3F78A8",
    theme.SCALE_OF_CHANGES[0][1]: "#E0873A",
    theme.SCALE_OF_CHANGES[2][1]: "#5E9BDB",
}
"""The dark page's colour by the light one's; every colour that a chart uses is in it.

The page's script looks up each colour of a figure here, so figures are stored once, as on paper.
"""
