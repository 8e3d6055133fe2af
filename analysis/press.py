"""Where a report's figures go as they are made, and its page at the end: to a browser meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from choreographer.errors import ChromeNotFoundError

from analysis.browser import FAILURES, RefusedError, Tab, opened
from analysis.document import Document, FigureBlock

N_ATTEMPTS = 2
"""A browser that did not start on a busy machine mostly does the second time."""

MAX_ERROR_CHARACTERS = 200
NO_BROWSER = (
    "neither Chrome nor Chromium was found. "
    "Install one, or set BROWSER_PATH to its program, and make the report again."
)


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


class Press:
    """Takes a report's figures, one by one as they are made, and its page at the end."""

    def __init__(self, thread: Executor, *, wanted: bool) -> None:
        # The last one is yet to come, until it is the page.
        self._parts: list[Future[FigureBlock | Document]] = [Future()]
        self._names: set[str] = set()
        self._is_stopped = False
        self._drawn = thread.submit(self._run if wanted else Drawn)

    def draw(self, figure: FigureBlock) -> None:
        """Have a figure of the page drawn at once."""
        last = self._parts[-1]
        self._parts.append(Future())
        last.set_result(figure)
        self._names.add(figure.name)

    def print(self, page: Document) -> None:
        """Have the page printed, and before it those of its figures drawn that are not yet."""
        for figure in page.figures():
            if figure.name not in self._names:
                self.draw(figure)
        self._parts[-1].set_result(page)

    def drawn(self) -> Drawn:
        """Wait for what has become of the page, which must have been handed on."""
        return self._drawn.result()

    def stop(self) -> None:
        """Have nothing more drawn: a browser may wait for what does not come."""
        self._is_stopped = True
        for part in self._parts:
            part.cancel()

    async def part(self, place: int) -> FigureBlock | Document:
        """Wait for what came at a place, from 0: figures, then the page."""
        if self._is_stopped:
            raise asyncio.CancelledError
        # A browser that dies cancels what waits for it, but not the part for the next one.
        return await asyncio.shield(asyncio.wrap_future(self._parts[place]))

    def _run(self) -> Drawn:
        drawn = Drawn()
        for _ in range(N_ATTEMPTS):
            drawn = asyncio.run(_drawn(self))
            if drawn.pdf or not drawn.problem or self._is_stopped:
                break
        return drawn


@contextmanager
def started(*, wanted: bool = True) -> Iterator[Press]:
    """Start a browser and yield what takes figures and their page.

    The browser starts and draws in a thread of its own, so that other things can be done meanwhile,
    and so that a program that has an event loop may call this. It is found by `BROWSER_PATH`, else
    as Chrome or Chromium on the PATH. Where none is `wanted`, nothing is drawn.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        press = Press(thread, wanted=wanted)
        try:
            yield press
        finally:
            press.stop()


async def _drawn(press: Press) -> Drawn:
    pdf, problem = b"", ""
    pictures: dict[str, bytes] = {}
    try:
        async with opened() as browser:
            # Together: where nothing comes, as a study is unknown, nobody waits for the tab.
            tab, _ = await asyncio.gather(Tab.opened(browser), press.part(0))
            for place in itertools.count():
                part = await press.part(place)
                if isinstance(part, Document):
                    await tab.show(part)
                    pdf = await tab.print()
                    break
                try:
                    pictures[part.name] = await tab.add(part)
                except RefusedError as error:
                    problem = problem or _one_line(error)
    except FAILURES as error:
        problem = _one_line(error)
    return Drawn(pdf=pdf, pictures=pictures, problem=problem)


def _one_line(error: BaseException) -> str:
    if isinstance(error, ChromeNotFoundError):
        return NO_BROWSER
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:MAX_ERROR_CHARACTERS]
