"""Processes that do tasks, whatever the tasks are: started, fed, watched, replaced."""

from study.workers.environment import NO_GPU
from study.workers.pool import WorkerPool
from study.workers.sizing import default_n_workers, threads_per_worker, usable_gpus
from study.workers.tasks import MAX_DEATHS, Tasks, Work, Workers, ask
from study.workers.worker import Limits

__all__ = [
    "MAX_DEATHS",
    "NO_GPU",
    "Limits",
    "Tasks",
    "Work",
    "WorkerPool",
    "Workers",
    "ask",
    "default_n_workers",
    "threads_per_worker",
    "usable_gpus",
]
