"""`python -m study dashboard`: the real server, in a browser."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from study.dashboard.artifacts import store_artifacts
from study.storage import read_study
from tests.analysis import hostile, synthetic
from tests.study.databases import url_of
from tests.study.written import write

PROJECT = Path(__file__).parents[2]
HEARS_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A test run in the background ignores Ctrl-C, and so would the programs that it starts."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a database of an ordinary and a hostile study, and artifacts."""
    made = tmp_path_factory.mktemp("dashboard")
    url = url_of(made / "studies.db")
    write(url, synthetic.study(n_trials=8, seeds=(0,)))
    nasty = hostile.study()
    families = tuple(
        dataclasses.replace(family, trials=family.trials[:8]) for family in nasty.families
    )
    # An Optuna study's name is cut at its last "/": closing tags in it would be other studies.
    families = tuple(
        dataclasses.replace(family, family=family.family.replace("/", "|")) for family in families
    )
    write(url, dataclasses.replace(nasty, name=hostile.IMAGE, families=families, retrained=()))
    store_artifacts(url, read_study(url, "cifar10"), folder=made / "artifacts")
    return made


@pytest.fixture(scope="module")
def running(folder):
    """The address of the server that a user's command starts in that folder, and its process."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEARS_CTRL_C, sys.executable, "-X", "importtime", "-m", "study",
         "dashboard", "--port", "0"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OPTUNA_STORAGE": "sqlite:///studies.db"},
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr").open("w"),
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Dashboard: http://127.0.0.1:"), (folder / "stderr").read_text()
        yield line.split()[1].rstrip("/"), process
    finally:
        process.kill()
        process.wait(timeout=60)


@pytest.fixture
def page(running, browser):
    """A page of a browser that notes dialogs, and the server's address."""
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.set_default_timeout(120_000)
    opened.dialogs = []
    opened.on("dialog", lambda dialog: (opened.dialogs.append(dialog.message), dialog.dismiss()))
    yield opened
    opened.close()


def ask(address, path):
    with urllib.request.urlopen(f"{address}{path}", timeout=60) as answer:
        return answer.read()


def study_id(address, name):
    listing = json.loads(ask(address, "/api/studies"))["study_summaries"]
    return next(study["study_id"] for study in listing if study["study_name"] == name)


def test_the_list_of_studies_shows_ours(running, page):
    page.goto(running[0])
    for name in ("cifar10/custom_cnn", "cifar10/alexnet_lite", "cifar10/retrained"):
        page.get_by_text(name).first.wait_for()


def test_a_study_shows_its_note_its_metric_and_our_figures(running, page):
    address, _ = running
    number = study_id(address, "cifar10/custom_cnn")
    page.goto(f"{address}/dashboard/studies/{number}")
    page.get_by_text("validation accuracy").first.wait_for()
    for title in ("Learning curves of all trials", "Differences, seed by seed"):
        page.locator("svg.main-svg", has_text=title).first.wait_for()
    page.goto(f"{address}/dashboard/studies/{number}/note")
    page.get_by_role("heading", name="custom CNN in the study cifar10").wait_for()
    page.get_by_text(
        "it is UNDECIDED whether custom CNN or AlexNet-lite is better"
    ).first.wait_for()


def test_the_winners_note_leads_to_a_retrained_trial_with_its_files(running, page):
    address, _ = running
    number = study_id(address, "cifar10/custom_cnn")
    page.goto(f"{address}/dashboard/studies/{number}/note")
    page.locator("p", has_text="Why it won").get_by_role("link").click()
    page.get_by_role("heading", name="the winner of custom CNN").wait_for()
    page.locator("p", has_text="Retrained as").get_by_role("link").first.click()
    for name in ("confusion_matrix.png", "misclassified.png", "learning_curve.csv"):
        page.get_by_text(name).first.wait_for()
    picture = "one => one.src.includes('/artifacts/') && one.naturalWidth > 0"
    page.wait_for_function(f"() => [...document.images].some({picture})")
    page.get_by_label("show artifact table").first.click()
    page.get_by_text("training_accuracy").last.wait_for()


def test_texts_of_a_database_are_shown_in_notes_and_never_run(running, page):
    address, _ = running
    listing = json.loads(ask(address, "/api/studies"))["study_summaries"]
    nasty = [study for study in listing if "<" in study["study_name"]]
    assert len(nasty) == 2
    for study in nasty:
        page.goto(f"{address}/dashboard/studies/{study['study_id']}/note")
        page.get_by_text("Which of").first.wait_for()
        note = page.locator("main, #root").first.inner_text()
        assert hostile.BOLD.replace("/", "|") in note
        assert hostile.CLOSING in note
        found = page.evaluate(
            """() => ({
                images: document.querySelectorAll("img[src=x]").length,
                links: document.querySelectorAll("a[href^=javascript]").length,
                handlers: document.querySelectorAll("[onmouseover], [onerror]").length,
            })"""
        )
        assert found == {"images": 0, "links": 0, "handlers": 0}
        page.goto(f"{address}/dashboard/studies/{study['study_id']}")
        page.locator("svg.main-svg", has_text="Learning curves of all trials").first.wait_for()
    assert page.dialogs == []


def test_it_loads_neither_tensorflow_nor_keras(running, folder):
    lines = (folder / "stderr").read_text().splitlines()
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "optuna_dashboard" in loaded
    assert not loaded & {"tensorflow", "keras", "keras_tuner", "jax", "torch"}


def test_ctrl_c_ends_it_with_130_and_leaves_one_file(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", HEARS_CTRL_C, sys.executable, "-m", "study", "dashboard",
         "--storage=sqlite:///studies.db", f"--port={port}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert (
            process.stdout.readline() == f"Dashboard: http://127.0.0.1:{port}/ (Ctrl-C ends it)\n"
        )
        ask(f"http://127.0.0.1:{port}", "/api/studies")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert [path.name for path in folder.glob("studies.db*")] == ["studies.db"]
