"""A Chrome or Chromium in the background: it prints a page of figures and draws each as PNG."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import choreographer
from choreographer.errors import (
    BrowserClosedError,
    BrowserDepsError,
    BrowserFailedError,
    ChannelClosedError,
    DevtoolsProtocolError,
)

# What matters of what it says reaches us as an exception. The rest is noise: as a browser ends, the
# reader of its pipe now and then takes the mark of the end for a message, and logs a traceback.
logging.getLogger("choreographer").setLevel(logging.CRITICAL)

# So wide are the figures on paper, see page/draw.js: drawn at once as they are printed.
PAPER_PIXELS = 680
SCALE = 2
"""Pixels of a picture for each of a page."""
SECONDS_PER_STEP = 120.0
MAX_ERROR_CHARACTERS = 200
N_ATTEMPTS = 2
"""A browser that did not start on a busy machine mostly does the second time."""

# No browser is found (RuntimeError), it does not start, dies (which cancels what waits for it),
# hangs (TimeoutError, an OSError) or refuses.
_FAILURES = (
    RuntimeError,
    OSError,
    BrowserClosedError,
    BrowserDepsError,
    BrowserFailedError,
    ChannelClosedError,
    DevtoolsProtocolError,
    asyncio.CancelledError,
)

_NAMES = "[...document.querySelectorAll('script[data-figure]')].map(it => it.dataset.figure)"
# Of the figure as it stands on the page, which is quicker than to draw it anew; there the page's
# heading is its title, here it has room for its own.
_PICTURE = """(async (name, scale) => {
    const source = document.querySelector(`script[data-figure="${name}"]`);
    const title = JSON.parse(source.textContent).layout.title;
    const place = document.getElementById(name);
    const { width, height, paper_bgcolor: background } = place._fullLayout;
    const image = new Image();
    const svg = Plotly.Snapshot.toSVG(place, "png", scale);
    image.src = "data:image/svg+xml," + encodeURIComponent(svg);
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = width * scale;
    canvas.height = (height + look.titlePixels) * scale;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.fillStyle = background;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, look.titlePixels, width, height);
    const { font, pad } = place._fullLayout.title;
    context.font = `${font.weight} ${font.size}px ${font.family}`;
    context.fillStyle = font.color;
    context.textBaseline = "top";
    const text = new DOMParser().parseFromString(title.text, "text/html").body.textContent;
    context.fillText(text, pad.l, pad.t, width - 2 * pad.l);
    return canvas.toDataURL("image/png");
})"""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What a browser made of a page.

    Attributes:
        pdf: The page as PDF; empty where it was not printed.
        pictures: PNG of each figure by the figure's name; may lack some.
        problem: Why something is missing; empty where nothing is.
    """

    pdf: bytes = b""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    problem: str = ""


@contextmanager
def started() -> Iterator[Callable[[Path], Future[Drawn]]]:
    """Start a browser, and yield a function that has it draw a page made by `analysis.html_page`.

    The browser starts and draws in a thread of its own, so that other things can be done meanwhile,
    and so that a program that has an event loop may call this. It is found by `BROWSER_PATH`, else
    as Chrome or Chromium on the PATH.
    """
    page: Future[Path] = Future()
    with ThreadPoolExecutor(max_workers=1) as thread:
        drawn = thread.submit(_drawn_at_last, page)

        def draw(path: Path) -> Future[Drawn]:
            page.set_result(path)
            return drawn

        try:
            yield draw
        finally:
            # Where no page came, the browser waits no longer.
            page.cancel()


def _drawn_at_last(page: Future[Path]) -> Drawn:
    drawn = Drawn()
    for _ in range(N_ATTEMPTS):
        drawn = asyncio.run(_drawn(page))
        if not drawn.problem or page.cancelled():
            break
    return drawn


async def _drawn(page: Future[Path]) -> Drawn:
    pdf, problem = b"", ""
    pictures: dict[str, bytes] = {}
    try:
        async with choreographer.Browser() as browser:
            # A browser that dies cancels what waits for it, but not the page for the next one.
            path = await asyncio.shield(asyncio.wrap_future(page))
            tab = browser.get_tab() or await browser.create_tab()
            await _open(tab, path)
            pdf = await _printed(tab)
            for name in await _evaluate(tab, _NAMES):
                pictures[name.removeprefix("chart-")] = await _picture(tab, name)
    except _FAILURES as error:
        text = " ".join(str(error).split()) or type(error).__name__
        problem = text[:MAX_ERROR_CHARACTERS]
    return Drawn(pdf=pdf, pictures=pictures, problem=problem)


async def _open(tab: choreographer.Tab, page: Path) -> None:
    """Open a page as if on paper, and wait until its figures are drawn."""
    await _send(tab, "Emulation.setEmulatedMedia", media="print")
    size = {"width": PAPER_PIXELS, "height": PAPER_PIXELS, "deviceScaleFactor": 1, "mobile": False}
    await _send(tab, "Emulation.setDeviceMetricsOverride", **size)
    await _send(tab, "Page.enable")
    loaded = tab.subscribe_once("Page.loadEventFired")
    await _send(tab, "Page.navigate", url=page.resolve().as_uri())
    await asyncio.wait_for(loaded, SECONDS_PER_STEP)
    await _evaluate(tab, "drawn.then(() => true)")


async def _picture(tab: choreographer.Tab, name: str) -> bytes:
    url = await _evaluate(tab, f"{_PICTURE}({json.dumps(name)}, {SCALE})")
    return base64.b64decode(str(url).partition(",")[2])


async def _printed(tab: choreographer.Tab) -> bytes:
    options = {"printBackground": True, "preferCSSPageSize": True, "generateDocumentOutline": True}
    return base64.b64decode((await _send(tab, "Page.printToPDF", **options))["data"])


async def _evaluate(tab: choreographer.Tab, expression: str) -> Any:
    """Return what an expression, or the promise that it is, comes to in the page."""
    options = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    answer = await _send(tab, "Runtime.evaluate", **options)
    if "exceptionDetails" in answer:
        raise RuntimeError(f"The page refused: {answer['exceptionDetails'].get('text')}")
    return answer["result"].get("value")


async def _send(tab: choreographer.Tab, command: str, **parameters: Any) -> dict[str, Any]:
    """Send a command of the DevTools protocol and return its result."""
    answer = await asyncio.wait_for(tab.send_command(command, parameters), SECONDS_PER_STEP)
    if "error" in answer:
        raise RuntimeError(f"{command} failed: {answer['error'].get('message')}")
    return dict(answer["result"])
