"""Backups on file systems of other kinds."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from study.errors import StorageError
from study.storage import backup
from tests.study.databases import url_of, write


def test_without_hard_links_a_backup_is_made_as_well_and_none_is_overwritten(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError(errno.EPERM, "Operation not permitted")

    path, now = tmp_path / "studies.db", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    write(url_of(path))
    monkeypatch.setattr(os, "link", refuse)
    made = [backup.back_up(path, now=now) for _ in range(2)]
    assert [one.name.removeprefix(path.name) for one in made] == [
        ".backup-20300102-030405",
        ".backup-20300102-030405-2",
    ]
    assert all(one.stat().st_size == path.stat().st_size for one in made)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="nothing was changed"):
        backup.back_up(path, now=now)
    assert {*tmp_path.iterdir()} == {path, *made}
