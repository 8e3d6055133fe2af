"""The page in a browser: it draws, stays offline, runs nothing of the database, fits a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from analysis.charts import CHARTS
from analysis.report import ReportFiles
from tests.analysis import hostile
from tests.browsing import Visit, visit


@pytest.fixture(scope="module")
def attacked(browser: Browser, hostile_report: ReportFiles) -> Iterator[Visit]:
    visited = visit(browser, hostile_report.html)
    yield visited
    visited.page.close()


@pytest.mark.parametrize("which", ["ordinary", "attacked"])
def test_every_chart_is_drawn_without_a_complaint_a_dialog_or_a_request(which, request):
    visited = request.getfixturevalue(which)

    drawn = visited.page.evaluate(
        "() => [...document.querySelectorAll('.chart.plotly')]"
        ".filter(chart => chart.querySelector('svg.main-svg')).map(chart => chart.id)"
    )

    assert sorted(drawn) == sorted(f"chart-{name}" for name in CHARTS)
    assert visited.messages == []
    assert visited.dialogs == []
    assert visited.requests == []


def test_texts_of_the_database_are_shown_as_they_are(attacked):
    page = attacked.page

    assert page.title() == f"Architecture study {hostile.SCRIPT}"
    assert hostile.SCRIPT in page.locator("h1").inner_text()
    assert hostile.SCRIPT + hostile.IMAGE in page.locator("header .notice").inner_text()
    charts = " ".join(page.locator("svg.main-svg").all_text_contents())
    for text in (hostile.BOLD, hostile.IMAGE, hostile.LINK, hostile.SCRIPT, hostile.TEMPLATE):
        assert text in charts


@pytest.mark.parametrize(
    ("place", "texts"),
    [
        ("#comparison", [hostile.IMAGE, hostile.BOLD, f"{hostile.URL} = {hostile.QUOTED}"]),
        ("#results", [hostile.CLOSING, hostile.QUOTED, hostile.URL]),
        ("#missing", [f"{hostile.SCRIPT} {hostile.IMAGE} | `{hostile.FORMULA}`"]),
        ("#reproduce pre", [hostile.CLOSING + hostile.URL]),
        ("#reproduce", [hostile.ATTRIBUTE.strip(), hostile.QUOTED, hostile.LINK, hostile.URL]),
    ],
)
def test_names_values_classes_failures_commands_and_versions_are_shown_as_text(
    attacked, place, texts
):
    shown = " ".join(" ".join(attacked.page.locator(place).all_text_contents()).split())

    for text in texts:
        assert text in shown


def test_nothing_of_the_database_runs_whatever_a_reader_does(attacked):
    page = attacked.page
    address = page.url
    page.locator("#dark").click()
    page.locator("nav summary").click()
    # At once: a mouse would wait, link after link, until the long page stands still.
    page.locator("nav a, h3 a").evaluate_all("links => links.forEach((link) => link.click())")
    for name in CHARTS:
        page.locator(f"#chart-{name}").hover()
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    page.locator("#dark").click()

    assert page.url.partition("#")[0] == address.partition("#")[0]
    assert attacked.messages == []
    assert attacked.dialogs == []
    assert attacked.requests == []


def test_no_text_of_the_database_becomes_an_element(attacked):
    found = attacked.page.evaluate(
        """() => ({
            scripts: document.scripts.length,
            images: document.querySelectorAll("img").length,
            links: document.querySelectorAll("a[href^='javascript'], svg a").length,
            handlers: document.querySelectorAll("[onmouseover], [onerror]").length,
        })"""
    )

    # Two scripts of ours, the dark colours, and the data of one figure per chart.
    assert found == {"scripts": 3 + len(CHARTS), "images": 0, "links": 0, "handlers": 0}


def test_hovering_shows_texts_of_the_database_as_they_are(attacked):
    page = attacked.page
    page.evaluate("() => Plotly.Fx.hover('chart-history', [{curveNumber: 1, pointNumber: 0}])")

    shown = page.locator("#chart-history .hoverlayer").text_content()

    assert hostile.LINK in shown
    assert page.locator("#chart-history .hoverlayer a").count() == 0


def test_the_policy_stops_added_scripts_and_connections(ordinary):
    page = ordinary.page
    before = list(ordinary.messages), list(ordinary.requests)

    ran = page.evaluate(
        """async () => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            // Allowed as a picture, but it is none, and what it would then run is refused.
            const handler = document.createElement("div");
            document.body.append(handler);
            handler.innerHTML = "<img src='data:,' onerror='window.ran = true'>";
            const failed = new Promise(done => handler.firstChild.addEventListener("error", done));
            await failed;
            const image = new Image();
            image.src = "https://example.invalid/pixel.png";
            document.body.append(image);
            const answer = await fetch("https://example.invalid/").catch(() => "refused");
            for (const added of [script, handler, image]) added.remove();
            return [window.ran ?? false, answer];
        }"""
    )

    assert ran == [False, "refused"]
    assert ordinary.requests == before[1]
    ordinary.messages[:] = before[0]


def test_the_page_says_what_it_is_in_its_head_and_links_every_figure(ordinary):
    page = ordinary.page

    assert "2030-01-02 03:04 UTC" in page.locator(".facts").inner_text()
    targets = page.evaluate(
        "() => [...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))"
    )
    assert {f"#figure-{name}" for name in CHARTS} <= set(targets)
    for target in targets:
        assert page.locator(target).count() == 1
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
    ours = [name for name in ids if name.startswith(("figure-", "chart-"))]
    assert len(ours) == len(set(ours)) == 2 * len(CHARTS)


def test_tables_have_captions_and_headings_with_a_scope(ordinary):
    tables = ordinary.page.locator("main table")

    assert tables.count() >= 4
    for i in range(tables.count()):
        table = tables.nth(i)
        assert table.locator("caption").inner_text()
        assert table.locator("thead th:not([scope=col])").count() == 0
        rows = table.locator("tbody tr").count()
        assert table.locator("tbody th[scope=row]").count() == rows


def test_every_figure_has_a_caption(ordinary):
    captions = ordinary.page.locator("figure figcaption").all_inner_texts()

    assert len(captions) == len(CHARTS)
    assert all(len(caption) > 60 for caption in captions)


@pytest.mark.parametrize("width", [390, 820])
def test_the_page_is_no_wider_than_a_narrow_screen(ordinary, width):
    page = ordinary.page

    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(300)

    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
