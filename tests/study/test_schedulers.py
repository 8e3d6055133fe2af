"""Schedulers, against simulations that keep books as the papers' pseudocode does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from study.schedulers import (
    AsynchronousHalving,
    SynchronousHalving,
    Task,
    TrialProgress,
    default_rungs,
    kept_by_factor,
    make_scheduler,
)

EPOCHS = 12
SEEDS = range(8)


def curves(n, *, seed):
    """Return a score for each of n trials after each epoch; many scores are equal."""
    rng = random.Random(seed)  # noqa: S311
    return [[rng.randrange(20) for _ in range(EPOCHS)] for _ in range(n)]


def run(scheduler, scores, trials=()):
    """Let one worker do what a scheduler says; return the tasks and the trials."""
    trials, tasks = list(trials), []
    while task := scheduler.next_task(trials):
        tasks.append(task)
        number = len(trials) if task.trial is None else task.trial
        progress = TrialProgress(number=number, scores=scores[number][: task.until_epoch])
        trials[number : number + 1] = [progress]
    return tasks, trials


def paper_asha(scores, rungs, eta, *, is_delayed=False):
    """Algorithm 2 of Li et al. (2020) with one worker, and the end that the docstring adds.

    Delayed, the condition of Li et al. (2022) is asked beside: |D_k| / (|D_k+1| + 1) >= eta.
    """
    levels = [*rungs, EPOCHS]
    book = [[] for _ in levels]
    promoted = [set() for _ in levels]
    tasks, n_begun = [], 0
    while True:
        for k in reversed(range(len(rungs))):
            by_score = sorted(book[k], key=lambda t: (-scores[t][levels[k] - 1], t))
            candidates = [t for t in by_score[: len(book[k]) // eta] if t not in promoted[k]]
            has_room = len(book[k]) / (len(book[k + 1]) + 1) >= eta
            if candidates and (has_room or not is_delayed):
                break
        else:
            if n_begun == len(scores):
                if book[-1]:
                    return tasks
                k = max(k for k in range(len(rungs)) if book[k])
                best = min(book[k], key=lambda t: (-scores[t][levels[k] - 1], t))
                return [*tasks, Task(trial=best, until_epoch=EPOCHS)]
            tasks.append(Task(trial=None, until_epoch=levels[0]))
            book[0].append(n_begun)
            n_begun += 1
            continue
        promoted[k].add(candidates[0])
        book[k + 1].append(candidates[0])
        tasks.append(Task(trial=candidates[0], until_epoch=levels[k + 1]))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("is_delayed", [False, True])
@pytest.mark.parametrize(
    ("n", "rungs", "eta"),
    [(1, (1, 3, 9), 3), (2, (1,), 2), (7, (2, 6), 3), (27, (1, 3, 9), 3), (40, (1, 2, 4, 8), 2)],
)
def test_asynchronous_halving_does_what_the_papers_pseudocode_does(n, rungs, eta, is_delayed, seed):
    scores = curves(n, seed=seed)
    scheduler = AsynchronousHalving(
        n_trials=n, epochs=EPOCHS, rungs=rungs, reduction_factor=eta, is_delayed=is_delayed
    )
    assert run(scheduler, scores)[0] == paper_asha(scores, rungs, eta, is_delayed=is_delayed)


@pytest.mark.parametrize(("is_delayed", "n_gone_on"), [(False, 25), (True, 9)])
def test_trials_that_grow_better_go_on_in_greater_number_unless_delayed(is_delayed, n_gone_on):
    rising = [[n / 30] * EPOCHS for n in range(27)]
    scheduler = AsynchronousHalving(n_trials=27, epochs=EPOCHS, rungs=(1,), is_delayed=is_delayed)
    _, trials = run(scheduler, rising)
    assert sum(len(trial.scores) > 1 for trial in trials) == n_gone_on


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("n", "rungs", "keep"), [(27, (1, 3, 9), (9, 3, 1)), (20, (1,), (4,)), (3, (2, 6), (2, 2))]
)
def test_halving_in_rounds_keeps_the_best_of_each_round(n, rungs, keep, seed):
    scores = curves(n, seed=seed)
    scheduler = SynchronousHalving(n_trials=n, epochs=EPOCHS, rungs=rungs, keep=keep)
    _, trials = run(scheduler, scores)

    left, expected = list(range(n)), [rungs[0]] * n
    for rung, n_kept, level in zip(rungs, keep, (*rungs[1:], EPOCHS), strict=True):
        left = sorted(left, key=lambda t: (-scores[t][rung - 1], t))[:n_kept]
        for number in left:
            expected[number] = level
    assert [len(trial.scores) for trial in trials] == expected


SCHEDULERS = [
    AsynchronousHalving(n_trials=17, epochs=EPOCHS, rungs=(1, 3, 9)),
    AsynchronousHalving(n_trials=17, epochs=EPOCHS, rungs=(1, 3, 9), is_delayed=True),
    AsynchronousHalving(n_trials=17, epochs=EPOCHS, rungs=(2,), reduction_factor=100),
    SynchronousHalving(n_trials=17, epochs=EPOCHS, rungs=(1, 3, 9), keep=(6, 2, 1)),
    SynchronousHalving(n_trials=17, epochs=EPOCHS, rungs=(1,), keep=(3,)),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scheduler", SCHEDULERS, ids=repr)
def test_several_workers_never_share_a_trial_and_together_finish(scheduler, seed):
    rng, scores = random.Random(seed), curves(17, seed=seed)  # noqa: S311
    trials, working = [], {}
    while True:
        task = scheduler.next_task(trials) if len(working) < 4 else None
        if task is not None:
            number = len(trials) if task.trial is None else task.trial
            assert number not in working
            if task.trial is None:
                trials.append(TrialProgress(number=number, scores=(), is_running=True))
            else:
                assert len(trials[number].scores) < task.until_epoch
                trials[number] = replace(trials[number], is_running=True)
            working[number] = task.until_epoch
        if working and (task is None or rng.random() < 0.5):
            number = rng.choice(sorted(working))
            done = scores[number][: working.pop(number)]
            trials[number] = TrialProgress(number=number, scores=done)
        elif task is None:
            break
    assert len(trials) == 17
    assert any(len(trial.scores) == EPOCHS for trial in trials)


@pytest.mark.parametrize("scheduler", SCHEDULERS, ids=repr)
def test_a_search_goes_on_from_its_trials_alone(scheduler):
    scores = curves(17, seed=0)
    whole, _ = run(scheduler, scores)
    _, trials = run(replace(scheduler, n_trials=8), scores)
    rest, extended = run(scheduler, scores, trials)
    assert len(extended) == 17
    assert sum(task.trial is None for task in rest) == 9
    assert run(scheduler, scores, extended)[0] == []
    assert whole[0] == Task(trial=None, until_epoch=scheduler.rungs[0])


@pytest.mark.parametrize(("n_done", "until"), [(0, 1), (2, 3)])
@pytest.mark.parametrize("scheduler", [SCHEDULERS[0], SCHEDULERS[1], SCHEDULERS[3]], ids=repr)
def test_a_trial_interrupted_between_rungs_goes_on_to_the_next(scheduler, n_done, until):
    scheduler = replace(scheduler, n_trials=3)
    trials = [TrialProgress(number=n, scores=(0.1,)) for n in range(3)]
    trials[2] = TrialProgress(number=2, scores=(0.9, 0.9)[:n_done])
    assert scheduler.next_task(trials) == Task(trial=2, until_epoch=until)


@pytest.mark.parametrize("is_delayed", [False, True])
def test_a_trial_interrupted_between_rungs_goes_on_though_a_better_one_came_meanwhile(is_delayed):
    scheduler = AsynchronousHalving(
        n_trials=5, epochs=EPOCHS, rungs=(1, 3), reduction_factor=3.0, is_delayed=is_delayed
    )
    scores = [(0.5, 0.5), (0.1,), (0.1,), (0.1,), (0.9, 0.9, 0.9)]
    trials = [TrialProgress(number=n, scores=one) for n, one in enumerate(scores)]
    assert scheduler.next_task(trials) == Task(trial=0, until_epoch=3)
    # One that has only come to the rung waits.
    trials[0] = TrialProgress(number=0, scores=(0.5,))
    assert scheduler.next_task(trials) == Task(trial=4, until_epoch=EPOCHS)


@pytest.mark.parametrize("scheduler", [SCHEDULERS[0], SCHEDULERS[1], SCHEDULERS[3]], ids=repr)
def test_a_failed_trial_is_never_gone_on_with(scheduler):
    scheduler = replace(scheduler, n_trials=6)
    trials = [TrialProgress(number=n, scores=(n / 10,)) for n in range(6)]
    trials[5] = replace(trials[5], has_failed=True)
    assert scheduler.next_task(trials) == Task(trial=4, until_epoch=3)
    failed = [replace(trial, has_failed=True) for trial in trials]
    assert scheduler.next_task(failed) is None


def test_a_round_waits_for_its_last_trial():
    scheduler = SynchronousHalving(n_trials=2, epochs=EPOCHS, rungs=(1,), keep=(1,))
    done = TrialProgress(number=0, scores=(0.5,))
    running = TrialProgress(number=1, scores=(), is_running=True)
    assert scheduler.next_task([done, running]) is None
    better = TrialProgress(number=1, scores=(0.6,))
    assert scheduler.next_task([done, better]) == Task(trial=1, until_epoch=EPOCHS)


def test_a_round_keeps_no_more_where_an_earlier_search_left_trials_behind():
    scheduler = SynchronousHalving(n_trials=6, epochs=EPOCHS, rungs=(1,), keep=(2,))
    scores = [[score] * EPOCHS for score in (0.9, 0.1, 0.5, 0.6, 0.8, 0.7)]
    trials = [
        TrialProgress(number=number, scores=scores[number][:1], has_failed=number < 3)
        for number in range(6)
    ]
    # The best cannot go on, and the second best of all can.
    tasks, _ = run(scheduler, scores, trials)
    assert tasks == [Task(trial=4, until_epoch=EPOCHS)]


def test_rounds_end_with_a_whole_trial_even_if_all_that_were_kept_have_failed():
    scheduler = SynchronousHalving(n_trials=3, epochs=EPOCHS, rungs=(1,), keep=(1,))
    trials = [TrialProgress(number=n, scores=(n / 10,), has_failed=n == 2) for n in range(3)]
    assert scheduler.next_task(trials) == Task(trial=1, until_epoch=EPOCHS)


@pytest.mark.parametrize("rise", [1, 0, -1])
@pytest.mark.parametrize(
    ("n_trials", "kept"), [(1, (1, 1, 1)), (3, (1, 1, 1)), (20, (8, 3, 1)), (50, (20, 8, 3))]
)
def test_what_rounds_cost_is_known_before_whatever_the_scores_are(n_trials, kept, rise):
    assert kept_by_factor(n_trials, n_rungs=3, factor=2.5) == kept
    scheduler = make_scheduler("rounds", n_trials=n_trials, epochs=8)
    scores = [[(rise * n + epoch) / 100 for epoch in range(8)] for n in range(n_trials)]
    _, trials = run(scheduler, scores)
    n_epochs = sum(len(trial.scores) for trial in trials)
    assert n_epochs == n_trials + kept[0] + 2 * kept[1] + 4 * kept[2]


@pytest.mark.parametrize("n_trials", [20, 30, 50, 200])
@pytest.mark.parametrize("epochs", [8, 9, 40])
def test_rounds_of_many_trials_take_a_quarter_of_the_epochs(n_trials, epochs):
    scheduler = make_scheduler("rounds", n_trials=n_trials, epochs=epochs)
    _, trials = run(scheduler, [[0.5] * epochs] * n_trials)
    assert 0.2 < sum(len(trial.scores) for trial in trials) / (n_trials * epochs) <= 0.26


@pytest.mark.parametrize(
    ("epochs", "rungs"),
    [(1, ()), (2, (1,)), (3, (1, 2)), (8, (1, 2, 4)), (9, (1, 2, 4)), (40, (5, 10, 20))],
)
def test_the_default_rungs_are_shares_of_a_whole_trial(epochs, rungs):
    assert default_rungs(epochs) == rungs
