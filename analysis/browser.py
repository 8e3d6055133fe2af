"""A tab of Chrome or Chromium: it draws figures as PNG, and prints the page that they stand on."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import choreographer
from choreographer.errors import (
    BrowserClosedError,
    BrowserDepsError,
    BrowserFailedError,
    ChannelClosedError,
    DevtoolsProtocolError,
)

from analysis import html_page
from analysis.document import Document, FigureBlock
from study import files

# What matters of what it says reaches us as an exception. The rest is noise: as a browser ends, the
# reader of its pipe now and then takes the mark of the end for a message, and logs a traceback.
logging.getLogger("choreographer").setLevel(logging.CRITICAL)

# So wide are the figures on paper, see page/draw.js: drawn at once as they are printed.
PAPER_PIXELS = 680
SCALE = 2
"""Pixels of a picture for each of a page."""
SECONDS_PER_STEP = 120.0
SECONDS_TO_CLOSE = 10.0
"""Then a browser is ended that has not closed itself."""

NOT_STARTED = (
    f"the browser ended as it started, or said nothing for {SECONDS_PER_STEP:g} s. "
    "Set BROWSER_PATH to another one's program, and make the report again."
)
FAILURES = (
    RuntimeError,
    OSError,
    BrowserClosedError,
    BrowserDepsError,
    BrowserFailedError,
    ChannelClosedError,
    DevtoolsProtocolError,
    asyncio.CancelledError,
)
"""No browser is found (RuntimeError), it does not start, dies (which cancels what waits for it),
hangs (TimeoutError, an OSError) or refuses."""

# Not by the browser's event: that may be of the blank page before, which has no content.
_LOADED = """new Promise((done) =>
    document.readyState === "complete" && document.getElementById("content")
        ? done()
        : addEventListener("load", () => done())
)"""
_EMPTY = Document(title="", facts={}, notices=(), sections=())


@asynccontextmanager
async def opened() -> AsyncIterator[choreographer.Browser]:
    """Start a browser, and end it after use, even one that lives and answers nothing.

    Raises:
        RuntimeError: If there is none, or it does not start.
    """
    browser = choreographer.Browser()
    try:
        try:
            await asyncio.wait_for(browser.open(), SECONDS_PER_STEP)
        except (BrowserFailedError, BrowserClosedError, TimeoutError) as error:
            raise RuntimeError(NOT_STARTED) from error
        yield browser
    finally:
        # No longer waiting for its answer, close goes on to kill it.
        await asyncio.wait_for(browser.close(), SECONDS_TO_CLOSE)


class RefusedError(RuntimeError):
    """What the page was told to do failed in it."""


@dataclass(frozen=True)
class Tab:
    """A tab with a page that lacks nothing but its content."""

    _tab: choreographer.Tab

    @classmethod
    async def opened(cls, browser: choreographer.Browser) -> Self:
        """Open a tab, as if on paper."""
        tab = cls(browser.get_tab() or await browser.create_tab())
        await tab._send("Emulation.setEmulatedMedia", media="print")
        size = {"width": PAPER_PIXELS, "height": PAPER_PIXELS}
        options = {"deviceScaleFactor": 1, "mobile": False}
        await tab._send("Emulation.setDeviceMetricsOverride", **size, **options)
        with tempfile.TemporaryDirectory() as folder:
            page = files.write_text(Path(folder) / "page.html", html_page.render(_EMPTY))
            await tab._send("Page.navigate", url=page.as_uri())
            await tab._evaluate(_LOADED)
        await tab._evaluate((html_page.TEMPLATES / "press.js").read_text(encoding="utf-8"))
        return tab

    async def add(self, figure: FigureBlock) -> bytes:
        """Draw a figure of the page that is to come, and return its picture.

        Raises:
            RefusedError: If this figure cannot be drawn; another one may.
        """
        return _decoded(await self._call("addFigure", html_page.figure(figure), SCALE))

    async def show(self, page: Document) -> None:
        """Show the page, its figures as they were drawn."""
        await self._call("setPage", page.title, html_page.body(page))

    async def print(self) -> bytes:
        """Return the page as PDF."""
        options = ("printBackground", "preferCSSPageSize", "generateDocumentOutline")
        printed = await self._send("Page.printToPDF", **dict.fromkeys(options, True))
        return base64.b64decode(printed["data"])

    async def _call(self, function: str, *arguments: object) -> Any:
        """Call a function of page/press.js."""
        return await self._evaluate(f"{function}({', '.join(map(json.dumps, arguments))})")

    async def _evaluate(self, expression: str) -> Any:
        """Return what an expression, or the promise that it is, comes to in the page."""
        options = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self._send("Runtime.evaluate", **options)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            told = details.get("exception", {}).get("description") or details["text"]
            what, *_where = told.splitlines()
            raise RefusedError(f"The page refused: {what}")
        return answer["result"].get("value")

    async def _send(self, command: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and return its result."""
        answer = await asyncio.wait_for(
            self._tab.send_command(command, parameters), SECONDS_PER_STEP
        )
        if "error" in answer:
            raise RuntimeError(f"{command} failed: {answer['error'].get('message')}")
        return dict(answer["result"])


def _decoded(url: str) -> bytes:
    """Return the content of a data URL in base64."""
    _, _, content = url.partition(",")
    return base64.b64decode(content)
