"""Reports that several tests read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from analysis.report import ReportFiles, write_report
from tests.analysis import hostile, synthetic
from tests.browsing import Visit, visit

GENERATED = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="session")
def ordinary_report(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    """The report of the synthetic study, without pictures, in a folder made for it."""
    out = tmp_path_factory.mktemp("ordinary") / "new" / "folder"
    return write_report(synthetic.study(), out=out, png=False, generated=GENERATED)


@pytest.fixture(scope="session")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    """The report of the hostile study, without pictures."""
    out = tmp_path_factory.mktemp("hostile")
    return write_report(hostile.study(), out=out, png=False, generated=GENERATED)


@pytest.fixture(scope="session")
def _visited(browser: Browser, ordinary_report: ReportFiles) -> Iterator[Visit]:
    visited = visit(browser, ordinary_report.html)
    yield visited
    visited.page.close()


@pytest.fixture
def ordinary(_visited: Visit) -> Visit:
    """The synthetic study's report, opened on a desk, for tests that leave the page as it was."""
    _visited.page.set_viewport_size({"width": 1280, "height": 900})
    _visited.page.evaluate("() => scrollTo({top: 0, behavior: 'instant'})")
    return _visited
