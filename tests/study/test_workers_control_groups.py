"""How much of a machine a container, or a cluster's scheduler, leaves a process."""

from __future__ import annotations

import math

import pytest

from study.workers import control_groups, sizing

GIB = 2**30
V1 = "3:cpuset:/\n5:memory:/docker/abc\n7:cpu,cpuacct:/docker/abc\n"


def files(*, memory=(), cpu=(), root=""):
    """Return the files of a group by path."""
    names = ("memory.max", "memory.current", "memory.stat")
    return {
        **{f"{root}{name}": str(value) for name, value in zip(names, memory, strict=False)},
        **{f"{root}cpu.max": value for value in cpu},
    }


CASES = {
    "no control groups": (None, {}, math.inf, math.inf),
    "no limits": ("0::/\n", files(memory=("max", 5 * GIB), cpu=["max 100000"]), math.inf, math.inf),
    "a container": (
        "0::/\n",
        files(memory=(8 * GIB, 2 * GIB), cpu=["150000 100000"]),
        6 * GIB,
        1.5,
    ),
    "files in memory are no use of it": (
        "0::/\n",
        files(memory=(8 * GIB, 7 * GIB, f"anon 1\ninactive_file {4 * GIB}\nactive_file 3\n")),
        5 * GIB,
        math.inf,
    ),
    "the tightest of the groups around a job": (
        "0::/slurm/job_7/step_0\n",
        {
            **files(memory=("max", 3), cpu=["max 100000"], root="slurm/job_7/step_0/"),
            **files(memory=(4 * GIB, GIB), cpu=["200000 100000"], root="slurm/job_7/"),
            **files(memory=(64 * GIB, GIB), cpu=["800000 100000"], root="slurm/"),
        },
        3 * GIB,
        2.0,
    ),
    "a container of the first version, whose path is that outside": (
        V1,
        {
            "memory/memory.limit_in_bytes": str(8 * GIB),
            "memory/memory.usage_in_bytes": str(3 * GIB),
            "memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB}\n",
            "cpu/cpu.cfs_quota_us": "300000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
        },
        6 * GIB,
        3.0,
    ),
    "no limit of time in the first version": (
        V1,
        {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
        math.inf,
        math.inf,
    ),
    "what nobody can read": (
        "nonsense\n0::\n",
        {"memory.max": "much", "memory.current": "1", "memory.stat": "", "cpu.max": "1 0"},
        math.inf,
        math.inf,
    ),
}


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a function that writes the files of a system's control groups."""

    def write(membership, contents):
        if membership is not None:
            (tmp_path / "membership").write_text(membership)
        for name, text in contents.items():
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    monkeypatch.setattr(control_groups, "ROOT", tmp_path / "root")
    monkeypatch.setattr(control_groups, "MEMBERSHIP", tmp_path / "membership")
    return write


@pytest.mark.parametrize(
    ("membership", "contents", "free_bytes", "n_cpus"), CASES.values(), ids=CASES
)
def test_the_limits_are_those_of_the_groups(membership, contents, free_bytes, n_cpus, system):
    system(membership, contents)
    assert control_groups.free_memory_bytes() == free_bytes
    assert control_groups.n_cpus() == n_cpus


def test_a_small_container_on_a_large_machine_gets_few_workers(system, monkeypatch):
    monkeypatch.setattr(sizing.os, "sched_getaffinity", lambda _: set(range(32)), raising=False)
    monkeypatch.setattr(sizing, "usable_gpus", tuple)
    system("0::/\n", files(memory=(64 * GIB, 0), cpu=["150000 100000"]))
    assert sizing.n_cores() == 2
    assert sizing.default_n_workers() == 2


def test_memory_of_a_container_holds_no_more_workers_than_it_has_room_for(system, monkeypatch):
    monkeypatch.setattr(sizing.os, "sched_getaffinity", lambda _: set(range(32)), raising=False)
    monkeypatch.setattr(sizing, "usable_gpus", tuple)
    system("0::/\n", files(memory=(8 * GIB, GIB)))
    assert sizing.n_cores() == 32
    assert sizing.default_n_workers() == 2
