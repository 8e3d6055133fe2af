"""Open a report in a browser, and note all that it says and asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Route

from analysis.charts import CHARTS


@dataclass
class Visit:
    """An open page, and what it said and asked for while it loaded."""

    page: Page
    messages: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def visit(
    browser: Browser,
    report: Path,
    *,
    scheme: Literal["light", "dark"] = "light",
    n_charts: int = len(CHARTS),
) -> Visit:
    """Open a report, wait until every chart is drawn, and refuse whatever it asks for.

    Args:
        browser: That opens it.
        report: The page.
        scheme: Which colours the reader's system prefers.
        n_charts: How many charts it has.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    visited = Visit(page)

    def note(message: ConsoleMessage) -> None:
        visited.messages.append(f"{message.type}: {message.text}")

    def dismiss(dialog: Dialog) -> None:
        visited.dialogs.append(dialog.message)
        dialog.dismiss()

    def refuse(route: Route) -> None:
        if route.request.url == report.as_uri():
            route.continue_()
        else:
            visited.requests.append(route.request.url)
            route.abort()

    page.on("console", note)
    page.on("pageerror", lambda error: visited.messages.append(f"pageerror: {error}"))
    page.on("dialog", dismiss)
    page.route("**/*", refuse)
    page.goto(report.as_uri())
    page.wait_for_function(
        "n => document.querySelectorAll('.chart .main-svg:first-child').length >= n",
        arg=n_charts,
    )
    return visited
