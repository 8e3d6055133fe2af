"""No room for the database, a checkpoint or a model: one line, and the next run goes on.

Files that may not grow past a limit (`RLIMIT_FSIZE`) stand in for a full disk, which takes rights
that not everybody has; to the database this is SQLITE_IOERR. SQLITE_FULL itself is brought about by
`PRAGMA max_page_count`.
"""

from __future__ import annotations

import pytest

from study.errors import StorageError
from study.storage import open_for_writing, study_names
from tests.faults.quick_runs import ends_in_one_line, goes_on, is_sound, start
from tests.study.databases import add_study, url_of

MB = 2**20


def test_wherever_room_ends_the_run_stops_in_one_line_and_the_next_one_goes_on(tmp_path):
    ends_in_one_line(start(tmp_path, n_bytes_limit=MB // 16))
    # A new database is there whole or not at all.
    assert not (tmp_path / "studies.db").exists()

    message = ends_in_one_line(start(tmp_path, n_bytes_limit=MB // 4))
    assert "Database 'studies.db'" in message
    assert "disk" in message
    assert is_sound(tmp_path / "studies.db")

    for what, folder in (("CHECKPOINT", "checkpoints"), ("MODEL", "models")):
        large = {f"FAULT_{what}_BYTES": 20 * MB}
        message = ends_in_one_line(start(tmp_path, n_bytes_limit=10 * MB, **large))
        assert f"reports/digits/{folder}" in message
        assert "--out" in message
        assert is_sound(tmp_path / "studies.db")
        # Half of a file is not left to be believed, nor anything else.
        assert list((tmp_path / "reports" / "digits" / folder).iterdir()) == []
    goes_on(tmp_path)


def test_a_full_disk_is_one_line_and_what_was_written_before_stays(tmp_path):
    path = tmp_path / "studies.db"
    with open_for_writing(url_of(path)) as storage:
        add_study(storage, "first/custom_cnn")
    with (
        pytest.raises(StorageError, match="no room left") as caught,
        open_for_writing(url_of(path)) as storage,
    ):
        with storage.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")
        study_id = storage.get_study_id_from_name("first/custom_cnn")
        for number in range(1000):
            storage.set_study_user_attr(study_id, f"key {number}", "x" * 2000)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert is_sound(path)
    assert study_names(url_of(path)) == ("first",)
