"""How many workers, with how many threads each."""

from __future__ import annotations

import itertools
import math
import os
import shutil
import subprocess

from study.workers import control_groups

MEMORY_PER_WORKER_BYTES = 3 << 30
"""What one worker may come to need at most; `python -m benchmarks.memory` measures it."""

WORKERS_PER_GPU = 4
"""Workers that share a GPU by default, as one alone leaves it idle between its small steps.

How many pay has not been measured yet.
"""


def default_n_workers() -> int:
    """Return the number of workers that `--workers auto` stands for on this machine."""
    import psutil

    free_bytes = min(psutil.virtual_memory().available, control_groups.free_memory_bytes())
    return auto_n_workers(n_cores=n_cores(), n_gpus=len(usable_gpus()), free_bytes=int(free_bytes))


def auto_n_workers(*, n_cores: int, n_gpus: int, free_bytes: int) -> int:
    """Return how many workers suit a machine; at least 1, and no more than its memory holds.

    Without a GPU, one for each core: networks this small gain little from a second thread, as
    `python -m benchmarks.parallel` measures. With some, `WORKERS_PER_GPU` on each, or fewer where
    cores are.
    """
    n_wanted = min(WORKERS_PER_GPU * n_gpus, n_cores) if n_gpus else n_cores
    return max(1, min(n_wanted, free_bytes // MEMORY_PER_WORKER_BYTES))


def threads_per_worker(n_workers: int) -> int:
    """Return each worker's equal share of the cores, at least 1."""
    return max(1, n_cores() // n_workers)


def n_cores() -> int:
    """Return how many cores this process may use; of one that it may use in part, all."""
    has_affinity = hasattr(os, "sched_getaffinity")
    n_there = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return math.ceil(min(n_there, control_groups.n_cpus()))


def usable_gpus() -> tuple[str, ...]:
    """Return what CUDA calls each NVIDIA GPU that it may use; nothing where there is no driver."""
    # Asked of the driver, as TensorFlow is not to be loaded into this process.
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        done = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    n_installed = sum(line.startswith("GPU ") for line in done.stdout.splitlines())
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return tuple(str(index) for index in range(n_installed))
    names = (name.strip() for name in chosen.split(","))
    # CUDA sees those before the first that it does not know, as -1.
    return tuple(itertools.takewhile(lambda name: _is_known(name, n_installed), names))


def _is_known(name: str, n_installed: int) -> bool:
    is_index = name.isdecimal() and int(name) < n_installed
    return is_index or (n_installed > 0 and name.startswith(("GPU-", "MIG-")))
