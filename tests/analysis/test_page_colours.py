"""The page in light and dark colours, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from analysis import dark, theme
from analysis.charts import CHARTS
from analysis.report import ReportFiles
from tests.browsing import Visit, visit

MAX_PAPER_HEIGHT = 860
"""Pixels of an A4 page, less margins, heading and some of the caption."""

Scheme = Literal["light", "dark"]
BACKGROUNDS: dict[Scheme, str] = {"light": theme.PAPER, "dark": dark.PAPER}
PAPERS = (
    """() => [...document.querySelectorAll(".chart")].map(it => it._fullLayout.paper_bgcolor)"""
)
SIZES = """() => [...document.querySelectorAll(".chart .svg-container")].map(it => {
    const { width, height } = it.getBoundingClientRect();
    return [Math.round(width), Math.round(height)];
})"""


@pytest.fixture(scope="module")
def opened(browser: Browser, ordinary_report: ReportFiles) -> Iterator[dict[Scheme, Visit]]:
    """The page as it is for readers who prefer light colours, and dark ones."""
    visits = {scheme: visit(browser, ordinary_report.html, scheme=scheme) for scheme in BACKGROUNDS}
    yield visits
    for visited in visits.values():
        visited.page.close()


def as_opened(visited: Visit, scheme: Scheme) -> Page:
    """Return the page of a visit with the size and colours that it had at first."""
    page = visited.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("() => { delete document.documentElement.dataset.colours; }")
    page.emulate_media(media="screen", color_scheme=scheme)
    page.wait_for_function(f"() => ({PAPERS})().every(it => it === '{BACKGROUNDS[scheme]}')")
    return page


@pytest.fixture
def light(opened: dict[Scheme, Visit]) -> Iterator[Page]:
    yield as_opened(opened["light"], "light")
    assert opened["light"].messages == []


@pytest.fixture
def night(opened: dict[Scheme, Visit]) -> Iterator[Page]:
    yield as_opened(opened["dark"], "dark")
    assert opened["dark"].messages == []


def background(page: Page) -> str:
    """Return the page's background as "#RRGGBB"."""
    shown = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    numbers = shown.removeprefix("rgb(").removesuffix(")").split(",")
    return "#" + "".join(f"{int(number):02X}" for number in numbers)


def papers(page: Page) -> set[str]:
    """Return the backgrounds of the charts."""
    return set(page.evaluate(PAPERS))


def test_the_page_has_the_colours_that_the_reader_prefers_and_follows_a_change(night):
    assert background(night) == dark.PAPER
    assert papers(night) == {dark.PAPER}
    assert night.locator("#dark").get_attribute("aria-checked") == "true"

    night.emulate_media(color_scheme="light")
    night.wait_for_function(f"() => ({PAPERS})().every(it => it === '{theme.PAPER}')")

    assert background(night) == theme.PAPER
    assert night.locator("#dark").get_attribute("aria-checked") == "false"


def test_the_switch_is_worked_by_the_keyboard_and_charts_keep_what_was_hidden(light):
    light.locator("#chart-seeds .legendtoggle").first.click(force=True)
    hidden = "() => document.getElementById('chart-seeds')._fullData[0].visible === 'legendonly'"
    light.wait_for_function(hidden)
    switch = light.get_by_role("switch", name="Dark colours")
    families = "() => document.getElementById('chart-seeds').data.map(it => it.line?.color)"
    before = set(light.evaluate(families)) - {None}
    switch.focus()

    light.keyboard.press("Space")
    light.wait_for_function(f"() => ({PAPERS})().every(it => it === '{dark.PAPER}')")

    assert switch.get_attribute("aria-checked") == "true"
    assert background(light) == dark.PAPER
    assert set(light.evaluate(families)) - {None} == {dark.COLOURS[colour] for colour in before}
    assert light.evaluate(hidden)

    light.keyboard.press("Enter")

    assert switch.get_attribute("aria-checked") == "false"
    assert background(light) == theme.PAPER


def test_texts_that_look_like_colours_stay_as_they_are(light):
    made = light.evaluate(
        "given => dark(given)",
        {"text": [theme.INK], "marker": {"color": [theme.INK, "constructor"], "size": 3}},
    )

    shown = [dark.COLOURS[theme.INK], "constructor"]
    assert made == {"text": [theme.INK], "marker": {"color": shown, "size": 3}}


def test_a_dark_page_is_printed_light_with_each_chart_on_one_page(night):
    before = night.evaluate(SIZES)
    night.emulate_media(media="print")
    night.evaluate("() => dispatchEvent(new Event('beforeprint'))")

    printed = night.evaluate(SIZES)
    assert papers(night) == {theme.PAPER}
    assert background(night) == theme.PAPER
    assert {width for width, _ in printed} == {680}
    assert max(height for _, height in printed) <= MAX_PAPER_HEIGHT
    for hidden in ("nav", "#dark", ".skip"):
        assert not night.locator(hidden).is_visible()

    night.emulate_media(media="screen")
    night.evaluate("() => dispatchEvent(new Event('afterprint'))")
    night.wait_for_function(
        f"before => JSON.stringify(({SIZES})()) === JSON.stringify(before)", arg=before
    )
    assert papers(night) == {dark.PAPER}


def test_nothing_is_wider_than_the_paper(light):
    # As wide as an A4 page between its margins.
    light.set_viewport_size({"width": 680, "height": 900})
    light.emulate_media(media="print")
    light.evaluate("() => dispatchEvent(new Event('beforeprint'))")

    width = light.evaluate("() => document.documentElement.scrollWidth")
    sizes = light.evaluate(SIZES)
    light.evaluate("() => dispatchEvent(new Event('afterprint'))")

    assert width <= 680
    assert len(sizes) == len(CHARTS)
