from __future__ import annotations

import pytest

from study.files import replaced, write_text


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_file_is_replaced_only_once_it_is_whole(tmp_path, before):
    path = tmp_path / "state.bin"
    if before is not None:
        path.write_bytes(before)
    with replaced(path) as file:
        file.write(b"new")
        assert (path.read_bytes() if path.exists() else None) == before
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "state.bin"
    path.write_bytes(b"old")
    with pytest.raises(error), replaced(path) as file:
        file.write(b"half of the n")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_as_utf_8_and_its_path_returned(tmp_path):
    path = tmp_path / "table.csv"
    assert write_text(path, "Ü,±\n") == path
    assert path.read_bytes() == "Ü,±\n".encode()
