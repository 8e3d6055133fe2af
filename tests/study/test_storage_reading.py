"""Reading a database gives what was written and changes nothing."""

from __future__ import annotations

import optuna
import pytest

from study.storage import (
    newest_study_name,
    open_for_reading,
    open_for_writing,
    read_study,
    study_names,
)
from tests.study.databases import DATASET, add_study, contents, journal_mode, url_of


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_reading_changes_no_byte_and_leaves_no_file_behind(tmp_path, database, mode):
    journal_mode(tmp_path / "studies.db", set_to=mode)
    before = contents(tmp_path)
    read_study(database, "first")
    newest_study_name(database)
    study_names(database)
    assert contents(tmp_path) == before


def test_reading_sees_what_a_killed_writer_left_in_its_log_without_folding_it_in(
    tmp_path, database
):
    killed, path = tmp_path / "killed", tmp_path / "studies.db"
    killed.mkdir()
    with open_for_writing(database) as storage:
        add_study(storage, "second/custom_cnn")
        for name in ("studies.db", "studies.db-wal"):
            (killed / name).write_bytes((tmp_path / name).read_bytes())
    before = contents(killed)
    assert study_names(url_of(killed / path.name)) == ("first", "second")
    after = contents(killed)
    assert {name: after[name] for name in before} == before


def test_a_study_is_read_as_it_was_written(tmp_path):
    url = url_of(tmp_path / "studies.db")
    with open_for_writing(url) as storage:
        add_study(storage, "s/custom_cnn", values=(0.25, 0.5))
        add_study(storage, "s/alexnet_lite", values=())
        add_study(storage, "s/retrained", values=(), dataset={**DATASET, "n_test": 40})
        add_study(storage, "another/custom_cnn", values=(0.75,))
    record = read_study(url, "s")
    assert [family.family for family in record.families] == ["alexnet_lite", "custom_cnn"]
    assert [trial.value for trial in record.families[1].trials] == [0.25, 0.5]
    assert record.dataset.classes == ("cat", "dog")
    # The number of test images is known, and stored, only once the test split was read.
    assert (record.dataset.n_train, record.dataset.n_test) == (80, 40)


def test_a_reader_cannot_write(database):
    with open_for_reading(database) as storage, pytest.raises(Exception, match=r"(?s)."):
        optuna.create_study(storage=storage, study_name="mine")
    assert study_names(database) == ("first",)
