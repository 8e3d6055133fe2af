"""Files whose writing was cut short: the former one stays, and half of one is never believed."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.dashboard import artifacts
from study.dashboard.artifacts import store_artifacts
from study.datasets.npz import write_npz
from study.errors import FolderError
from study.files import replaced, write_text
from study.training import checkpoint
from tests.analysis import synthetic
from tests.study.databases import url_of
from tests.study.written import write

PROJECT = Path(__file__).parents[2]
STATE = {"weights": [np.arange(6.0, dtype=np.float32)]}

DIE = """
import os, signal, sys
from pathlib import Path
from study.files import replaced
with replaced(Path(sys.argv[1])) as file:
    file.write(b"half of the n")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_killed_writer_leaves_the_former_file_and_nothing_of_that_name(tmp_path, before):
    path = tmp_path / "custom_cnn-3.npz"
    if before is not None:
        path.write_bytes(before)
    command = [sys.executable, "-c", DIE, path]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (path.read_bytes() if path.exists() else None) == before
    # What is left has a name that no reader looks for, and the doctor knows.
    left = [file.name for file in tmp_path.iterdir() if file != path]
    assert len(left) == 1
    assert left[0].startswith(f".{path.name}.")


class DiskFullError(OSError):
    pass


def fail(*_arguments, **_options):
    raise DiskFullError


def test_whoever_writes_a_file_leaves_the_former_one_where_the_disk_is_full(tmp_path, monkeypatch):
    arrays = {"x": np.zeros(3, np.uint8)}
    checkpoint.write(tmp_path / "state.npz", STATE, epoch=1)
    write_npz(tmp_path / "data.npz", arrays)
    write_text(tmp_path / "report.html", "old")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    # All has been written by then, but is not known to have reached the disk.
    monkeypatch.setattr(os, "fsync", fail)
    for again in (
        lambda: checkpoint.write(tmp_path / "state.npz", STATE, epoch=2),
        lambda: write_npz(tmp_path / "data.npz", arrays),
        lambda: write_text(tmp_path / "report.html", "new"),
    ):
        with pytest.raises((DiskFullError, FolderError)):
            again()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("damage", ["cut off", "empty", "a changed byte", "a text"])
def test_a_damaged_checkpoint_is_not_believed(tmp_path, damage):
    path = tmp_path / "state.npz"
    checkpoint.write(path, STATE, epoch=3)
    whole = path.read_bytes()
    assert checkpoint.read(path, like=STATE)[1] == 3
    at = whole.index(np.float32(5).tobytes())
    path.write_bytes(
        {
            "cut off": whole[: len(whole) // 2],
            "empty": b"",
            "a changed byte": whole[:at] + b"\x01" + whole[at + 1 :],
            "a text": b"This is not a checkpoint.",
        }[damage]
    )
    with pytest.raises(ValueError, match=r"state\.npz"):
        checkpoint.read(path, like=STATE)


def test_an_artifact_that_is_made_again_is_listed_only_when_it_is_whole(tmp_path, monkeypatch):
    # Pictures need a browser, which has nothing to do with it.
    tables = {name: make for name, make in artifacts.ARTIFACTS.items() if name.endswith(".csv")}
    monkeypatch.setattr(artifacts, "ARTIFACTS", tables)
    url = url_of(tmp_path / "studies.db")
    study, folder = synthetic.study(n_trials=3, seeds=(0,)), tmp_path / "artifacts"
    write(url, study)
    store_artifacts(url, study, folder=folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    lost = min(before)
    (folder / lost).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        store_artifacts(url, study, folder=folder)
    assert lost not in {path.name for path in folder.iterdir()}
    store_artifacts(url, study, folder=folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_every_file_is_written_by_who_writes_it_whole():
    writers = set()
    for package in ("study", "analysis", "search_spaces"):
        for path in (PROJECT / package).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and writes(call):
                    writers.add(str(path.relative_to(PROJECT)))
    # A log grows line by line; half of one is a line that its reader sees to be broken.
    assert writers == {"study/datasets/npz.py", "study/files.py", "study/log_file.py"}


def writes(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    modes = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    opens = name in {"open", "fdopen"} and any(set(str(mode)) & set("wax+") for mode in modes)
    owner = getattr(getattr(call.func, "value", None), "id", "")
    return opens or name == "write_bytes" or (name == "write_text" and owner != "files")


def test_this_test_sees_writers():
    for source in ("p.open('wb')", "open(p, 'a')", "p.write_bytes(b'')", "p.write_text('')"):
        assert writes(ast.parse(source).body[0].value)
    for source in ("p.open()", "p.open('rb')", "files.write_text(p, '')", "open(p)"):
        assert not writes(ast.parse(source).body[0].value)


def test_replacing_reaches_the_disk_before_the_name_does(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(os, "fsync", lambda _file: order.append("content"))
    rename = Path.replace
    monkeypatch.setattr(Path, "replace", lambda a, b: (order.append("name"), rename(a, b)))
    with replaced(tmp_path / "state.bin") as file:
        file.write(b"new")
    assert order == ["content", "name"]
