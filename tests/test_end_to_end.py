"""The whole job as a user runs it: the real command line, then the report and the dashboard."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from analysis.charts import CHARTS
from study.records import FamilyRecord, StudyRecord, TrialRecord
from study.storage import read_study
from tests.browsing import visit
from tests.command_line import WITHOUT_BROWSER

PROJECT = Path(__file__).parents[1]
URL = "sqlite:///studies.db"
RUN = ("run", "--dataset", "digits", "--fraction", "0.1", "--epochs", "3", "--retrain-epochs", "2")
SMALL = (*RUN, "--trials", "2", "--seeds", "2", "--workers", "1")


def command(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def environment() -> dict[str, str]:
    # JAX sets the log level when it is imported, which another test may have done in this process.
    unset = ("OPTUNA_STORAGE", "TF_CPP_MIN_LOG_LEVEL")
    kept = {key: value for key, value in os.environ.items() if key not in unset}
    return kept | {"PYTHONPATH": str(PROJECT)}


def run(
    folder: Path, module: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(module, *arguments),
        cwd=folder,
        env=environment() | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def read(folder: Path, name: str = "digits") -> StudyRecord:
    return read_study(f"sqlite:///{folder / 'studies.db'}", name)


def ended(family: FamilyRecord) -> list[TrialRecord]:
    """Return the trials that are not waiting: named configurations beyond the budget are queued."""
    return [trial for trial in family.trials if trial.state != "WAITING"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder of a small study that ran to its end, and what the run said."""
    folder = tmp_path_factory.mktemp("finished")
    done = run(folder, "study", *SMALL)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_job_searches_retrains_and_tests_both_families(finished):
    folder, _ = finished
    study = read(folder)
    assert [family.family for family in study.families] == ["alexnet_lite", "custom_cnn"]
    for family in study.families:
        trials = ended(family)
        assert len(trials) == 2
        assert {trial.state for trial in trials} <= {"COMPLETE", "PRUNED"}
        assert trials[0].baseline in family.baselines
    runs = {(result.family, result.augmented, result.seed) for result in study.retrained}
    assert len(runs) == len(study.retrained) == 2 * 2 * 2


def test_a_network_learns_digits(finished):
    # Guessing is right one time in ten.
    assert max(result.test_accuracy for result in read(finished[0]).retrained) > 0.5


def test_the_run_ends_with_the_winners_and_the_commands_to_go_on(finished):
    folder, done = finished
    for text in ("custom_cnn", "alexnet_lite", f"python -m study dashboard --storage {URL}"):
        assert text in done.stdout
    printed = re.search(r"python -m (analysis report .*)", done.stdout)
    assert printed is not None
    again = run(folder, *printed[1].split(), "--no-png", "--out", "again")
    assert again.returncode == 0, again.stderr
    assert (folder / "again" / "report.html").is_file()


def test_stderr_holds_no_chatter_of_libraries(finished):
    lines = finished[1].stderr.splitlines()
    assert [line for line in lines if not re.match(r"(warning: )?\d\d:\d\d:\d\d ", line)] == []


def test_the_database_is_left_as_one_file(finished):
    assert [path.name for path in finished[0].glob("studies.db*")] == ["studies.db"]


def test_nothing_is_left_to_clear_up(finished):
    folder, _ = finished
    assert list(folder.rglob("checkpoints/*")) == []
    done = run(folder, "study", "doctor")
    assert done.returncode == 0, done.stdout


def test_the_report_is_complete(finished):
    report = finished[0] / "reports" / "digits"
    assert (report / "report.md").is_file()
    assert sorted(path.stem for path in (report / "figures").glob("*.png")) == sorted(CHARTS)
    assert list((report / "tables").glob("*.csv"))
    assert sorted(path.name for path in (report / "models").iterdir()) == [
        "alexnet_lite.keras",
        "custom_cnn.keras",
    ]


def test_the_page_draws_every_figure_offline_and_without_complaint(finished, browser):
    visited = visit(browser, finished[0] / "reports" / "digits" / "report.html")
    drawn = visited.page.locator(".chart.plotly:has(svg.main-svg)").count()
    visited.page.close()
    assert drawn == len(CHARTS)
    assert (visited.messages, visited.dialogs, visited.requests) == ([], [], [])


def test_running_again_does_nothing_that_is_done(finished):
    folder, _ = finished
    before = read(folder)
    again = run(folder, "study", *SMALL, "--out", "elsewhere", **WITHOUT_BROWSER)
    assert again.returncode == 0, again.stderr
    after = read(folder)
    assert [family.trials for family in after.families] == [
        family.trials for family in before.families
    ]
    assert after.retrained == before.retrained


def test_a_larger_target_continues(finished, tmp_path):
    folder, _ = finished
    (tmp_path / "studies.db").write_bytes((folder / "studies.db").read_bytes())
    larger = ("--trials", "3", "--seeds", "2", "--workers", "1", "--quiet")
    more = run(tmp_path, "study", *RUN, *larger, **WITHOUT_BROWSER)
    assert more.returncode == 0, more.stderr
    for before, after in zip(read(folder).families, read(tmp_path).families, strict=True):
        assert len(ended(after)) == 3
        assert ended(after)[:2] == ended(before)


def test_other_settings_of_training_are_refused_for_the_same_name(finished, tmp_path):
    (tmp_path / "studies.db").write_bytes((finished[0] / "studies.db").read_bytes())
    other = run(tmp_path, "study", *SMALL, "--seed", "7")
    assert other.returncode == 2
    last = other.stderr.splitlines()[-1]
    assert last.startswith("error: ") and "--name" in last


HEARS_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A test run in the background ignores Ctrl-C, and so would the programs that it starts."""


def test_ctrl_c_keeps_everything_and_says_how_to_continue(tmp_path):
    arguments = (*RUN, "--trials", "40", "--seeds", "1", "--epochs", "1000", "--pruner", "none")
    arguments = (*arguments, "--workers", "2")
    process = subprocess.Popen(
        [sys.executable, "-c", HEARS_CTRL_C, *command("study", *arguments, "--verbose")],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "custom_cnn trial 0 epoch 3" in line:
                break
        # As a terminal does: every process of the program gets it.
        os.killpg(process.pid, signal.SIGINT)
        _, rest = process.communicate(timeout=120)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert f"python -m study {' '.join(arguments)}" in rest
    assert "Traceback" not in rest
    (family,) = (one for one in read(tmp_path).families if one.family == "custom_cnn")
    stopped, *queued = family.trials
    # It waits to go on after its last whole epoch.
    assert stopped.state == "RUNNING"
    assert len(stopped.validation_accuracy) >= 3
    assert list(tmp_path.rglob("checkpoints/custom_cnn-0.npz"))
    assert [trial.baseline for trial in queued] == ["V2", "V3"]
    assert {trial.state for trial in queued} <= {"WAITING", "RUNNING"}


@pytest.fixture
def offline(tmp_path, monkeypatch) -> Path:
    """An empty folder on a machine without CIFAR-10 and npm, whose network leads nowhere."""
    monkeypatch.setenv("STUDY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    return tmp_path


def test_digits_stand_in_for_cifar10_where_it_cannot_be_had_and_the_report_says_so(offline):
    small = ("--fraction", "0.07", "--trials", "1", "--epochs", "1", "--retrain-epochs", "1")
    one = ("--seeds", "1", "--finalists", "0", "--architectures", "custom_cnn", "--workers", "1")
    done = run(offline, "study", "run", *small, *one, **WITHOUT_BROWSER)
    assert done.returncode == 0, done.stderr
    assert "digits stand in" in done.stderr
    study = read(offline)
    assert study.dataset.substitute_for is not None
    page = (offline / "reports" / "digits" / "report.html").read_text()
    assert "Another dataset was used" in page


def test_cifar10_asked_for_by_name_is_an_error_that_lists_every_source(offline):
    done = run(offline, "study", "run", "--dataset", "cifar10", "--quiet")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    for text in ("error: ", str(offline / "data"), "Keras", "npm"):
        assert text in line
    assert not (offline / "studies.db").exists()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())


def test_the_dashboard_serves_the_database(finished, browser):
    folder, _ = finished
    port = free_port()
    program = Path(sys.executable).with_name("optuna-dashboard")
    server = subprocess.Popen(
        [program, URL, "--host", "127.0.0.1", "--port", str(port)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                listing = json.loads(ask(f"{address}/api/studies"))
                break
            except OSError:
                time.sleep(0.5)
        names = {study["study_name"] for study in listing["study_summaries"]}
        members = ("alexnet_lite", "custom_cnn", "retrained", "validated")
        assert names == {f"digits/{member}" for member in members}
        page = browser.new_page()
        page.goto(f"{address}/dashboard/")
        page.get_by_text("digits/custom_cnn").first.wait_for(timeout=60_000)
        page.close()
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_the_shipped_studies_make_a_report_without_being_changed(tmp_path):
    shipped = PROJECT / "studies.db"
    digest = hashlib.sha256(shipped.read_bytes()).hexdigest()
    url = f"sqlite:///{shipped}"
    for name in ("reference-cifar10", "reference-mnist"):
        report = tmp_path / name
        done = run(
            tmp_path, "analysis", "report", "--no-png", "--name", name, "--storage", url,
            "--out", str(report),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert (report / "report.html").is_file()
        study = read_study(url, name)
        assert {result.configuration for result in study.retrained} >= {"winner"}
    assert hashlib.sha256(shipped.read_bytes()).hexdigest() == digest
    assert [path.name for path in PROJECT.glob("studies.db*")] == ["studies.db"]
