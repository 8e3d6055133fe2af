"""What the user is told while a study runs."""

from __future__ import annotations

import io
import logging

from study import job
from tests.study import small
from tests.study.local_workers import LocalWorkers


def test_progress_is_told_trial_by_trial_and_run_by_run(tmp_path, small_parts, caplog, monkeypatch):
    from rich.console import Console

    from study.progress import Progress

    monkeypatch.setattr(job, "WorkerPool", LocalWorkers)
    config = small.config(tmp_path)
    drawn = small.sample()
    stream = io.StringIO()
    with (
        caplog.at_level(logging.INFO, logger="study"),
        Progress(console=Console(file=stream, force_terminal=True)) as progress,
    ):
        job.run(config, sample=drawn, progress=progress)
    lines = [record.getMessage() for record in caplog.records]
    assert sum("small trial" in line for line in lines) == 3
    assert sum("test accuracy" in line for line in lines) == 2
    assert any("3 of 3" in line for line in lines)
    assert "retrain" in stream.getvalue()
