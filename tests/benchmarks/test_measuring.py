from __future__ import annotations

import json
import statistics
import sys
import time

import pytest

from benchmarks import measuring
from benchmarks.measuring import Spread
from benchmarks.stopwatch import Stopwatch
from benchmarks.worker import Worker


def test_contenders_take_turns_and_warm_up_rounds_do_not_count():
    order = []

    def contender(name):
        def measure():
            order.append(name)
            return len(order)

        return measure

    measured = measuring.in_turn({"a": contender("a"), "b": contender("b")}, repeats=2)
    assert order == ["a", "b"] * 3
    assert measured == {"a": [3, 5], "b": [4, 6]}


def test_a_ratio_is_taken_within_each_round():
    # The machine was twice as slow in the second round: the medians' ratio would be 2.33.
    spread = measuring.ratios([2.0, 8.0, 3.0], [1.0, 2.0, 1.0])
    assert spread == Spread(median=3.0, low=2.0, high=4.0)


def test_a_ratio_needs_as_many_rounds_of_both():
    with pytest.raises(ValueError, match="shorter"):
        measuring.ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize("values", [[1.0], [1.0, 5.0], [3.0, 1.0, 2.0]])
def test_a_spread_is_the_median_between_the_extremes(values):
    spread = Spread.of(values)
    assert (spread.low, spread.high) == (min(values), max(values))
    assert spread.median == statistics.median(values)


@pytest.mark.parametrize(
    ("values", "text"),
    [([1.0, 2.0, 1.5], "1.50 (1.00 to 2.00)"), ([1200.0], "1,200.00"), ([3.0, 3.0], "3.00")],
)
def test_a_spread_is_told_with_its_extremes_where_there_are_any(values, text):
    assert Spread.of(values).text() == text


def test_a_spread_of_nothing_is_refused():
    with pytest.raises(statistics.StatisticsError):
        Spread.of([])


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        ([], "."),
        (["--quick"], "quick"),
        (["--machine", "x"], "x"),
        (["--quick", "--machine", "x"], "quick"),
    ],
)
def test_quick_results_and_those_of_other_machines_are_kept_apart(arguments, folder):
    parsed = measuring.parser("What it does.", repeats=5).parse_args(arguments)
    path = measuring.options(parsed).result_path("x")
    assert path == measuring.RESULTS / folder / "x.json"


@pytest.mark.parametrize("name", [".", "..", "quick", "a/b", "/a", "A"])
def test_a_machine_is_named_so_that_its_folder_is_its_own(name, capsys):
    with pytest.raises(SystemExit):
        measuring.parser("What it does.", repeats=5).parse_args(["--machine", name])
    assert "must be a name of lower-case letters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "repeats"), [([], 5), (["--repeats", "9"], 9), (["--quick"], 2)]
)
def test_how_many_rounds_is_a_default_an_option_or_quick(arguments, repeats):
    parsed = measuring.parser("What it does.\n\nMore.", repeats=5).parse_args(arguments)
    assert measuring.options(parsed).repeats == repeats


def test_a_result_holds_the_machine_the_versions_and_what_was_measured(tmp_path):
    path = tmp_path / "made" / "x.json"
    measuring.save(
        path,
        machine=measuring.machine(),
        versions=measuring.versions({"torch": "2"}),
        settings={"n": 1},
        measured={"a": [1.5]},
    )
    result = json.loads(path.read_text())
    assert result["measured"] == {"a": [1.5]}
    assert result["machine"]["cores"] >= 1
    assert result["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert result["versions"]["torch"] == "2"


def test_a_stopwatch_counts_what_is_inside_something_else_for_itself():
    now = iter([0.0, 1.0, 4.0, 10.0])
    watch = Stopwatch(clock=lambda: next(now))
    with watch.measure("outer"), watch.measure("inner"):
        pass
    assert watch.seconds == {"outer": 7.0, "inner": 3.0}


def test_a_stopwatch_counts_a_call_that_fails():
    now = iter([0.0, 2.0])
    watch = Stopwatch(clock=lambda: next(now))
    with pytest.raises(ZeroDivisionError):
        watch.timed("division", lambda: 1 / 0)()
    assert watch.seconds == {"division": 2.0}


CONTENDER = """
import json, sys, time
from benchmarks.worker import Turns
spec = json.loads(sys.argv[1])
turns = Turns({"spec": spec})
while True:
    turns.wait()
    print("what a library prints")
    time.sleep(spec["uncounted"])
    turns.begin()
    time.sleep(spec["seconds"])
"""


def test_a_worker_says_what_it_is_and_how_long_each_epoch_took():
    spec = {"uncounted": 0.5, "seconds": 0.02}
    with Worker([sys.executable, "-c", CONTENDER], spec) as worker:
        assert worker.facts == {"spec": spec}
        for _ in range(2):
            started = time.perf_counter()
            counted = worker.run_epoch()
            # What comes before `begin` is waited for but not counted.
            assert 0.02 <= counted <= time.perf_counter() - started - 0.5


def test_a_worker_that_ends_is_an_error_at_once():
    with pytest.raises(RuntimeError, match="ended with code 3"):
        Worker([sys.executable, "-c", "raise SystemExit(3)"], {})
