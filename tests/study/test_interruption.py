"""Ctrl-C waits for a safe point, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from study import interruption
from study.interruption import ask_to_stop, blocked_signals, deferred_interrupts, stop_if_asked
from tests.faults.program import until


@pytest.fixture(autouse=True)
def default_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_the_first_waits_for_a_safe_point():
    passed = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        passed.append("transaction")
        stop_if_asked()
        passed.append("too late")
    assert passed == ["transaction"]


def test_one_that_meets_no_safe_point_is_raised_at_the_end():
    passed = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        passed.append("all")
    assert passed == ["all"]


def test_the_second_stops_at_once():
    passed = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        passed.append("too late")
    assert passed == []


def test_without_one_nothing_stops():
    with deferred_interrupts():
        stop_if_asked()


def test_cleaning_up_after_one_is_not_stopped_by_it():
    cleaned = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        try:
            signal.raise_signal(signal.SIGINT)
            stop_if_asked()
        except KeyboardInterrupt:
            stop_if_asked()
            cleaned.append("trial")
            raise
    assert cleaned == ["trial"]


def test_an_ignored_ctrl_c_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        stop_if_asked()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_one_that_comes_while_a_process_is_started_is_not_lost():
    passed = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        with blocked_signals():
            os.kill(os.getpid(), signal.SIGINT)
            passed.append("started")
        stop_if_asked()
        passed.append("too late")
    assert passed == ["started"]


@pytest.fixture
def another_thread():
    """A thread that hears the signals, as that of the heartbeat does."""
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    yield
    ends.set()
    thread.join()


@pytest.mark.parametrize("n_signals", [1, 2])
@pytest.mark.parametrize("is_deferred", [True, False])
def test_one_that_another_thread_hears_waits_until_the_process_is_started(
    another_thread, n_signals, is_deferred
):
    passed = []
    if not is_deferred:
        signal.signal(signal.SIGINT, interruption._interrupt)
    with (
        pytest.raises(interruption.Interruption) as caught,
        deferred_interrupts() if is_deferred else nullcontext(),
    ):
        with blocked_signals():
            for _ in range(n_signals):
                os.kill(os.getpid(), signal.SIGINT)
            # It takes a moment until the other thread has it and this one runs the handler.
            assert until(lambda: interruption._held)
            assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
            passed.append("started")
        passed.append("mask")
        stop_if_asked()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert passed[0] == "started"
    assert caught.value.number == signal.SIGINT
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert interruption._held is None


def test_a_process_that_is_started_is_deaf_where_another_thread_hears(another_thread):
    ask = "import signal; print(sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))))"
    with blocked_signals():
        said = subprocess.check_output([sys.executable, "-c", ask], text=True)
    assert said.strip() == str(sorted(map(int, interruption.SIGNALS)))


def test_a_stop_that_was_asked_for_between_two_blocks_counts_in_the_next():
    passed = []
    with deferred_interrupts():
        passed.append("first")
    thread = threading.Thread(target=ask_to_stop)
    thread.start()
    thread.join()
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        passed.append("second")
        stop_if_asked()
        passed.append("too late")
    with deferred_interrupts():
        stop_if_asked()
        passed.append("third")
    assert passed == ["first", "second", "third"]


def test_a_stop_that_was_asked_for_outlasts_a_block_that_fails():
    with pytest.raises(ZeroDivisionError), deferred_interrupts():
        ask_to_stop()
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        pass


def test_a_signal_that_was_held_back_ends_with_its_block():
    with pytest.raises(ZeroDivisionError), deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError
    with deferred_interrupts():
        stop_if_asked()


STUBBORN = """
import threading
from study import interruption

interruption.LAST_SECONDS = 0.2
interruption.interrupt_at_signals()
has_said = False
while True:
    try:
        if not has_said:
            has_said = True
            print("ready", flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_goes_on_waiting_is_ended_with_the_code_of_the_signal(number):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        try:
            assert process.wait(30) == 128 + number
        finally:
            process.kill()


def test_a_program_that_goes_on_waiting_is_ended_also_where_nobody_hears_it():
    root = Path(__file__).parents[2]
    with (
        Path("/dev/full").open("wb") as deaf,
        subprocess.Popen(
            [sys.executable, "-c", STUBBORN], cwd=root, stdout=subprocess.PIPE, stderr=deaf
        ) as process,
    ):
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGHUP)
        try:
            assert process.wait(30) == 129
        finally:
            process.kill()


BUSY = """
import ctypes, threading
from study import interruption

interruption.LAST_SECONDS = 0.2
interruption.interrupt_at_signals()
# Said from within the second lock, before which a signal would be heard.
threading.Timer(0.5, print, args=("ready",), kwargs={"flush": True}).start()
lock = ctypes.CDLL(None).pthread_mutex_lock
mutex = ctypes.create_string_buffer(64)
lock(mutex)
lock(mutex)
"""
"""The second lock is never had: the main thread comes to run no handler."""


def test_a_program_whose_main_thread_hears_nothing_is_ended_with_the_code_of_the_signal():
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], cwd=root, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(30) == 143
        finally:
            process.kill()
