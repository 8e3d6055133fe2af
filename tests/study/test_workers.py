"""Processes that do tasks: fed, replaced, buried, stopped. No TensorFlow is needed for that."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from study.config import MAX_WORKERS
from study.errors import ConfigError, WorkerError
from study.workers import WorkerPool, ask
from study.workers.worker import Limits, Worker
from tests.study import small, toy_work
from tests.study.toy_work import ToyTasks, ToyWork, until

ROOT = Path(__file__).parents[2]


def pool(n_workers=1, **limits):
    return WorkerPool(n_workers=n_workers, n_threads=1, limits=Limits(**limits))


def children():
    return [
        process
        for process in psutil.Process().children()
        if "spawn_main" in " ".join(process.cmdline())
    ]


@pytest.fixture(autouse=True)
def none_is_left():
    yield
    assert until(lambda: not children())


def squares(workers, n_tasks):
    """Have tasks done and return the process of each, in order."""
    tasks = ToyTasks(range(n_tasks))
    workers.run(ToyWork(toy_work.square), tasks)
    assert {task: square for task, (square, _) in tasks.results.items()} == {
        task: task**2 for task in range(n_tasks)
    }
    return [tasks.results[task][1] for task in range(n_tasks)]


# Work


def test_every_task_is_done_once_by_processes_that_stay_for_the_next_work():
    with pool(3) as workers:
        first, then = (set(squares(workers, 10)) for _ in range(2))
        assert first | then <= {child.pid for child in children()}
        assert len(children()) == 3


def test_no_more_processes_are_started_than_there_are_tasks():
    with pool(8) as workers:
        workers.run(ToyWork(toy_work.square), ToyTasks([]))
        assert children() == []
        assert ask(workers, ToyWork(toy_work.square), 7)[0] == 49
        assert len(children()) == 1


def test_workers_for_tasks_that_are_sure_to_come_start_while_one_does_the_first():
    with pool(2) as workers:
        assert ask(workers, ToyWork(toy_work.see_a_sibling), True, n_to_follow=100)
        assert len(children()) == 2
        assert len(set(squares(workers, 20))) <= 2
        assert len(children()) == 2


def test_what_a_worker_logs_is_logged_by_the_parent(caplog):
    with caplog.at_level(logging.INFO, logger="study"), pool() as workers:
        workers.run(ToyWork(toy_work.talk), ToyTasks([1, 2]))
    said = [(r.name, r.getMessage()) for r in caplog.records if r.levelno == logging.WARNING]
    assert said == [("study.toy", "task 1 is done"), ("study.toy", "task 2 is done")]
    assert "nobody" not in caplog.text


# Replacement


def test_a_worker_makes_way_after_so_many_tasks():
    with pool(max_tasks=3) as workers:
        processes = squares(workers, 8)
    assert [len(list(same)) for _, same in groupby(processes)] == [3, 3, 2]


def test_workers_make_way_one_at_a_time():
    alive = []
    with pool(2, max_tasks=2) as workers:
        tasks = ToyTasks(range(12))
        note = tasks.done
        tasks.done = lambda *args: (alive.append(len(children())), note(*args))
        workers.run(ToyWork(toy_work.square), tasks)
    counts = Counter(process for _, process in tasks.results.values())
    assert len(counts) > 2
    assert max(alive) <= 3


def test_a_worker_makes_way_when_its_memory_has_grown():
    with pool(max_bytes=1) as workers:
        tasks = ToyTasks(range(8))
        workers.run(ToyWork(toy_work.swell), tasks)
    processes = [tasks.results[task] for task in range(8)]
    n_tasks = [len(list(same)) for _, same in groupby(processes)]
    assert len(n_tasks) > 1
    assert n_tasks[0] > 1


def test_a_successor_starts_before_the_last_task_has_ended():
    with pool(max_tasks=1) as workers:
        tasks = ToyTasks([True, False])
        workers.run(ToyWork(toy_work.see_a_sibling), tasks)
    assert tasks.results[True]


# Deaths and errors


def test_a_worker_that_dies_is_replaced_and_its_task_reported():
    with pool(2) as workers:
        tasks = ToyTasks(range(6))
        workers.run(ToyWork(toy_work.die_of_three), tasks)
    assert tasks.deaths == [(3, "was ended by SIGKILL")]
    assert sorted(tasks.results) == [0, 1, 2, 4, 5]


def test_a_task_that_takes_too_long_is_ended_with_its_process_and_the_others_are_done(tmp_path):
    tasks = ToyTasks([tmp_path / "deaf", "no path"])
    with WorkerPool(n_workers=1, n_threads=1, task_timeout_seconds=0.5) as workers:
        workers.run(ToyWork(toy_work.be_deaf_to_paths), tasks)
        assert tasks.hangs == [(tmp_path / "deaf", 0.5)]
        assert tasks.results == {"no path": "done"}
    assert until(lambda: not psutil.pid_exists(int((tmp_path / "deaf").read_text())))


def test_a_task_is_not_overdue_while_what_its_worker_said_is_not_heard():
    tasks, late = ToyTasks([]), Worker(environment={})
    # What it says is for the test to choose.
    late.connection, worker_end = multiprocessing.Pipe()
    try:
        late.give("a task")
        worker_end.send("news")
        workers = WorkerPool(n_workers=1, n_threads=1, task_timeout_seconds=0.0)
        workers._workers.append(late)
        assert not workers._has_ended_overdue(tasks)
        late.connection.recv()
        assert workers._has_ended_overdue(tasks)
        assert tasks.hangs == [("a task", 0.0)]
    finally:
        late.end()


def test_a_question_that_takes_too_long_is_an_error_that_names_the_remedy(tmp_path):
    with (
        WorkerPool(n_workers=1, n_threads=1, task_timeout_seconds=0.1) as workers,
        pytest.raises(WorkerError, match=r"--trial-timeout.*--precision") as caught,
    ):
        ask(workers, ToyWork(toy_work.be_deaf), tmp_path / "deaf")
    assert "\n" not in str(caught.value)


def test_workers_that_die_before_they_begin_are_an_error_in_one_line():
    with pool() as workers, pytest.raises(WorkerError, match=r"exit code 3.*--workers") as caught:
        ask(workers, toy_work.Stillborn(), 0)
    assert "\n" not in str(caught.value)


def test_a_mistake_of_the_user_is_raised_as_what_it_is():
    with pool() as workers, pytest.raises(ConfigError, match="--colour"):
        ask(workers, ToyWork(toy_work.blunder), 0)


def test_a_bug_is_raised_with_the_traceback_of_the_worker():
    with pool() as workers:
        tasks = ToyTasks([1])
        with pytest.raises(RuntimeError, match=r"(?s)in have_a_bug.*ZeroDivisionError"):
            workers.run(ToyWork(toy_work.have_a_bug), tasks)
    assert tasks.stops == [1]


# Ctrl-C


@pytest.fixture
def default_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def press_ctrl_c_when(condition):
    def wait_and_press():
        until(condition)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait_and_press).start()


def test_a_worker_does_not_hear_ctrl_c_itself():
    with pool() as workers:
        assert ask(workers, ToyWork(toy_work.hear_ctrl_c), 5) == 5


def test_at_ctrl_c_workers_stop_where_that_is_safe(tmp_path, default_ctrl_c):
    tasks = ToyTasks([tmp_path / "1", tmp_path / "2", tmp_path / "3"])
    press_ctrl_c_when(lambda: all(task.exists() for task in (tmp_path / "1", tmp_path / "2")))
    with pool(2) as workers, pytest.raises(KeyboardInterrupt):
        workers.run(ToyWork(toy_work.work_on), tasks)
    assert sorted(tasks.stops) == [tmp_path / "1", tmp_path / "2"]
    assert tasks.waiting == [tmp_path / "3"]


def test_at_a_second_ctrl_c_workers_are_stopped_wherever_they_are(tmp_path, default_ctrl_c, caplog):
    tasks = ToyTasks([tmp_path / "1"])
    press_ctrl_c_when((tmp_path / "1").exists)
    press_ctrl_c_when(lambda: "Ctrl-C again" in caplog.text)
    with (
        caplog.at_level(logging.INFO, logger="study"),
        pool() as workers,
        pytest.raises(KeyboardInterrupt),
    ):
        workers.run(ToyWork(toy_work.be_deaf), tasks)
    assert tasks.stops == [tmp_path / "1"]


def test_who_has_nothing_to_save_is_not_waited_for_at_ctrl_c(tmp_path, default_ctrl_c, caplog):
    tasks = ToyTasks([tmp_path / "1"])
    press_ctrl_c_when((tmp_path / "1").exists)
    with (
        caplog.at_level(logging.INFO, logger="study"),
        WorkerPool(n_workers=1, n_threads=1, stop_seconds=0) as workers,
        pytest.raises(KeyboardInterrupt),
    ):
        workers.run(ToyWork(toy_work.be_deaf), tasks)
    assert "Stopping" not in caplog.text
    assert tasks.stops == [tmp_path / "1"]
    assert children() == []


PARENT = """
import sys
from pathlib import Path
from study.workers import WorkerPool, ask
from tests.study import toy_work

with WorkerPool(n_workers=1, n_threads=1) as workers:
    ask(workers, toy_work.ToyWork(toy_work.be_deaf), Path(sys.argv[1]))
"""


def test_workers_end_when_their_parent_is_killed(tmp_path):
    note = tmp_path / "note"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, note], cwd=ROOT)
    try:
        assert until(lambda: note.exists() and note.read_text())
    finally:
        parent.kill()
        parent.wait()
    assert until(lambda: not psutil.pid_exists(int(note.read_text())))


def test_what_one_work_leaves_behind_is_gone_in_the_next():
    with pool() as workers:
        alive = [ask(workers, toy_work.Knotty(), 0)[0] for _ in range(3)]
    assert alive == [1, 1, 1]


# How many


@pytest.mark.parametrize("n_workers", [0, -1, MAX_WORKERS + 1])
def test_an_impossible_number_of_workers_is_refused(tmp_path, n_workers):
    with pytest.raises(ConfigError, match="--workers"):
        small.config(tmp_path, n_workers=n_workers)
