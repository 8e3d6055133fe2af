"""A database or a folder that vanishes under a run: nothing is written where nobody reads it."""

from __future__ import annotations

import os
import shutil

import pytest

from study.errors import StorageError
from study.files import replaced, writable
from study.storage import open_for_writing, study_names
from tests.faults.quick_runs import ends, ends_in_one_line, held_at, whole
from tests.study.databases import add_study, url_of


def test_a_deleted_database_stops_the_run_in_one_line_and_deleted_folders_are_made_again(tmp_path):
    path, reports = tmp_path / "studies.db", tmp_path / "reports"
    with held_at(tmp_path, "trial-1-epoch-2") as program:
        path.rename(tmp_path / "elsewhere.db")
    message = ends_in_one_line(program)
    assert "'studies.db' was deleted or replaced" in message
    assert not path.exists()

    (tmp_path / "elsewhere.db").rename(path)
    with held_at(tmp_path, "trial-3-epoch-3") as program:
        shutil.rmtree(reports)
    assert ends(program, 0) == ""
    whole(tmp_path)
    assert (reports / "digits" / "models" / "custom_cnn.keras").is_file()


def delete(path):
    path.unlink()


def replace(path):
    other = path.with_name("other.db")
    with open_for_writing(url_of(other)) as storage:
        add_study(storage, "other/custom_cnn")
    other.replace(path)


def cut_short(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (delete, "deleted or replaced"),
        (replace, "deleted or replaced"),
        (cut_short, "became smaller"),
        (empty, "became smaller"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_happens_to_an_open_database_is_noticed_before_the_next_write(tmp_path, change, words):
    path = tmp_path / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    with (
        pytest.raises(StorageError, match=words) as caught,
        open_for_writing(url_of(path)) as storage,
    ):
        study_id = storage.get_study_id_from_name("first/custom_cnn")
        change(path)
        storage.set_study_user_attr(study_id, "lost", True)
    assert "\n" not in str(caught.value)
    if change is delete:
        assert not path.exists()
    if change is replace:
        assert study_names(url_of(path)) == ("other",)


def test_a_folder_that_cannot_be_made_again_is_one_line(tmp_path):
    (tmp_path / "models").write_text("in the way")
    with (
        pytest.raises(Exception, match=r"models.*cannot be written.*--out"),
        writable(tmp_path / "models"),
        replaced(tmp_path / "models" / "model.keras"),
    ):
        pass
