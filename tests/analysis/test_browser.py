"""A browser that fails is tried a second time, and no more; and nobody hears its library talk."""

from __future__ import annotations

import logging

import pytest

from analysis import browser
from analysis.browser import Drawn


@pytest.mark.parametrize(
    ("n_failures", "n_tried", "drawn"),
    [
        (0, 1, Drawn(pdf=b"page")),
        (1, 2, Drawn(pdf=b"page")),
        (2, 2, Drawn(problem="it did not start")),
    ],
)
def test_a_browser_that_fails_is_tried_a_second_time(
    n_failures, n_tried, drawn, tmp_path, monkeypatch
):
    tried = []

    async def attempt(page):
        tried.append(page)
        failed = len(tried) <= n_failures
        return Drawn(problem="it did not start") if failed else Drawn(pdf=b"page")

    monkeypatch.setattr(browser, "_drawn", attempt)

    with browser.started() as draw:
        found = draw(tmp_path / "page.html").result()

    assert (found, len(tried)) == (drawn, n_tried)


def test_what_the_reader_of_the_pipe_complains_about_is_not_logged(caplog):
    # A record as the library makes it when the mark of the end comes as a message.
    logging.getLogger("choreographer.channels.pipe").exception("JSONError decoding message.")
    assert caplog.records == []
