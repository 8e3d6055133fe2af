"""A database's file is watched by several threads."""

from __future__ import annotations

import pytest

from study.errors import StorageError
from study.storage.watching import FileWatch


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "studies.db"
    path.write_bytes(b"x" * 100)
    return path


def test_a_file_that_another_thread_sees_grow_meanwhile_was_not_cut_short(path, monkeypatch):
    watch = FileWatch(path)
    stat = watch._stat

    def slow_stat():
        found = stat()
        # Between one thread's look and its judgement, another looks and judges.
        monkeypatch.setattr(watch, "_stat", stat)
        path.write_bytes(b"x" * 200)
        watch.check()
        return found

    monkeypatch.setattr(watch, "_stat", slow_stat)
    watch.check()


def test_a_file_that_was_cut_short_is_told_of(path):
    watch = FileWatch(path)
    path.write_bytes(b"x" * 99)
    with pytest.raises(StorageError, match="became smaller"):
        watch.check()
