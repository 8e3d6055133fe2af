"""Reports that several tests read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analysis.report import ReportFiles, write_report
from tests.analysis import hostile, synthetic

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
