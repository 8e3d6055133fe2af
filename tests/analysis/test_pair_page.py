"""The page of two studies in a browser: it draws, and shows texts of a database as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from analysis.pair.report import write_comparison
from tests.analysis import hostile, synthetic
from tests.analysis.conftest import GENERATED
from tests.browsing import Visit, visit


@pytest.fixture(scope="module")
def attacked(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The page of two runs of the hostile study, so that every chart has something to show."""
    out: Path = tmp_path_factory.mktemp("compared")
    studies = hostile.study(), hostile.study(synthetic.study(seeds=(7, 8)))
    written = write_comparison(*studies, out=out, png=False, generated=GENERATED)
    visited = visit(browser, written.html, n_charts=2)
    yield visited
    visited.page.close()


def test_it_draws_and_nothing_of_the_databases_runs(attacked):
    page = attacked.page
    drawn = page.evaluate(
        "() => document.querySelectorAll('.chart svg.main-svg:first-child').length"
    )
    found = page.evaluate(
        """() => ({
            scripts: document.scripts.length,
            images: document.querySelectorAll("img").length,
            links: document.querySelectorAll("a[href^='javascript'], svg a").length,
            handlers: document.querySelectorAll("[onmouseover], [onerror]").length,
        })"""
    )

    assert drawn == 2
    assert found == {"scripts": 5, "images": 0, "links": 0, "handlers": 0}
    assert (attacked.messages, attacked.dialogs, attacked.requests) == ([], [], [])


def test_texts_of_the_databases_are_shown_as_they_are(attacked):
    page = attacked.page

    assert page.title() == f"{hostile.SCRIPT} (first) and {hostile.SCRIPT} (second) compared"
    charts = " ".join(page.locator("svg.main-svg").all_text_contents())
    for text in (hostile.SCRIPT, hostile.IMAGE, hostile.BOLD):
        assert text in charts
    assert hostile.CLOSING in page.locator("#in-common").inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_no_wider_than_the_screen(attacked, width):
    page = attacked.page

    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(300)

    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
