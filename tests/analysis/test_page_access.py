"""The page for readers who use a keyboard or a screen reader: names, order, focus, links."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Page

from analysis.charts import CHARTS
from analysis.contents import SECTIONS
from tests.browsing import Visit


@pytest.fixture
def page(ordinary: Visit) -> Page:
    return ordinary.page


def test_headings_go_down_one_level_at_a_time(page):
    headings = page.evaluate(
        "() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(it => +it.tagName[1])"
    )

    assert headings.count(1) == 1
    assert headings[0] == 1
    assert headings.count(2) == len(SECTIONS)
    assert headings.count(3) == len(CHARTS)
    assert all(below <= above + 1 for above, below in itertools.pairwise(headings))


def test_the_answer_is_the_first_thing_after_the_heading_and_its_facts(page):
    order = page.evaluate("() => [...document.querySelectorAll('main section')].map(it => it.id)")

    assert order == list(SECTIONS)
    assert order[:2] == ["answer", "comparison"]
    first = page.locator("#answer > h2 + *")
    assert "BETTER" in first.inner_text()
    assert page.locator("#answer figure, #answer table").count() == 0
    # In sight on a desk without scrolling.
    assert first.locator("li").first.bounding_box()["y"] < 500


def test_tab_reaches_the_skip_link_the_switch_and_the_contents_first(page):
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.textContent"))
        outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        box = page.evaluate("() => document.activeElement.getBoundingClientRect().toJSON()")
        assert box["left"] >= 0

    assert reached == ["Skip to the answer", "Dark colours", "Contents"]


def test_the_skip_link_goes_past_the_contents(page):
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    inside = page.evaluate("() => document.querySelector('main').contains(document.activeElement)")
    assert inside


def test_the_contents_open_with_a_key_and_lead_to_every_section_and_figure(page):
    page.locator("nav summary").focus()
    page.keyboard.press("Enter")

    links = page.locator("nav a")
    assert links.first.is_visible()
    targets = [link.get_attribute("href") for link in links.all()]
    assert {target for target in targets if not target.startswith("#figure-")} == {
        f"#{anchor}" for anchor in SECTIONS
    }
    page.keyboard.press("Enter")


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_an_image_with_a_name_a_description_and_a_link_to_itself(page, name):
    chart = page.locator(f"#chart-{name}")
    title = CHARTS[name].title

    assert page.get_by_role("img", name=f"Chart: {title}", exact=True).count() == 1
    described = chart.get_attribute("aria-describedby").split()
    texts = [page.locator(f"#{one}").inner_text() for one in described]
    assert texts[-1] == CHARTS[name].caption
    assert all(len(text) > 20 for text in texts)
    link = page.locator(f"#figure-{name} h3 a")
    assert link.is_visible()
    assert link.get_attribute("href") == f"#figure-{name}"
    assert title in link.get_attribute("aria-label")


def test_charts_that_say_something_in_words_are_described_by_it(page):
    described = page.locator("#chart-by_class").get_attribute("aria-describedby")

    assert described == "words-by_class caption-by_class"
    assert "Weakest classes" in page.locator("#words-by_class").inner_text()


def test_whatever_scrolls_sideways_is_reached_by_the_keyboard_and_has_a_name(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    without = page.evaluate(
        """() => [...document.querySelectorAll("main *")]
            .filter(it => it.scrollWidth > it.clientWidth + 1)
            .filter(it => ["auto", "scroll"].includes(getComputedStyle(it).overflowX))
            .filter(it => it.tabIndex !== 0)
            .map(it => it.outerHTML.slice(0, 80))"""
    )
    names = page.evaluate(
        """() => [...document.querySelectorAll("main [role=group]")].map(it =>
            it.getAttribute("aria-label")
            ?? document.getElementById(it.getAttribute("aria-labelledby")).textContent)"""
    )

    assert without == []
    assert len(names) > len(CHARTS)
    assert all(names)


def test_ids_are_unique(page):
    # Plotly repeats ids of its own within its drawings.
    ids = page.evaluate(
        """() => [...document.querySelectorAll("[id]")]
            .filter(it => !it.closest("svg")).map(it => it.id)"""
    )

    assert len(ids) == len(set(ids))
