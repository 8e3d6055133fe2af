"""The files of a report, and what happens where one cannot be written."""

from __future__ import annotations

import csv
import io
import logging
import re
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image

from analysis import browser as browsers
from analysis import html_page, png, report, theme
from analysis.charts import CHARTS
from analysis.document import Document, FigureBlock, Section
from analysis.press import NO_BROWSER, started
from analysis.report import write_report
from study import files
from study.errors import ConfigError
from study.report_folder import default_folder
from tests.analysis import hostile, synthetic
from tests.analysis.conftest import GENERATED

FULL = synthetic.study()


def test_a_report_is_one_page_with_plotly_once_and_tables_beside_it(ordinary_report):
    folder = ordinary_report.html.parent
    page = ordinary_report.html.read_text(encoding="utf-8")

    assert ordinary_report.html.name == "report.html"
    assert page.count("plotly.js v") == 1
    assert page.count('<script type="application/json" data-figure=') == len(CHARTS)
    assert "<link" not in page
    assert "src=" not in page.split("<script>")[0]
    assert {path.name for path in ordinary_report.tables} == {
        "comparison.csv",
        "verdicts.csv",
        "budgets.csv",
        "fairness.csv",
        "trials.csv",
        "retrained.csv",
        "by_class.csv",
        *("luck.csv", "effects.csv", "ablation.csv", "f1_changes.csv", "expected_best.csv"),
        "hyperparameters_alexnet_lite.csv",
        "hyperparameters_custom_cnn.csv",
    }
    assert {path for path in folder.rglob("*") if path.is_file()} == set(ordinary_report.paths())


def test_the_same_study_gives_the_same_files(tmp_path, ordinary_report):
    again = write_report(synthetic.study(), out=tmp_path, png=False, generated=GENERATED)

    for first, second in zip(ordinary_report.paths(), again.paths(), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_tables_hold_the_numbers_unrounded(ordinary_report):
    path = ordinary_report.html.parent / "tables" / "retrained.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [float(row["test_accuracy"]) for row in rows] == [
        result.test_accuracy for result in FULL.retrained
    ]


def test_no_cell_of_a_table_starts_a_formula(hostile_report):
    cells = []
    for path in hostile_report.tables:
        with path.open(encoding="utf-8", newline="") as file:
            cells += [cell for row in csv.reader(file) for cell in row]

    assert f"'{hostile.FORMULA}" in cells
    assert not any(re.match(r"[=+@\t\r]|-[^\d]", cell) for cell in cells)
    assert {path.parent.name for path in hostile_report.tables} == {"tables"}


@pytest.mark.parametrize("start", [*"=+-@", "\t", "\r", "\r\n"])
def test_a_table_is_a_row_a_record_whatever_a_text_holds(start):
    frame = pd.DataFrame({f"{start}A": [f"{start}1", f"x\r{start}1"]})
    rows = list(csv.reader(io.StringIO(report._csv(frame), newline="")))
    assert [len(row) for row in rows] == [1, 1, 1]
    assert [row[0][0] for row in rows] == ["'", "'", "x"]


def test_markdown_holds_the_same_answer(ordinary_report):
    text = ordinary_report.markdown.read_text(encoding="utf-8")

    assert "custom CNN is BETTER than AlexNet-lite" in text
    assert "| Model | Augmentation | Test accuracy |" in text
    assert "![" not in text


def test_markdown_holds_no_live_markup_of_the_database(hostile_report):
    code = re.compile(r"^    .*$", re.MULTILINE)
    text = code.sub("", hostile_report.markdown.read_text(encoding="utf-8"))

    assert not re.search(r"<[a-zA-Z/]", text)
    assert "&lt;script&gt;" in text


def test_the_data_of_a_figure_cannot_end_the_script_that_holds_it():
    figure = go.Figure(layout={"title": {"text": hostile.CLOSING}, "height": 100})
    block = FigureBlock(name="a", title="A", caption="", figure=figure, min_width_pixels=1)
    section = Section(anchor="s", title="S", blocks=(block,))
    document = Document(title="T", facts={}, notices=(), sections=(section,))

    page = html_page.render(document)

    assert hostile.CLOSING not in page
    # Of the figure, the dark colours, Plotly and our own script.
    assert page.count("</script>") == 4


def test_a_substitute_dataset_is_announced(hostile_report, ordinary_report):
    for path in (hostile_report.html, hostile_report.markdown):
        assert "Another dataset was used" in path.read_text(encoding="utf-8")
    assert "Another dataset" not in ordinary_report.html.read_text(encoding="utf-8")


def test_the_page_is_printed_and_every_chart_a_picture_that_the_markdown_shows(tmp_path, browser):
    written = write_report(FULL, out=tmp_path, generated=GENERATED)

    assert sorted(path.stem for path in written.pictures) == sorted(CHARTS)
    for path in written.pictures:
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert picture.width >= browsers.PAPER_PIXELS * browsers.SCALE
        relative = path.relative_to(tmp_path).as_posix()
        assert f"]({relative})" in written.markdown.read_text(encoding="utf-8")
    printed = written.pdf.read_bytes()
    assert printed.startswith(b"%PDF-")
    assert printed.rstrip().endswith(b"%%EOF")
    boxes = {
        tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^]]+)\]", printed)
    }
    ((*_, width, height),) = boxes
    assert (width, height) == pytest.approx((595, 842), abs=1)  # A4, in points.
    dates = set(re.findall(rb"\(D:(\d{14})", printed))
    assert dates == {b"20300102030400"}


def test_figures_that_stand_in_no_report_become_pictures_too(tmp_path, browser):
    figure = theme.figure("A <b> in the title").add_scatter(y=[1, 2])

    pictures, problem = png.write_pictures({"a": figure}, tmp_path / "new")

    assert problem == ""
    assert set(pictures) == {"a"}
    with Image.open(pictures["a"]) as picture:
        assert picture.format == "PNG"
    assert list((tmp_path / "new").iterdir()) == [pictures["a"]]


def test_the_same_page_printed_twice_at_one_date_gives_the_same_bytes(tmp_path, browser):
    document = Document(title="T", facts={}, notices=("A notice",), sections=())
    printed = []
    for name in ("first.pdf", "second.pdf"):
        with started() as press:
            press.print(document)
            drawn = press.drawn()
        assert drawn.problem == ""
        printed.append(png.save_pdf(drawn, tmp_path / name, generated=GENERATED).read_bytes())

    assert printed[0] == printed[1]


def test_a_browser_that_gets_no_page_ends(browser):
    with pytest.raises(ValueError, match="no page"), started():
        raise ValueError("no page")


def test_without_a_browser_the_report_says_so_and_drops_older_pictures(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-such-browser"))
    older = tmp_path / "figures" / "history.png"
    older.parent.mkdir()
    older.write_bytes(b"an older picture")
    (tmp_path / "report.pdf").write_bytes(b"an older page")

    with caplog.at_level(logging.WARNING):
        written = write_report(FULL, out=tmp_path)

    assert written.html.is_file()
    assert written.pictures == ()
    assert not older.exists()
    assert written.pdf is None
    assert not (tmp_path / "report.pdf").exists()
    assert f"0 of {len(CHARTS)} PNG files and no report.pdf written: {NO_BROWSER}" in caplog.text


def test_a_folder_that_is_a_file_is_an_error_with_a_remedy(tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")

    with pytest.raises(ConfigError, match=r"taken.*Choose another folder: --out"):
        write_report(FULL, out=taken, png=False)


def test_a_failed_write_leaves_the_older_file(tmp_path, monkeypatch):
    target = files.write_text(tmp_path / "report.md", "old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        files.write_text(target, "new")

    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("cifar10", "cifar10"),
        ("my study", "my study"),
        ("../../etc", ".._.._etc"),
        ("/etc", "_etc"),
        ("..", "study"),
        ("a\\b", "a_b"),
    ],
)
def test_the_default_folder_lies_in_reports_whatever_the_name(name, folder):
    assert default_folder(name) == Path("reports") / folder
