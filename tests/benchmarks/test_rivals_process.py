import subprocess
import sys

import pytest

from benchmarks.rivals import process
from benchmarks.rivals.memory import PROC, PeakMemory, tree_bytes

needs_proc = pytest.mark.skipif(not (PROC / "self" / "statm").exists(), reason="needs /proc")
HELD = 100_000_000
OWN = f"held = bytearray(b'x' * {HELD})"
MAPPED = """
import mmap
file = open({path!r}, "rb")
held = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
sum(held[at] for at in range(0, len(held), 4096))
"""
PARENT = """
import subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", code]) for code in sys.argv[1:]]
sys.exit(max(child.wait() for child in children))
"""


def bytes_held_by_children(*codes):
    """Return what a process and its children hold when the children have run their code."""
    codes = [f"{code}\nprint('ready', flush=True); input()" for code in codes]
    with (
        subprocess.Popen(
            [sys.executable, "-c", PARENT, *codes],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as parent,
        PeakMemory(parent.pid, interval_seconds=0.01) as memory,
    ):
        for _ in codes:
            parent.stdout.readline()
        held = tree_bytes(parent.pid)
        parent.communicate("\n" * len(codes))
    assert memory.peak_bytes > 0
    return held


@needs_proc
def test_memory_is_that_of_a_whole_tree_of_processes():
    assert 2 * HELD < bytes_held_by_children(OWN, OWN) < 3 * HELD


@needs_proc
def test_memory_that_processes_share_counts_once(tmp_path):
    path = tmp_path / "shared"
    path.write_bytes(bytes(HELD))
    mapped = MAPPED.format(path=str(path))
    assert HELD < bytes_held_by_children(mapped, mapped, mapped) < 2 * HELD


@needs_proc
def test_a_process_that_is_gone_holds_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert tree_bytes(gone.pid) == 0


def test_a_process_that_fails_is_told_with_its_last_words():
    with pytest.raises(process.ContenderFailedError) as failed:
        process._run("no-such-task", "", name="the contender")
    assert "the contender failed (1)" in str(failed.value)
    assert "KeyError: 'no-such-task'" in str(failed.value)
