from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from study.environment import is_dead, machine, this_process, versions


def test_this_process_is_alive_also_after_a_journey_through_json():
    assert not is_dead(json.loads(json.dumps(this_process())))


def test_a_child_is_alive_until_it_has_ended():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    noted = {"host": socket.gethostname(), "pid": child.pid}
    assert not is_dead(noted)
    child.communicate(b"\n")
    assert is_dead(noted)


def test_a_process_of_another_user_is_alive(monkeypatch):
    def forbid(pid, signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbid)
    assert not is_dead(this_process())


def test_of_another_host_nothing_is_known_so_nothing_is_taken_away():
    assert not is_dead({"host": "elsewhere.example", "pid": 2**22 + 1})


@pytest.mark.parametrize(
    "noted",
    [None, "text", 3, [], {}, {"pid": 1}, {"host": 3, "pid": 4}, {"host": ["a"]}],
)
def test_what_names_no_host_is_not_taken_for_dead(noted):
    assert not is_dead(noted)


@pytest.mark.parametrize("pid", [None, "12", 1.5, -1, 0, [], 2**31, 10**30])
def test_a_pid_of_this_host_that_no_process_can_have_is_dead(pid):
    assert is_dead({"host": socket.gethostname(), "pid": pid})


def test_versions_name_python_and_the_libraries_that_results_depend_on():
    found = versions()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"tensorflow", "keras", "optuna", "numpy", "scikit-learn"} < set(found)
    assert all(found.values())


def test_the_machine_is_named_without_its_owner():
    assert str(os.cpu_count()) in machine()
    assert socket.gethostname() not in machine()
