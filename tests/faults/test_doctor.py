"""`python -m study doctor`: finds what is wrong, changes nothing unasked, repairs with a backup."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import optuna
import pytest

from study.cli import main
from study.doctor import CHECKS
from study.environment import this_process
from study.errors import StorageError
from study.heartbeat import ATTRIBUTE
from study.storage import backup, open_for_reading, read_study
from tests.faults.quick_runs import is_sound
from tests.study.databases import url_of


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def one(path, query, *values):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, values).fetchone()[0]


def change(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def doctor(capsys, *arguments):
    """Return the exit code and the JSON."""
    code = main(["doctor", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def trial_of(path, study, *, state="COMPLETE"):
    return one(
        path,
        "SELECT trial_id FROM trials JOIN studies USING (study_id) "
        "WHERE study_name = ? AND state = ? ORDER BY number LIMIT 1",
        study,
        state,
    )


def copied(path, study):
    """Put a copy of a study's first completed trial behind all others."""
    first = trial_of(path, study)
    change(
        path,
        "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) "
        "SELECT (SELECT max(number) + 1 FROM trials u WHERE u.study_id = t.study_id), study_id, "
        "state, datetime_start, datetime_complete FROM trials t WHERE trial_id = ?",
        first,
    )
    new = one(path, "SELECT max(trial_id) FROM trials")
    for table, columns in (
        ("trial_params", "param_name, param_value, distribution_json"),
        ("trial_values", "objective, value, value_type"),
        ("trial_user_attributes", "key, value_json"),
    ):
        copying = f"INSERT INTO {table} (trial_id, {columns}) SELECT ?, {columns} FROM {table}"  # noqa: S608
        change(path, f"{copying} WHERE trial_id = ?", new, first)


def orphan(path, name):
    change(path, "DELETE FROM studies WHERE study_name = ?", f"{name}/custom_cnn")


def no_json(path, _name):
    change(
        path,
        "UPDATE study_user_attributes SET value_json = ? WHERE key = 'settings'",
        '{"trials": 5',
    )


def left_running(path, study):
    running = "UPDATE trials SET state = 'RUNNING', datetime_complete = NULL WHERE trial_id = ?"
    change(path, running, trial_of(path, study))


def nobody_at_it(path, name):
    left_running(path, f"{name}/custom_cnn")


def unfinished_result(path, name):
    left_running(path, f"{name}/retrained")


def trained_twice(path, name):
    copied(path, f"{name}/custom_cnn")


def retrained_twice(path, name):
    copied(path, f"{name}/retrained")


def just_begun(path, name):
    change(path, "INSERT INTO studies (study_name) VALUES (?)", f"{name}-2/custom_cnn")


def left_behind(path, name):
    folder = path.parent / "reports" / name / "checkpoints"
    folder.mkdir(parents=True)
    checkpoint = folder / "custom_cnn-1.npz"
    checkpoint.write_bytes(b"a state")
    ended = one(path, "SELECT min(datetime_complete) FROM trials WHERE state = 'COMPLETE'")
    os.utime(checkpoint, times=(datetime.fromisoformat(f"{ended}+00:00").timestamp() - 1,) * 2)


SICK = {
    orphan: ("orphaned", "6 rows of studies that are not there"),
    no_json: ("unreadable", "'settings'"),
    nobody_at_it: ("stale", "trial 0: running"),
    unfinished_result: ("stale", "never finished"),
    trained_twice: ("duplicated", "trial 6: the same as trial 0"),
    retrained_twice: ("duplicated", "the same as trial 0"),
    just_begun: ("half-written", "holds nothing yet"),
    left_behind: ("leftover", "1 checkpoints"),
}


def test_a_healthy_database_is_called_so(path, capsys):
    assert main(["doctor"]) == 0
    assert "Healthy" in capsys.readouterr().out
    code, told = doctor(capsys, "--fix")
    assert (code, told["findings"], told["backup"]) == (0, [], None)
    assert told["checks"] == list(CHECKS)
    assert [found.name for found in path.parent.iterdir()] == ["studies.db"]


@pytest.mark.parametrize("fall_ill", SICK, ids=lambda it: it.__name__)
def test_what_is_wrong_is_found_and_repaired_after_a_backup(path, name, capsys, fall_ill):
    check, words = SICK[fall_ill]
    fall_ill(path, name)
    before = rows(path)

    code, told = doctor(capsys)
    assert code == 1
    assert {finding["check"] for finding in told["findings"]} == {check}
    assert any(words in finding["problem"] for finding in told["findings"])
    assert rows(path) == before

    code, told = doctor(capsys, "--fix")
    assert code == 0
    assert all(finding["repaired"] for finding in told["findings"])
    if fall_ill is left_behind:
        assert (told["backup"], rows(path)) == (None, before)
    else:
        assert rows(told["backup"]) == before
    assert is_sound(path)
    with open_for_reading(url_of(path)) as storage:
        for study in storage.get_all_studies():
            # Optuna checks every trial that is added.
            optuna.create_study().add_trials(storage.get_all_trials(study._study_id))
    assert doctor(capsys)[0] == 0
    if fall_ill is not orphan:
        assert len(read_study(url_of(path), name).retrained) in {3, 4}


def test_a_duplicate_is_not_deleted_and_counts_no_more(path, name, capsys):
    before = read_study(url_of(path), name)
    retrained_twice(path, name)
    assert len(read_study(url_of(path), name).retrained) == len(before.retrained) + 1
    n_values = one(path, "SELECT count(*) FROM trial_values")
    assert doctor(capsys, "--fix")[0] == 0
    assert read_study(url_of(path), name).retrained == before.retrained
    # To Optuna a failed trial has no value: it is told in words.
    assert one(path, "SELECT count(*) FROM trial_values") == n_values - 1
    failure = one(
        path,
        "SELECT value_json FROM trial_user_attributes JOIN trials USING (trial_id) "
        "WHERE state = 'FAIL' AND key = 'failure' ORDER BY trial_id DESC LIMIT 1",
    )
    score = before.retrained[0].test_accuracy
    assert json.loads(failure) == f"the same as trial 0; it had scored {score}"


@pytest.mark.parametrize(("former", "state"), [([], "RUNNING"), ([2, 2], "FAIL")])
def test_a_trial_that_a_run_left_behind_has_one_death_more(path, name, capsys, former, state):
    study, seen = f"{name}/custom_cnn", datetime(2026, 1, 2, 3, tzinfo=UTC)
    trial = trial_of(path, study)
    left_running(path, study)
    change(path, "DELETE FROM trial_intermediate_values WHERE trial_id = ? AND step > 2", trial)
    adding = "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)"
    for key, value in {"seen": seen.isoformat(), "died_after": former}.items():
        change(path, adding, trial, key, json.dumps(value))
    started = (seen - timedelta(hours=1)).isoformat()
    beat_in(path, study, started=started, time=(seen + timedelta(seconds=7)).isoformat())
    assert doctor(capsys, "--fix")[0] == 0
    with open_for_reading(url_of(path)) as storage:
        found = storage.get_trial(trial)
    assert found.state.name == state
    assert (found.user_attrs["died_after"], found.user_attrs["lost_seconds"]) == ([*former, 2], 7)
    assert ("3 times" in found.user_attrs.get("failure", "")) == (state == "FAIL")


def test_what_cannot_be_repaired_is_named_and_left(path, name, capsys):
    change(
        path,
        "DELETE FROM trial_user_attributes WHERE trial_id = ? AND key = 'configuration'",
        trial_of(path, f"{name}/retrained"),
    )
    before = rows(path)
    assert main(["doctor", "--fix"]) == 1
    said = capsys.readouterr().out
    assert f"odd: {name}/retrained: trial 0: lacks what the report needs" in said
    assert rows(path) == before


def test_a_damaged_file_is_named_and_not_touched(path, name, capsys):
    page_size = one(path, "PRAGMA page_size")
    page = one(path, "SELECT rootpage FROM sqlite_master WHERE name = 'trial_values'")
    whole = bytearray(path.read_bytes())
    whole[(page - 1) * page_size : page * page_size] = b"\x5a" * page_size
    path.write_bytes(whole)
    code, told = doctor(capsys, "--fix")
    assert code == 1
    assert {finding["check"] for finding in told["findings"]} == {"integrity"}
    assert path.read_bytes() == whole
    with pytest.raises(StorageError, match="damaged"):
        backup.back_up(path)
    assert [found.name for found in path.parent.iterdir()] == ["studies.db"]


def beat_in(path, study, **changes):
    now = datetime.now(tz=UTC).isoformat()
    beat = {**this_process(), "host": "elsewhere", "time": now, "stopped": False, **changes}
    change(
        path,
        "INSERT INTO study_system_attributes (study_id, key, value_json) "
        "SELECT study_id, ?, ? FROM studies WHERE study_name = ?",
        *(ATTRIBUTE, json.dumps(beat), study),
    )


@pytest.mark.parametrize("fall_ill", [retrained_twice, left_behind], ids=lambda it: it.__name__)
def test_nothing_is_repaired_under_a_run_that_is_alive(path, name, capsys, fall_ill):
    fall_ill(path, name)
    beat_in(path, f"{name}/alexnet_lite")
    before, files = rows(path), {*path.parent.rglob("*.npz")}
    assert main(["doctor", "--fix"]) == 2
    assert "on host 'elsewhere'" in capsys.readouterr().err
    assert rows(path) == before
    assert {*path.parent.rglob("*.npz")} == files
    assert list(path.parent.glob("*backup*")) == []


def test_an_unknown_study_is_one_line(path, capsys):
    assert main(["doctor", "--name", "nobody's"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_backup_is_overwritten(path):
    now = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    made = [backup.back_up(path, now=now) for _ in range(3)]
    assert [one.name for one in made] == [
        "studies.db.backup-20300102-030405",
        "studies.db.backup-20300102-030405-2",
        "studies.db.backup-20300102-030405-3",
    ]
    assert all(rows(one) == rows(path) for one in made)
    assert len(list(path.parent.iterdir())) == 4
