"""How often a study survives: its processes are killed and stopped at random moments.

    python -m benchmarks.faults [--quick] [--kills 100] [--work stand-ins|digits] [--minutes 15]

Study after study is begun, struck several times, continued after each blow that ended it, and at
last run to its end; then its database is looked into. What an earlier call has counted stays, so
that the same command goes on, until there are `--kills` in all. "stand-ins" take the place of
training, so that most of the time is the program's own; "digits" is the whole program. It is the
long form of `tests/faults`.
"""

from __future__ import annotations

import json
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import measuring
from benchmarks.table import Result, Table
from tests.faults.database import StoredTrial, changed, finished, problems, stored
from tests.faults.program import HOSTILE, SMALL, Program

KILLS = ("worker", "parent", "all")
STOPS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
STOP_SECONDS = 10
"""The promise: a run that is asked to stop is gone after so long."""

PHASES = ("search", "retraining", "report")
BLOWS_PER_STUDY = 10
N_FAMILIES, N_TRIALS, EPOCHS = 2, 8, 4
COMMON = (
    *("--trials", str(N_TRIALS), "--epochs", str(EPOCHS), "--workers", "2", "--pruner", "none"),
    *("--retrain-epochs", "6"),
)
DIGITS = (
    *("run", "--dataset", "digits", "--name", "hard-times", "--fraction", "0.25", "--seeds", "1"),
    *("--precision", "float32", "--sampler", "random", "--finalists", "0"),
)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is struck.

    Attributes:
        families: Of the study.
        latest_seconds: Until when a blow falls, after the start or the blow before; half of them
            fall in a fifth of it, as later phases are short.
    """

    families: tuple[str, str]
    latest_seconds: float

    def start(self, folder: Path) -> Program:
        """Begin the study, or continue it."""
        if self is WORKS["digits"]:
            return Program(folder, *DIGITS, *COMMON, module="study")
        return Program(folder, *SMALL, *COMMON, module=HOSTILE, epoch_seconds=0.4)


WORKS = {
    "stand-ins": Work(families=("alpha", "beta"), latest_seconds=10.0),
    "digits": Work(families=("alexnet_lite", "custom_cnn"), latest_seconds=60.0),
}


@dataclass(kw_only=True)
class Count:
    """What was done to one study, and what came of it.

    Attributes:
        work: Key of WORKS.
        blows: Each with its `kind`, the `phase` it fell into, and the `seconds` until a run that
            was asked to stop was gone.
        n_trials: Finished trials at the end, retrained models included.
        n_compared: How often a finished trial was compared, row by row, with what it was before.
        n_failed: Trials that were given up, as blows kept falling into the same epoch.
        problems: What was wrong.
        lost_seconds: Training of the search that was cut short or done again, as recorded.
    """

    work: str
    blows: list[dict[str, Any]] = field(default_factory=list)
    n_trials: int = 0
    n_compared: int = 0
    n_failed: int = 0
    problems: list[str] = field(default_factory=list)
    lost_seconds: float = 0.0


def main() -> int:
    """Strike, count, store after each study, and print."""
    parser = measuring.parser(__doc__, repeats=1)
    parser.add_argument(
        "--kills", type=int, default=100, help="kills in all (default: %(default)s)"
    )
    parser.add_argument("--work", choices=WORKS, default="stand-ins", help="what is struck")
    parser.add_argument("--minutes", type=float, default=15.0, help="begin no study after these")
    arguments = parser.parse_args()
    options, machine = measuring.options(arguments), measuring.machine()
    # A shell lets what it starts in the background ignore Ctrl-C, and that is handed down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    counts = [] if options.quick else _counted(options.result_path("faults"), machine)
    n_kills, end = (
        5 if options.quick else arguments.kills,
        time.monotonic() + 60 * arguments.minutes,
    )
    if _n_kills(counts, arguments.work) >= n_kills:
        print(f"{n_kills} kills are counted already: give a larger --kills.")
    while _n_kills(counts, arguments.work) < n_kills and time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            count = strike(arguments.work, Path(folder), n_before=len(counts))
        counts.append(asdict(count))
        measuring.finish(
            "faults",
            options,
            machine=machine,
            settings={"trials": N_TRIALS, "epochs": EPOCHS, "blows_per_study": BLOWS_PER_STUDY},
            measured={"studies": counts},
            tables=tables,
        )
    return 0


def strike(name: str, folder: Path, *, n_before: int) -> Count:
    """Strike one study, from another phase on than the one before, and let it run to its end."""
    rng = random.Random(n_before)  # noqa: S311
    work, count = WORKS[name], Count(work=name)
    program, before = work.start(folder), stored(folder)
    first = n_before % len(PHASES)
    try:
        while program.is_running and not _is_in(first, stored(folder)):
            time.sleep(0.05)
        while len(count.blows) < BLOWS_PER_STUDY:
            if not _lasts(program, rng.uniform(0, rng.choice((0.2, 1.0)) * work.latest_seconds)):
                break  # The study has run to its end.
            blow = _strike_once(program, folder, rng)
            if blow is not None:
                count.blows.append(blow)
            before = _compare(count, before, stored(folder))
            if not program.is_running:
                program = work.start(folder)
        ended = program.end()
        if any(one.state == "FAIL" and one.study.endswith("/retrained") for one in stored(folder)):
            ended = work.start(folder).end()  # What was left out is tried again.
        if ended.code not in (0, 3):
            count.problems.append(f"exit code {ended.code}: {ended.stderr.splitlines()[-1]}")
    finally:
        program.kill_all()
    _compare(count, before, stored(folder))
    _look_into(count, stored(folder), work)
    return count


def _lasts(program: Program, seconds: float) -> bool:
    """Wait; return whether the program still runs."""
    end = time.monotonic() + seconds
    while program.is_running and time.monotonic() < end:
        time.sleep(0.01)
    return program.is_running


def _strike_once(program: Program, folder: Path, rng: random.Random) -> dict[str, Any] | None:
    kind = rng.choice((*KILLS, *KILLS, *STOPS))
    blow: dict[str, Any] = {"kind": kind, "phase": _phase(stored(folder))}
    if kind == "worker":
        return blow if program.kill_worker(rng.randrange(2)) else None
    if kind in KILLS:
        hit = program.kill_parent() if kind == "parent" else program.kill_all()
        return blow if hit else None
    start = time.monotonic()
    program.signal(STOPS[kind])
    program.end()
    return {**blow, "seconds": round(time.monotonic() - start, 2)}


def _is_in(place: int, trials: Sequence[StoredTrial]) -> bool:
    """Return whether a phase of the study, by its place, has begun."""
    return bool(trials) and PHASES.index(_phase(trials)) >= place


def _phase(trials: Sequence[StoredTrial]) -> str:
    final = [one for one in trials if one.study.endswith("/retrained")]
    if len(final) >= 4:
        return "report"
    # It begins with the search's end, not with the first model that is done.
    searched = finished([one for one in trials if not one.study.endswith("/retrained")])
    return "retraining" if len(searched) >= N_FAMILIES * N_TRIALS else "search"


def _compare(
    count: Count, before: Sequence[StoredTrial], after: list[StoredTrial]
) -> list[StoredTrial]:
    count.n_compared += len(finished(list(before)))
    count.problems += changed(list(before), after)
    return after


def _look_into(count: Count, trials: list[StoredTrial], work: Work) -> None:
    whole = {one.study for one in trials if one.state == "COMPLETE"}
    n_families = sum(f"hard-times/{family}" in whole for family in work.families)
    count.problems += problems(
        trials,
        families=work.families,
        n_trials=N_TRIALS,
        epochs=EPOCHS,
        n_retrained=2 * n_families,
    )
    count.n_trials = len(finished(trials))
    count.n_failed = sum(one.state == "FAIL" for one in trials)
    searched = [one for one in trials if not one.study.endswith("/retrained")]
    count.lost_seconds = round(sum(one.attrs.get("lost_seconds", 0.0) for one in searched), 1)


def _counted(path: Path, machine: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was counted before, on this machine."""
    if not path.exists():
        return []
    result = json.loads(path.read_text(encoding="utf-8"))
    if not measuring.same_machine(result["machine"], machine):
        raise SystemExit(
            f"error: {path} was counted on another machine; give --machine NAME to count apart."
        )
    studies: list[dict[str, Any]] = result["measured"]["studies"]
    return studies


def _n_kills(counts: Sequence[Mapping[str, Any]], work: str) -> int:
    blows = [blow for count in counts if count["work"] == work for blow in count["blows"]]
    return sum(blow["kind"] in KILLS for blow in blows)


def tables(result: Result) -> list[Table]:
    """Return what was survived and how soon runs stopped, for each kind of work."""
    studies = result["measured"]["studies"]
    struck = {work: _cells(_of(studies, work)) for work in WORKS if _of(studies, work)}
    names = next(iter(struck.values()), {})
    return [
        Table(
            title="Studies that were killed and stopped at random moments",
            columns=("", *struck),
            rows=[[name, *(cells[name] for cells in struck.values())] for name in names],
        ),
        Table(
            title="Where the blows fell",
            columns=("", *PHASES),
            rows=[
                [kind, *(str(_n_blows(studies, kind, phase)) for phase in PHASES)]
                for kind in (*KILLS, *STOPS)
            ],
        ),
    ]


def _of(studies: Sequence[Mapping[str, Any]], work: str) -> list[Mapping[str, Any]]:
    return [one for one in studies if one["work"] == work]


def _cells(studies: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    kinds = Counter(blow["kind"] for one in studies for blow in one["blows"])
    waits = [blow["seconds"] for one in studies for blow in one["blows"] if "seconds" in blow]
    return {
        "studies": str(len(studies)),
        "kills": str(sum(kinds[kind] for kind in KILLS)),
        "signals": str(sum(kinds[kind] for kind in STOPS)),
        "slowest stop": f"{max(waits):.1f} s" if waits else "",
        f"stops within {STOP_SECONDS} s": str(sum(wait <= STOP_SECONDS for wait in waits)),
        "trials checked at the end": str(sum(one["n_trials"] for one in studies)),
        "comparisons of finished trials": str(sum(one["n_compared"] for one in studies)),
        "trials given up": str(sum(one["n_failed"] for one in studies)),
        "training lost, as recorded": f"{sum(one['lost_seconds'] for one in studies):.1f} s",
        "problems found": str(sum(len(one["problems"]) for one in studies)),
    }


def _n_blows(studies: Sequence[Mapping[str, Any]], kind: str, phase: str) -> int:
    blows = [blow for one in studies for blow in one["blows"]]
    return sum(blow["kind"] == kind and blow["phase"] == phase for blow in blows)


if __name__ == "__main__":
    raise SystemExit(main())
