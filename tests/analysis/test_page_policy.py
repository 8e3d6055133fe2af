"""The content security policy of both reports: no connection leaves them, and all of them works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from analysis.pair.report import write_comparison
from analysis.report import ReportFiles
from tests.analysis import synthetic
from tests.analysis.conftest import GENERATED
from tests.browsing import Visit, visit

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')

# Everything that could carry what is on the page away, or bring something in.
ATTEMPTS = """
async expected => {
    const refused = [];
    document.addEventListener("securitypolicyviolation", it => refused.push(it.effectiveDirective));
    const added = (tag, attributes) => {
        const element = Object.assign(document.createElement(tag), attributes);
        document.body.append(element);
        return element;
    };
    const to = name => `http://127.0.0.1:9/${name}`;
    const all = [
        added("img", {src: to("image")}),
        added("script", {src: to("script")}),
        added("link", {rel: "stylesheet", href: to("style")}),
        added("iframe", {src: to("frame")}),
        added("object", {data: to("object")}),
        added("video", {src: to("media")}),
        added("base", {href: to("base")}),
    ];
    const form = added("form", {action: to("form"), target: "_blank"});
    form.submit();
    await fetch(to("fetch")).catch(() => {});
    try { new WebSocket("ws://127.0.0.1:9/"); } catch {}
    try { new Worker(URL.createObjectURL(new Blob(["1"]))); } catch {}
    navigator.sendBeacon(to("beacon"));
    const font = new FontFace("stolen", `url(${to("font")})`);
    await font.load().catch(() => {});
    for (let waited = 0; waited < 100; waited += 1) {  // A busy browser tells late.
        await new Promise(done => setTimeout(done, 100));
        if (expected.every(it => refused.includes(it))) break;
    }
    for (const element of [...all, form]) element.remove();
    return [...new Set(refused)].sort();
}
"""
REFUSED = {
    *("base-uri", "connect-src", "font-src", "form-action", "frame-src", "img-src", "media-src"),
    *("object-src", "script-src-elem", "style-src-elem", "worker-src"),
}


@pytest.fixture(scope="module", params=["report", "comparison"])
def opened(
    request: pytest.FixtureRequest,
    browser: Browser,
    ordinary_report: ReportFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Visit, Path]]:
    """A report in a browser, and its file."""
    page = ordinary_report.html
    options = {}
    if request.param == "comparison":
        out = tmp_path_factory.mktemp("compared")
        studies = synthetic.study(), synthetic.study(seeds=(7, 8))
        page = write_comparison(*studies, out=out, png=False, generated=GENERATED).html
        options = {"n_charts": 2}
    visited = visit(browser, page, **options)
    yield visited, page
    visited.page.close()


def test_the_policy_allows_the_pages_own_scripts_by_hash_and_nothing_from_elsewhere(opened):
    _, path = opened
    text = path.read_text()
    (policy,) = POLICY.findall(text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert all(source.startswith("'sha256-") for source in rules["script-src"].split())
    assert rules["img-src"] == "data: blob:"
    assert rules["connect-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    # It must come before whatever it is to stop.
    assert text.index("Content-Security-Policy") < text.index("<style") < text.index("<script")


def test_a_figure_is_saved_as_png_by_its_own_button(opened):
    visited, _ = opened
    chart = visited.page.locator(".chart.plotly").first
    chart.hover()
    with visited.page.expect_download() as waiting:
        chart.locator(".modebar-btn[data-title^='Download']").click()
    saved = Path(waiting.value.path()).read_bytes()
    assert saved.startswith(b"\x89PNG")
    assert len(saved) > 5_000
    assert (visited.messages, visited.requests) == ([], [])


def test_whatever_is_planted_in_the_page_reaches_nobody(opened):
    visited, _ = opened
    refused = set(visited.page.evaluate(ATTEMPTS, sorted(REFUSED)))
    assert visited.requests == []
    assert refused >= REFUSED, REFUSED - refused
