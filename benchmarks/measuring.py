"""Measure contenders side by side: in turn, several times, compared by the median of their ratios.

A machine's speed drifts while other work comes and goes. Contenders that take turns drift together,
so that the ratio within one round holds what the seconds themselves do not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.table import Result, Table

RESULTS = Path(__file__).parent / "results"
"""Where results lie, one file a benchmark; below it those of `--quick` and of other machines."""

LIBRARIES = ("tensorflow", "keras", "optuna", "numpy")
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")

INNERMOST = re.compile(r"[\[{]\n[^][{}]*[\]}]")
"""A list or an object of indented JSON without another inside; texts hold no line breaks there."""

Measure = Callable[[], float]
"""Does its work once and returns how long it took, in seconds, or any other number above 0."""

Measurements = dict[str, list[float]]
"""What each contender measured, one number a round; rounds correspond."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A median with the smallest and the largest value that it stands for."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarize at least one value.

        Raises:
            statistics.StatisticsError: If there is none.
        """
        return cls(median=statistics.median(values), low=min(values), high=max(values))

    def scaled(self, factor: float) -> Spread:
        """Return the spread of the values times a factor above 0."""
        return Spread(median=factor * self.median, low=factor * self.low, high=factor * self.high)

    def shifted(self, offset: float) -> Spread:
        """Return the spread of the values plus an offset."""
        return Spread(median=self.median + offset, low=self.low + offset, high=self.high + offset)

    def text(self, digits: int = 2) -> str:
        """Return the spread in words, as "1.62 (1.58 to 1.70)"; where all are equal, that value."""
        # Plus nothing, so that no zero has a sign.
        median, low, high = (
            f"{round(value, digits) + 0.0:,.{digits}f}"
            for value in (self.median, self.low, self.high)
        )
        return median if self.low == self.high else f"{median} ({low} to {high})"


def in_turn(contenders: Mapping[str, Measure], *, repeats: int, warm_ups: int = 1) -> Measurements:
    """Measure A, B, A, B, ... and return each contender's numbers.

    Args:
        contenders: Measures by name; each is called `warm_ups + repeats` times.
        repeats: Rounds that count.
        warm_ups: Rounds before them, not returned: they trace, compile and fill caches.
    """
    measured: Measurements = {name: [] for name in contenders}
    for round_number in range(warm_ups + repeats):
        for name, measure in contenders.items():
            value = measure()
            label = (
                f"round {round_number + 1 - warm_ups}" if round_number >= warm_ups else "warm-up"
            )
            print(f"{label}, {name}: {value:.2f}", file=sys.stderr, flush=True)
            if round_number >= warm_ups:
                measured[name].append(value)
    return measured


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """Return the spread of the quotients of values that were measured in the same round.

    Raises:
        ValueError: If there are not equally many.
    """
    return Spread.of([a / b for a, b in zip(numerators, denominators, strict=True)])


def seconds(action: Callable[[], object]) -> float:
    """Return the wall time of an action."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def n_cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Return what a measurement depends on: processor, cores, instruction sets, memory, load."""
    lines = _lines("/proc/cpuinfo")
    flags = set(lines.get("flags", "").split())
    memory_kib = int(_lines("/proc/meminfo").get("MemTotal", "0 kB").split()[0])
    return {
        "processor": lines.get("model name", platform.processor() or platform.machine()),
        "cores": n_cores(),
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in flags],
        "memory_gib": round(memory_kib / 2**20, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average_before": round(os.getloadavg()[0], 2),
    }


def same_machine(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two of `machine()` are of one machine, however busy it was."""
    idle = {"load_average_before": None}
    return {**one, **idle} == {**other, **idle}


def versions(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the versions of Python and of the libraries, with those of other interpreters."""
    found = {"python": platform.python_version()}
    found |= {library: metadata.version(library) for library in LIBRARIES}
    return found | dict(extra or {})


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every benchmark is asked: a small trial of the script, how many rounds, and where."""

    quick: bool
    repeats: int
    machine_name: str = ""

    def result_path(self, name: str) -> Path:
        """Return where a benchmark's result belongs."""
        return results_folder(quick=self.quick, machine_name=self.machine_name) / f"{name}.json"


def results_folder(*, quick: bool, machine_name: str) -> Path:
    """Return where results of a kind belong; the machine of the README has no name."""
    return RESULTS / "quick" if quick else RESULTS / machine_name


def add_machine_name(parser: argparse.ArgumentParser) -> None:
    """Add `--machine NAME`, which sets `machine_name` where it is given."""
    parser.add_argument(
        "--machine",
        dest="machine_name",
        type=_machine_name,
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="keep the result beside the published ones, in results/NAME (no effect with --quick)",
    )


def _machine_name(text: str) -> str:
    if not re.fullmatch("[a-z0-9][a-z0-9_-]*", text) or text == "quick":
        raise argparse.ArgumentTypeError(
            f"must be a name of lower-case letters, digits, _ and -, not 'quick', but got {text!r}"
        )
    return text


def parser(description: str | None, *, repeats: int) -> argparse.ArgumentParser:
    """Return a parser with what `Options` hold, for a benchmark to add its own options."""
    made = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    made.add_argument(
        "--quick", action="store_true", help="only try the script: small, 2 rounds, kept apart"
    )
    made.add_argument("--repeats", type=int, default=repeats, help="rounds (default: %(default)s)")
    add_machine_name(made)
    return made


def options(arguments: argparse.Namespace) -> Options:
    """Return what `parser`'s own options were given."""
    return Options(
        quick=arguments.quick,
        repeats=2 if arguments.quick else max(1, arguments.repeats),
        machine_name=getattr(arguments, "machine_name", ""),
    )


def save(
    path: Path,
    *,
    machine: Mapping[str, Any],
    versions: Mapping[str, str],
    settings: Mapping[str, Any],
    measured: Mapping[str, Any],
) -> None:
    """Write a result as JSON, with the day.

    Args:
        path: As `Options.result_path` gives it.
        machine: As `machine()` gave it before the measurement.
        versions: As `versions()` gives them.
        settings: Everything needed to repeat the measurement.
        measured: Whatever the benchmark measured, as numbers that its `tables` understands.
    """
    result = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": dict(machine),
        "versions": dict(versions),
        "settings": dict(settings),
        "measured": dict(measured),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # A list of numbers takes one line, not one for each.
    text = INNERMOST.sub(lambda found: re.sub(r"\n *", " ", found[0]), json.dumps(result, indent=1))
    path.write_text(text + "\n", encoding="utf-8")


def finish(
    name: str,
    options: Options,
    *,
    machine: Mapping[str, Any],
    settings: Mapping[str, Any],
    measured: Mapping[str, Any],
    tables: Callable[[Result], list[Table]],
    other_versions: Mapping[str, str] | None = None,
) -> None:
    """Write a benchmark's result and print its tables; see `save` for the arguments."""
    path = options.result_path(name)
    save(
        path,
        machine=machine,
        versions=versions(other_versions),
        settings={"repeats": options.repeats, **settings},
        measured=measured,
    )
    for table in tables(json.loads(path.read_text(encoding="utf-8"))):
        print(f"\n{table.markdown()}")
    print(f"\n{path}")


def _lines(path: str) -> dict[str, str]:
    # Of several processors, the last one's; they are the same.
    if not Path(path).exists():
        return {}
    pairs = (line.partition(":") for line in Path(path).read_text(encoding="utf-8").splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
