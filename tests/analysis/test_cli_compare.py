"""`python -m analysis compare` on real databases: what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.cli import main
from analysis.report_date import VARIABLE
from tests.analysis.test_cli import assert_one_error, database


def test_two_studies_become_one_page_and_its_paths_are_printed(tmp_path, capsys):
    url, out = database(tmp_path), tmp_path / "compared"

    code = main(["compare", "first", "second", "--storage", url, "--out", str(out), "--no-png"])

    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    names = ["report.html", "report.md", "comparison.json"]
    assert printed.out.splitlines() == [str(out / name) for name in names]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    assert "first and second compared" in (out / "report.html").read_text(encoding="utf-8")


def test_they_go_to_a_folder_named_after_both(tmp_path, capsys, monkeypatch):
    url = database(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert main(["compare", "first", "second", "--storage", url, "--no-png"]) == 0

    written = Path(capsys.readouterr().out.splitlines()[0])
    assert written == Path("reports", "first-versus-second", "report.html")
    assert written.is_file()


def test_the_same_name_in_another_database_is_another_study(tmp_path, capsys):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    urls = [database(folders[0], trials=3), database(folders[1], trials=4)]

    options = ["--storage", urls[0], "--storage-b", urls[1], "--out", str(tmp_path / "out")]

    assert main(["compare", "first", "first", *options, "--no-png"]) == 0

    page = Path(capsys.readouterr().out.splitlines()[1]).read_text(encoding="utf-8")
    assert "first (first) and first (second) compared" in page


@pytest.mark.parametrize("names", [("third", "first"), ("first", "third")])
def test_an_unknown_name_lists_the_known_ones(tmp_path, capsys, names):
    code = main(["compare", *names, "--storage", database(tmp_path)])

    assert_one_error(code, capsys, "'third'", "first, second")


def test_the_same_study_twice_is_an_error(tmp_path, capsys, monkeypatch):
    url = database(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.db").symlink_to("studies.db")

    for other in (url, "sqlite:///studies.db", "sqlite:///./link.db"):
        code = main(["compare", "first", "first", "--storage", url, "--storage-b", other])
        assert_one_error(code, capsys, "Both studies are 'first'", "--storage-b")


def test_a_copy_of_a_study_is_no_other_study(tmp_path, capsys):
    url = database(tmp_path)
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "studies.db").read_bytes())

    code = main(["compare", "first", "first", "--storage", url, "--storage-b", f"sqlite:///{copy}"])

    assert_one_error(code, capsys, "Both studies are 'first', record by record")


def test_a_missing_second_database_is_an_error(tmp_path, capsys):
    missing = f"sqlite:///{tmp_path / 'none.db'}"
    options = ["--storage", database(tmp_path), "--storage-b", missing]

    assert_one_error(main(["compare", "first", "second", *options]), capsys, "none.db")


@pytest.mark.parametrize(
    "arguments", [["first"], [], ["first", "second", "third"], ["a", "b", "--margin", "0"]]
)
def test_what_is_missing_too_much_or_wrong_is_one_line(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main(["compare", *arguments])
    assert_one_error(ended.value.code, capsys)


def test_a_date_that_is_none_is_an_error_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv(VARIABLE, "tomorrow")
    out = tmp_path / "out"
    options = ["--storage", database(tmp_path), "--out", str(out), "--no-png"]

    for command in (["compare", "first", "second"], ["report"]):
        assert_one_error(main([*command, *options]), capsys, VARIABLE, "'tomorrow'")
    assert not out.exists()
