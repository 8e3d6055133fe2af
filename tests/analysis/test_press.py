"""What is drawn early is drawn as with its page; a browser that fails is tried a second time."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import threading
import time
import zlib
from contextlib import suppress
from dataclasses import replace

import numpy as np
import psutil
import pytest

from analysis import browser as browsers
from analysis import html_page, theme
from analysis.document import Document, FigureBlock, Items, Section, Table
from analysis.press import Drawn, started

TAGS = re.compile(rb"/\w+ <</MCID \d+ >>BDC\n|EMC\n|/Artifact BMC\n")
NUMBER = re.compile(rb"-?\d*\.?\d+")
CAPTION = "How to read it, which takes more than a line where a page is as narrow as paper is. " * 3


def figure_block(name: str, *, height: int = 300) -> FigureBlock:
    figure = theme.figure(f"Chart {name}", height=height).add_scatter(y=[1, 3, 2], name=name)
    return FigureBlock(
        name=name, title=f"Chart {name}", caption=CAPTION, figure=figure, min_width_pixels=320
    )


def page_of(*figures: FigureBlock) -> Document:
    table = Table(caption="A table", columns=("A", "B"), rows=(("1", "2"),))
    return Document(
        title="A page",
        facts={"Dataset": "digits"},
        notices=("Take notice",),
        sections=(
            Section(anchor="first", title="First", blocks=(*figures[:1], table)),
            Section(anchor="second", title="Second", blocks=(Items(items=("a",)), *figures[1:])),
        ),
    )


# The second does not fit on a page and is made smaller.
FIGURES = (figure_block("a"), figure_block("b", height=1500), figure_block("c"))
PAGE = page_of(*FIGURES)


@pytest.mark.parametrize(
    ("n_failures", "n_tried", "drawn"),
    [
        (0, 1, Drawn(pdf=b"page")),
        (1, 2, Drawn(pdf=b"page")),
        (2, 2, Drawn(problem="it did not start")),
    ],
)
def test_a_browser_that_fails_is_tried_a_second_time_with_all_that_there_is(
    n_failures, n_tried, drawn, monkeypatch
):
    tried = []

    async def attempt(press):
        tried.append([await press.part(place) for place in range(4)])
        failed = len(tried) <= n_failures
        return Drawn(problem="it did not start") if failed else Drawn(pdf=b"page")

    monkeypatch.setattr("analysis.press._drawn", attempt)

    with started() as press:
        press.draw(FIGURES[0])
        press.print(PAGE)
        found = press.drawn()

    assert found == drawn
    assert tried == [[*FIGURES, PAGE]] * n_tried


def test_a_browser_that_fails_before_anything_came_leaves_all_to_the_next(monkeypatch):
    has_failed = threading.Event()

    async def attempt(press):
        if not has_failed.is_set():
            waiting = asyncio.ensure_future(press.part(0))
            await asyncio.wait({waiting}, timeout=0.01)  # Left behind, it is cancelled.
            has_failed.set()
            return Drawn(problem="it did not start")
        assert [await press.part(place) for place in range(4)] == [*FIGURES, PAGE]
        return Drawn(pdf=b"page")

    monkeypatch.setattr("analysis.press._drawn", attempt)

    with started() as press:
        has_failed.wait(60)
        time.sleep(0.1)
        press.print(PAGE)
        assert press.drawn() == Drawn(pdf=b"page")


@pytest.mark.parametrize("is_printed", [False, True])
def test_what_is_given_up_is_not_drawn_to_its_end(is_printed, monkeypatch):
    drawn, goes_on = [], threading.Event()

    async def attempt(press):
        for place in range(4):
            drawn.append(await press.part(place))
            goes_on.wait(60)
        return Drawn(problem="it was stopped")

    monkeypatch.setattr("analysis.press._drawn", attempt)

    with pytest.raises(ValueError, match="given up"), started() as press:
        press.draw(FIGURES[0])
        press.draw(FIGURES[1])
        if is_printed:
            press.print(PAGE)
        threading.Timer(0.5, goes_on.set).start()
        raise ValueError("given up")

    assert len(drawn) <= 1


def test_a_figure_that_cannot_be_drawn_costs_no_other_and_not_the_page(browser):
    odd = replace(FIGURES[1], figure=theme.figure("Odd", height=300))
    odd.__dict__["json"] = '{"data": [], "layout": null}'
    with started() as press:
        press.draw(FIGURES[0])
        press.draw(odd)
        press.print(PAGE)
        drawn = press.drawn()

    assert set(drawn.pictures) == {"a", "c"}
    assert drawn.pdf.startswith(b"%PDF-")
    assert drawn.problem.startswith("The page refused: TypeError")
    assert "file:" not in drawn.problem


@pytest.mark.skipif(os.name != "posix", reason="the browser is a shell script")
def test_a_browser_that_lives_and_says_nothing_is_ended_and_costs_only_what_it_draws(
    tmp_path, monkeypatch
):
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(program))
    monkeypatch.setattr(browsers, "SECONDS_PER_STEP", 1.0)
    monkeypatch.setattr(browsers, "SECONDS_TO_CLOSE", 1.0)

    with started() as press:
        press.print(PAGE)
        drawn = press.drawn()

    assert drawn == Drawn(problem=browsers.NOT_STARTED)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert not any(map(psutil.pid_exists, pids))


def printed(*early: FigureBlock) -> Drawn:
    """Return what becomes of the page where these figures are handed on before it."""
    with started() as press:
        for figure in early:
            press.draw(figure)
        press.print(PAGE)
        return press.drawn()


@pytest.fixture(scope="module")
def drawn_early() -> Drawn:
    """The page, two of its three figures drawn before it."""
    return printed(*FIGURES[:2])


def marks(pdf: bytes) -> list[bytes]:
    """Return what a PDF puts on paper, without the tags that tell a reader's software what it is.

    Chromium tags the lines of a drawing or does not, whatever they look like.
    """
    found = []
    for stream in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            found.append(TAGS.sub(b"", zlib.decompress(stream)))
    return found


def test_figures_are_drawn_the_same_before_their_page_and_with_it(drawn_early, browser):
    drawn_late = printed()

    assert (drawn_early.problem, drawn_late.problem) == ("", "")
    assert set(drawn_late.pictures) == {"a", "b", "c"}
    assert drawn_early.pictures == drawn_late.pictures
    assert len(marks(drawn_late.pdf)) > 3
    assert marks(drawn_early.pdf) == marks(drawn_late.pdf)


def test_what_is_printed_is_the_page_that_is_written(drawn_early, tmp_path, browser):
    path = tmp_path / "page.html"
    path.write_text(html_page.render(PAGE), encoding="utf-8")
    page = browser.new_page(viewport={"width": browsers.PAPER_PIXELS, "height": 680})
    page.emulate_media(media="print")
    page.goto(path.as_uri())
    page.evaluate("() => drawn")
    expected = page.pdf(print_background=True, prefer_css_page_size=True, outline=True)
    page.close()

    for one, other in zip(marks(drawn_early.pdf), marks(expected), strict=True):
        assert NUMBER.sub(b"#", one) == NUMBER.sub(b"#", other)
        # How much smaller a tall figure is drawn is rounded where it is kept as text.
        numbers = [np.array(NUMBER.findall(text), float) for text in (one, other)]
        np.testing.assert_allclose(*numbers, rtol=1e-5, atol=1e-3)


def test_what_the_reader_of_the_pipe_complains_about_is_not_logged(caplog):
    # A record as the library makes it when the mark of the end comes as a message.
    logging.getLogger("choreographer.channels.pipe").exception("JSONError decoding message.")
    assert caplog.records == []
