"""One value that is not what its column should hold: never a traceback, never a circle.

SQLite keeps any value in any column. Whoever reads says in one line that the doctor names it; the
doctor does, and repairs it, so that the report can be made.
"""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

import analysis.cli
from study.cli import main
from study.dashboard.pages import refresh_all
from study.doctor import CHECKS
from study.errors import UnreadableError
from study.heartbeat import ATTRIBUTE, claim
from study.storage import open_for_writing, read_study
from tests.faults.odd_rows import DEEP, NOT_UTF_8, READABLE, TRIAL, UNREADABLE, harm
from tests.study.databases import add_study, execute, url_of


def report(name):
    return analysis.cli.main(["report", "--name", name, "--no-png", "--out", "report"])


def says_to_see_the_doctor(capsys):
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "python -m study doctor" in said


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_told_of_in_one_line_named_and_repaired(path, name, capsys, kind):
    table = UNREADABLE[kind][0]
    harm(path, *UNREADABLE[kind])

    assert report(name) == 2
    says_to_see_the_doctor(capsys)
    if main(["status"]) != 0:  # It reads less of the database.
        says_to_see_the_doctor(capsys)
    capsys.readouterr()

    assert main(["doctor"]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    assert f"unreadable: table {table}: has " in said.out
    assert "odd" not in {line.partition(":")[0] for line in said.out.splitlines()}

    assert main(["doctor", "--fix"]) == 0
    assert main(["doctor"]) == 0
    assert "Healthy" in capsys.readouterr().out
    assert main(["status"]) == 0
    assert read_study(url_of(path), name).families
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", {row[0]: kind for kind, row in UNREADABLE.items()}.values())
def test_the_report_is_made_after_a_repair(path, name, kind):
    harm(path, *UNREADABLE[kind])
    assert main(["doctor", "--fix"]) == 0
    assert report(name) == 0


@pytest.mark.parametrize("kind", READABLE)
def test_what_is_odd_and_can_be_read_stops_nobody(path, name, capsys, kind):
    harm(path, *READABLE[kind])
    assert main(["status"]) == 0
    assert main(["doctor"]) in {0, 1}
    assert capsys.readouterr().err == ""
    assert report(name) == 0


@pytest.mark.parametrize(
    "command",
    [
        ["run", "--dataset", "digits", "--trials", "1", "--name"],
        ["ablate", "--name"],
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize(
    "kind",
    [
        "a state that is none",
        "a time that is none",
        "a distribution that is no JSON",
        "a text as a trial's number",
        "a deep attribute",
        "bytes as a study's name",
    ],
)
def test_a_run_is_refused_before_it_writes(path, name, capsys, command, kind):
    harm(path, *UNREADABLE[kind])
    before = path.read_bytes()
    assert main([*command, name, "--workers", "1", "--quiet"]) == 2
    says_to_see_the_doctor(capsys)
    assert path.read_bytes() == before


def test_the_dashboard_shows_what_can_be_read(path, name, capsys, caplog):
    harm(path, *UNREADABLE["a state that is none"])
    refresh_all(url_of(path))
    assert "python -m study doctor" in caplog.text
    capsys.readouterr()
    harm(path, *UNREADABLE["no version of a study"])
    assert main(["dashboard", "--port", "0"]) == 2
    says_to_see_the_doctor(capsys)


def test_who_writes_is_told_of_the_doctor_too(path):
    harm(path, *UNREADABLE["a time that is none"])
    with pytest.raises(UnreadableError, match="doctor"), open_for_writing(url_of(path)) as storage:
        for study in storage.get_all_studies():
            storage.get_all_trials(study._study_id)


def test_a_mistake_of_this_program_passes_for_no_odd_row(path):
    with pytest.raises(KeyError), open_for_writing(url_of(path)) as storage:
        storage.get_trial(10**6)
    with pytest.raises(TypeError), open_for_writing(url_of(path)) as storage:
        storage.set_study_user_attr(1, "key", object())
    with pytest.raises(ValueError, match="ours"), open_for_writing(url_of(path)):
        raise ValueError("ours")


def test_a_name_that_is_no_text_is_named_and_replaced(path, name, capsys):
    execute(path, NOT_UTF_8)
    assert report(name) == 2
    says_to_see_the_doctor(capsys)
    assert main(["doctor", "--fix"]) == 0
    assert "unreadable-" in capsys.readouterr().out
    assert [family.family for family in read_study(url_of(path), name).families] == ["custom_cnn"]


def test_a_repair_keeps_a_trial_whose_time_alone_is_odd(path, name):
    before = read_study(url_of(path), name)
    harm(path, *UNREADABLE["a time that is none"])
    harm(path, *UNREADABLE["a text as a trial's number"])
    assert main(["doctor", "--fix"]) == 0
    after = read_study(url_of(path), name)
    assert [[(t.number, t.value) for t in one.trials] for one in after.families] == [
        [(t.number, t.value) for t in one.trials] for one in before.families
    ]


def left_running(path):
    execute(
        path,
        f"UPDATE trials SET state = 'RUNNING', datetime_complete = NULL WHERE {TRIAL}",  # noqa: S608
        "DELETE FROM trial_values WHERE trial_id IN "
        "(SELECT trial_id FROM trials WHERE state = 'RUNNING')",
    )


def test_what_a_blocking_finding_hid_is_repaired_too(path, capsys):
    left_running(path)
    harm(path, *UNREADABLE["a deep attribute of a study"])
    assert main(["doctor", "--json"]) == 1
    assert {one["check"] for one in json.loads(capsys.readouterr().out)["findings"]} == {
        "unreadable"
    }
    assert main(["doctor", "--fix", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["check"], one["repaired"]) for one in told["findings"]] == [
        ("unreadable", True),
        ("stale", True),
    ]
    assert told["checks"] == list(CHECKS)
    # One backup, of the database as it was before the first repair.
    assert [one.name for one in path.parent.glob("*.backup-*")] == [told["backup"]]
    assert main(["doctor"]) == 0


def test_what_no_repair_cures_is_not_called_repaired(path, capsys, monkeypatch):
    harm(path, *UNREADABLE["a deep attribute of a study"])
    monkeypatch.setattr(
        "study.doctor.row_repairs._repair", lambda *_: ("wait", (text("SELECT 1"),))
    )
    assert main(["doctor", "--fix"]) == 1
    assert len(list(path.parent.glob("*.backup-*"))) == 1


def test_the_doctor_never_sends_anybody_to_the_doctor(path, capsys, monkeypatch):
    harm(path, *UNREADABLE["a time that is none"])
    monkeypatch.setitem(CHECKS, "unreadable", lambda _patient: iter(()))
    assert main(["doctor", "--fix"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "put a backup in its place" in said
    assert "python -m study doctor" not in said


@pytest.mark.parametrize("beat", [DEEP, "{", b"\xff", None, "[]", "9" * 5000], ids=range(6))
def test_a_damaged_heartbeat_is_none(tmp_path, beat):
    url = url_of(tmp_path / "studies.db")
    with open_for_writing(url) as storage:
        add_study(storage, "mine/custom_cnn")
        assert claim(storage, "mine/custom_cnn")
    harm(
        tmp_path / "studies.db",
        "study_system_attributes",
        "value_json",
        beat,
        f"key = '{ATTRIBUTE}'",
    )
    with open_for_writing(url) as storage:
        assert claim(storage, "mine/custom_cnn")
        assert storage.get_all_studies()


@pytest.mark.parametrize("beat", [DEEP, "{"], ids=["deep", "no JSON"])
def test_a_damaged_heartbeat_keeps_nobody_from_a_repair(path, beat):
    with open_for_writing(url_of(path)) as storage:
        assert claim(storage, storage.get_all_studies()[0].study_name)
    harm(path, "study_system_attributes", "value_json", beat, f"key = '{ATTRIBUTE}'")
    assert main(["doctor", "--fix"]) == 0
    assert main(["doctor"]) == 0
