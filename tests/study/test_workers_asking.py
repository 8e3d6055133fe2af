"""When tasks are asked for, and how many are left, which may take long."""

from __future__ import annotations

from study.workers import Limits, WorkerPool
from tests.study import toy_work
from tests.study.toy_work import ToyTasks, ToyWork


class WatchedTasks(ToyTasks):
    """Tasks that know how many were under way whenever it was asked how many are left."""

    def __init__(self, n_tasks):
        super().__init__(range(n_tasks))
        self.n_tasks, self.n_under_way = n_tasks, []

    def n_left(self):
        self.n_under_way.append(self.n_tasks - len(self.waiting) - len(self.results))
        return super().n_left()


def test_nobody_asks_what_is_left_to_do_while_all_are_at_work():
    tasks = WatchedTasks(20)
    with WorkerPool(n_workers=2, n_threads=1) as workers:
        workers.run(ToyWork(toy_work.square), tasks)
    assert len(tasks.results) == 20
    assert max(tasks.n_under_way) == 1


class CountedTasks(ToyTasks):
    """Tasks that know how many were under way at most."""

    n_under_way = most_under_way = 0

    def next_task(self):
        task = super().next_task()
        self.n_under_way += task is not None
        self.most_under_way = max(self.most_under_way, self.n_under_way)
        return task

    def done(self, task, result):
        super().done(task, result)
        self.n_under_way -= 1


def test_a_successor_is_given_nothing_before_the_last_task_of_the_worn_out_has_ended():
    tasks = CountedTasks([(0, True), (1, True), (2, False)])
    with WorkerPool(n_workers=1, n_threads=1, limits=Limits(max_tasks=1)) as workers:
        workers.run(ToyWork(toy_work.outstay), tasks)
    assert len(tasks.results) == 3
    assert tasks.most_under_way == 1
