"""How a machine is divided among workers: how many of them, their threads, their GPUs."""

from __future__ import annotations

from collections import Counter

import pytest

from study import work
from study.workers import NO_GPU, WorkerPool, ask
from study.workers.sizing import auto_n_workers, threads_per_worker, usable_gpus
from tests.study import toy_work
from tests.study.toy_work import ToyTasks, ToyWork

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")


def test_each_worker_is_told_its_share_of_the_threads_and_to_share_a_gpu(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with WorkerPool(n_workers=1, n_threads=3) as workers:
        told = ask(workers, ToyWork(toy_work.environment), 0)
    assert [told[name] for name in THREADS] == ["3", "3", "3"]
    assert told["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert "CUDA_VISIBLE_DEVICES" not in told


def test_a_worker_that_is_to_have_no_gpu_is_told_so_whatever_its_backend():
    with WorkerPool(n_workers=1, n_threads=1, gpus=(NO_GPU,)) as workers:
        told = ask(workers, ToyWork(toy_work.environment), 0)
    assert (told["CUDA_VISIBLE_DEVICES"], told["JAX_PLATFORMS"]) == ("-1", "cpu")


def test_gpus_are_divided_among_workers():
    tasks = ToyTasks(range(5))
    with WorkerPool(n_workers=5, n_threads=1, gpus=("0", "GPU-7")) as workers:
        workers.run(ToyWork(toy_work.environment), tasks)
        used = Counter(worker.gpu for worker in workers._workers)
    assert used == {"0": 3, "GPU-7": 2}
    assert {told["CUDA_VISIBLE_DEVICES"] for told in tasks.results.values()} <= set(used)


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver that shows two GPUs."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: GPU-1)'\necho 'GPU 1: A (UUID: GPU-2)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, ("0", "1")),
        ("1", ("1",)),
        ("1, 0", ("1", "0")),
        ("GPU-2", ("GPU-2",)),
        ("MIG-1,0", ("MIG-1", "0")),
        ("", ()),
        ("-1", ()),
        ("0,-1,1", ("0",)),
        ("2", ()),
        ("NoDevFiles", ()),
    ],
)
def test_the_gpus_are_those_that_cuda_may_use(monkeypatch, chosen, expected):
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert usable_gpus() == expected


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(("found", "n_warnings"), [(0, 1), (2, 0)])
def test_who_has_gpus_that_the_backend_does_not_find_is_told_what_to_install(
    found, n_warnings, monkeypatch, caplog
):
    monkeypatch.setattr(work, "n_gpus", lambda: found)
    with work._training():
        pass
    warnings = [record for record in caplog.records if record.name == "study.work"]
    assert len(warnings) == n_warnings
    assert all("tensorflow[and-cuda]" in one.getMessage() for one in warnings)


def test_without_a_gpu_nobody_is_told_of_one(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with work._training():
        pass
    assert not [record for record in caplog.records if record.name == "study.work"]


def test_what_every_worker_would_say_of_the_machine_is_said_once(caplog):
    tasks = ToyTasks(range(6))
    with WorkerPool(n_workers=2, n_threads=1) as workers:
        workers.run(ToyWork(toy_work.warn_of_the_machine), tasks)
    assert caplog.messages.count("there is no GPU") == 1
    assert caplog.messages.count("all of this machine's workers are slow") == 6


def test_without_a_driver_there_are_no_gpus(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert usable_gpus() == ()


@pytest.mark.parametrize(
    ("n_cores", "n_gpus", "gib", "n_workers"),
    [
        *((cores, 0, 1000, cores) for cores in (1, 2, 3, 64)),
        *((1, 1, 1000, 1), (2, 1, 1000, 2), (16, 1, 1000, 4), (64, 8, 1000, 32), (8, 8, 1000, 8)),
        *((8, 0, 8.9, 2), (8, 0, 1, 1), (16, 1, 9, 3)),
    ],
)
def test_the_default_number_of_workers_follows_from_the_machine(n_cores, n_gpus, gib, n_workers):
    free_bytes = int(gib * 2**30)
    assert auto_n_workers(n_cores=n_cores, n_gpus=n_gpus, free_bytes=free_bytes) == n_workers


def test_cores_are_divided_among_workers(monkeypatch):
    monkeypatch.setattr("study.workers.sizing.n_cores", lambda: 8)
    assert [threads_per_worker(n) for n in (1, 2, 3, 8, 9)] == [8, 4, 2, 1, 1]
