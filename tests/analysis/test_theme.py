"""The common look of the charts."""

from __future__ import annotations

import pytest

from analysis import theme


@pytest.mark.parametrize("names", [(), ("one",), ("one\nline more",)])
def test_above_a_plot_there_is_room_for_half_a_tick_label(names):
    drawings = [theme.panels("A title", heights=[200], names=names)]
    if not names:
        drawings.append(theme.figure("A title"))
    for drawing in drawings:
        # The page takes the title's room away, and Plotly hides what would be cut off.
        assert drawing.layout.margin.t - theme.TITLE_PIXELS >= theme.TEMPLATE.layout.font.size / 2
