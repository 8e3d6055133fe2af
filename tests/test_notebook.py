"""The notebook: it runs from top to bottom on its own, and what is kept of it can be read."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
from pathlib import Path

import nbformat
import pytest
from PIL import Image

import analysis
from notebooks.refresh import FIGURE, NOTEBOOK, PICTURE, executed

PROJECT = Path(__file__).parents[1]
NEEDED = ("analysis", "notebooks", "search_spaces", "study", "studies.db")
MAX_BYTES = 1_000_000


def digests(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def cell(node, name):
    return next(cell for cell in node.cells if cell.id == name)


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def contents(node):
    """Return the types of content that each cell shows, by the cell's name."""
    return {
        cell.id: [kind for output in cell.outputs for kind in output.get("data", {})]
        for cell in node.cells
        if cell.cell_type == "code"
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what the notebook needs, and what was in it before."""
    folder = tmp_path_factory.mktemp("notebook")
    for name in NEEDED:
        if (PROJECT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(PROJECT / name, folder / name)
    return folder, digests(folder)


@pytest.fixture(scope="module")
def ran(copy):
    """The notebook after a run in the copy; a cell that fails fails the tests."""
    return executed(copy[0] / "notebooks" / NOTEBOOK.name)


@pytest.fixture(scope="module")
def kept():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_every_cell_runs_without_complaint(ran):
    for cell in ran.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.text


def test_a_run_changes_nothing_in_the_project(copy, ran):
    folder, before = copy
    assert digests(folder) == before


def test_the_conclusion_is_that_of_the_shipped_study(ran):
    known = analysis.load(storage=PROJECT / "studies.db", name="reference-cifar10")

    assert printed(cell(ran, "conclusion")) == f"{analysis.conclusion(evidence=known)}\n"
    assert "custom CNN is BETTER than" in printed(cell(ran, "conclusion"))


def test_the_small_study_compares_both_families_and_augmentation(ran):
    sentences = printed(cell(ran, "verdict")).splitlines()

    assert len(sentences) == 4
    assert all("BETTER" in one or "EQUIVALENT" in one or "UNDECIDED" in one for one in sentences)


def test_the_kept_outputs_are_of_these_cells_with_a_picture_for_each_figure(ran, kept):
    drawn = {
        name: [kind for kind in kinds if kind == FIGURE] for name, kinds in contents(ran).items()
    }
    pictures = {
        name: [FIGURE for kind in kinds if kind == PICTURE]
        for name, kinds in contents(kept).items()
    }

    assert pictures == drawn
    assert sum(map(len, drawn.values())) >= 8
    assert [cell.source for cell in kept.cells] == [cell.source for cell in ran.cells]
    assert printed(cell(kept, "conclusion")) == printed(cell(ran, "conclusion"))


def test_the_kept_notebook_is_small_and_says_nothing_of_the_machine_that_ran_it(kept):
    assert NOTEBOOK.stat().st_size < MAX_BYTES
    assert set(kept.metadata) == {"kernelspec", "language_info"}
    assert set(kept.metadata.language_info) == {"name"}
    assert all(not cell.metadata for cell in kept.cells)
    numbers = [cell.execution_count for cell in kept.cells if cell.cell_type == "code"]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_kept_pictures_can_be_opened(kept):
    for cell in kept.cells:
        for output in cell.get("outputs", []):
            if PICTURE in output.get("data", {}):
                with Image.open(io.BytesIO(base64.b64decode(output.data[PICTURE]))) as picture:
                    assert picture.width > 600
