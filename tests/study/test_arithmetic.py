"""Who trains in bfloat16 where that is slow is told so, once, and before it costs anything."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from study import arithmetic
from study.storage import open_for_writing
from study.work import PrecisionWork, SpeedUpWork
from tests.study import small
from tests.study.databases import add_study

TOO_LATE = "too late"


class Answering:
    """Workers that give one answer to a kind of work and only count the tasks of all others."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.n_trained = 0

    def run(self, work, tasks):
        if type(work) in self.answers:
            self.asked.append(type(work))
            self.n_left = tasks.n_left()
            task = tasks.next_task()
            assert task is not None  # None would say that there is nothing to do.
            answer = self.answers[type(work)]
            if answer is TOO_LATE:
                tasks.overdue(task, 60.0)
            tasks.done(task, answer)
            return
        while tasks.n_left():
            tasks.next_task()
            self.n_trained += 1


class Waiting:
    """So many tasks."""

    def __init__(self, n):
        self.n = n

    def n_left(self):
        return self.n

    def next_task(self):
        self.n -= 1
        return "task"


def chosen(tmp_path, workers, *, precision="auto", stored=None):
    config = small.config(tmp_path)
    config = replace(config, search=replace(config.search, precision=precision))
    with open_for_writing(config.storage_url) as storage:
        if stored:
            add_study(storage, f"{config.name}/small", settings={"precision": stored})
        return arithmetic.trainers(storage, config, workers)


def told(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "study.arithmetic"]


def trained(trainers, *counts):
    for n in counts:
        trainers.run("training", Waiting(n))


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [({"precision": "bfloat16"}, "--precision auto"), ({"stored": "bfloat16"}, "--name")],
)
def test_who_trains_in_bfloat16_where_it_is_slow_is_warned_once(asked, remedy, tmp_path, caplog):
    workers = Answering({SpeedUpWork: 0.08})

    precision, trainers = chosen(tmp_path, workers, **asked)
    assert (precision, workers.asked) == ("bfloat16", [])
    trained(trainers, 3, 2)

    (warning,) = told(caplog)
    assert "about 12 times as long in bfloat16 as in float32" in warning
    assert remedy in warning
    assert workers.asked == [SpeedUpWork]
    assert workers.n_trained == 5


@pytest.mark.parametrize("speed_up", [0.9, 1.5])
def test_where_bfloat16_is_as_fast_nothing_is_said(speed_up, tmp_path, caplog):
    workers = Answering({SpeedUpWork: speed_up})
    _, trainers = chosen(tmp_path, workers, stored="bfloat16")
    trained(trainers, 1)
    assert not told(caplog)
    assert workers.n_trained == 1


def test_what_takes_too_long_to_measure_does_not_end_the_run(tmp_path, caplog):
    workers = Answering({SpeedUpWork: TOO_LATE})
    _, trainers = chosen(tmp_path, workers, stored="bfloat16")
    trained(trainers, 1)
    assert not told(caplog)
    assert workers.n_trained == 1


@pytest.mark.parametrize("asked", [{"precision": "float32"}, {"stored": "float32"}])
def test_float32_is_taken_without_measuring(asked, tmp_path):
    workers = Answering({})
    precision, trainers = chosen(tmp_path, workers, **asked)
    trained(trainers, 1)
    assert (precision, workers.asked, workers.n_trained) == ("float32", [], 1)


def test_nothing_is_measured_where_nothing_is_left_to_train(tmp_path):
    workers = Answering({})
    _, trainers = chosen(tmp_path, workers, stored="bfloat16")
    trained(trainers, 0)
    assert workers.asked == []


def test_a_new_study_trains_in_what_is_faster_and_is_not_measured_twice(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    workers = Answering({PrecisionWork: "bfloat16"})
    precision, trainers = chosen(tmp_path, workers)
    trained(trainers, 2)
    assert (precision, workers.asked, workers.n_trained) == ("bfloat16", [PrecisionWork], 2)
    # Workers for all its trials start meanwhile.
    assert workers.n_left == small.config(tmp_path).search.n_trials
    assert told(caplog) == ["Training computes in bfloat16."]
