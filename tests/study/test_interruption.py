"""Ctrl-C waits for a safe point, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from study.interruption import blocked_signals, deferred_interrupts, stop_if_asked


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
