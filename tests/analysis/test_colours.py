"""The colours of the page and of the charts: told apart and read on white and on dark paper."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import plotly.io
import pytest

from analysis import dark, evidence, html_page, theme
from analysis.charts import CHARTS
from tests.analysis import synthetic
from tests.analysis.contrast import SIGHTS, contrast, difference, luminance

TEXT, GRAPHICS = 4.5, 3.0  # WCAG 2.2, AA: success criteria 1.4.3 and 1.4.11.
MIN_DIFFERENCE = 15.0
CSS = (html_page.TEMPLATES / "style.css").read_text(encoding="utf-8")
VARIABLES = {
    name: {"light": light, "dark": on_dark}
    for name, light, on_dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", CSS)
}
SCHEMES = ("light", "dark")
PAPERS = {"light": theme.PAPER, "dark": dark.PAPER}
KNOWN = evidence.from_study(synthetic.study())


def shown(colour: str, scheme: str) -> str:
    """Return a chart's colour as a page shows it."""
    return dark.COLOURS[colour] if scheme == "dark" else colour


def colours_in(node: Any, name: str = "") -> Iterator[str]:
    """Yield what the page's script takes for a colour: texts under a name with "color" in it."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from colours_in(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from colours_in(value, name)
    elif isinstance(node, str) and "color" in name:
        yield node


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", TEXT),
        ("ink", "panel", TEXT),
        ("ink", "warning", TEXT),
        ("muted", "paper", TEXT),
        ("link", "paper", TEXT),
        ("link", "panel", TEXT),
        ("edge", "paper", GRAPHICS),
        ("warning-edge", "warning", GRAPHICS),
    ],
)
def test_text_and_borders_of_the_page_stand_out(front, back, least, scheme):
    assert contrast(VARIABLES[front][scheme], VARIABLES[back][scheme]) >= least


def test_the_page_and_its_charts_have_the_same_paper():
    assert {scheme: VARIABLES["paper"][scheme] for scheme in SCHEMES} == PAPERS


def test_every_colour_of_the_page_is_given_for_light_and_dark():
    screen = CSS.partition("@page")[0]
    rules = re.sub(r"light-dark\([^)]*\)", "", screen)
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b|rgba?\(", rules)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_of_the_charts_stands_out(scheme):
    for colour in (theme.INK, theme.MUTED):
        assert contrast(shown(colour, scheme), PAPERS[scheme]) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "colour",
    [
        *theme.PALETTE,
        *theme.LEVELS,
        theme.FAINT,
        theme.SCALE_OF_CHANGES[0][1],
        theme.SCALE_OF_CHANGES[-1][1],
    ],
)
def test_what_the_charts_draw_stands_out(colour, scheme):
    assert contrast(shown(colour, scheme), PAPERS[scheme]) >= GRAPHICS


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_colour_blind_readers_tell_the_families_apart(scheme, sight):
    drawn = [shown(colour, scheme) for colour in theme.PALETTE]
    for first, second in itertools.combinations(drawn, 2):
        assert difference(first, second, sight) >= MIN_DIFFERENCE


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "scale", [theme.LEVELS, [colour for _, colour in theme.SCALE_OF_SHARES]], ids=["levels", "map"]
)
def test_scales_lead_away_from_the_paper(scale, scheme):
    ratios = [contrast(shown(colour, scheme), PAPERS[scheme]) for colour in scale]
    assert ratios == sorted(ratios)
    assert len(set(ratios)) == len(ratios)


def test_the_contrast_is_that_of_the_standard():
    # Worked examples: black on white, and the grey that just passes for text.
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert luminance("#FFFFFF") == pytest.approx(1)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_every_colour_of_a_chart_has_one_for_dark_paper(chart):
    figure = json.loads(plotly.io.to_json(chart.draw(chart.compute(KNOWN))))
    used = set(colours_in(figure)) - {"coloraxis"}
    assert used <= set(dark.COLOURS)
