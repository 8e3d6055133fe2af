"""How fast an epoch of training is: this project's loop, Keras's `Model.fit` and PyTorch.

    python -m benchmarks.throughput [--quick] [--repeats N] [--torch-python PATH] [--float32]

The contenders train the same network with the same batch size on equally many images. The rivals
use AdamW; ours uses its own optimizer and averages the weights, which is more work.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import measuring
from benchmarks.kernels import PREFERRED, SHIPPED
from benchmarks.measuring import Measurements, Spread
from benchmarks.table import Result, Table
from benchmarks.worker import Worker
from benchmarks.workload import CONFIGURATIONS, Workload

N_IMAGES, N_IMAGES_QUICK = 9984, 640
"""As many as the default study trains on, in whole batches."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to train the network.

    Attributes:
        title: In the table.
        program: Module to run.
        spec: What it is told beside the workload.
    """

    title: str
    program: str
    spec: Mapping[str, Any]


def _ours(title: str, precision: str, **changes: str) -> Contender:
    return Contender(
        title=title,
        program="benchmarks.our_contender",
        spec={"precision": precision, **changes},
    )


def _keras(title: str, precision: str, **changes: object) -> Contender:
    shipped = {"layers": "keras", "feed": "arrays", "steps_per_execution": 1, "kernels": SHIPPED}
    return Contender(
        title=title,
        program="benchmarks.keras_contender",
        spec={"precision": precision, **shipped, **changes},
    )


def _torch(title: str, precision: str, *, tuned: bool, compiled: bool = False) -> Contender:
    return Contender(
        title=title,
        program="benchmarks.torch_contender",
        spec={"precision": precision, "tuned": tuned, "compiled": compiled},
    )


TUNED_KERAS = {"feed": "pipeline", "steps_per_execution": 26, "kernels": PREFERRED}

CONTENDERS = {
    "ours": _ours("ours, --precision auto", "auto"),
    "ours_float32": _ours("ours", "float32"),
    "ours_bfloat16": _ours("ours", "bfloat16"),
    "keras": _keras("Keras as shipped: `fit` on arrays", "float32"),
    "keras_bfloat16": _keras("Keras: `fit` on arrays", "bfloat16"),
    "keras_tuned": _keras("Keras, tf.data, 26 steps an execution", "bfloat16", **TUNED_KERAS),
    "keras_our_layers": _keras(
        "Keras, the same with our layers", "bfloat16", **TUNED_KERAS, layers="ours"
    ),
    "torch": _torch("PyTorch as in its tutorials", "float32", tuned=False),
    "torch_tuned": _torch("PyTorch, channels last", "bfloat16", tuned=True),
    "torch_weights": _torch("PyTorch, channels last", "bfloat16 weights", tuned=True),
    "torch_compiled": _torch(
        "PyTorch, channels last, compiled", "bfloat16", tuned=True, compiled=True
    ),
}
"""What is compared, by its name in the result."""

WITHOUT_BFLOAT16 = {
    name: replace(CONTENDERS[name], spec={**CONTENDERS[name].spec, "precision": "float32"})
    for name in (
        *("ours", "keras", "keras_tuned", "keras_our_layers"),
        *("torch", "torch_tuned", "torch_compiled"),
    )
} | {"ours_shipped": _ours("ours, without asking for oneDNN", "float32", kernels=SHIPPED)}
"""The same on a processor that has no bfloat16, where float32 is everybody's best.

On many of them TensorFlow takes other kernels unless it is asked for oneDNN's.
"""

TITLES = {name: contender.title for name, contender in (CONTENDERS | WITHOUT_BFLOAT16).items()}

OF_KERAS = ("keras", "keras_bfloat16", "keras_tuned", "keras_our_layers")
OF_PYTORCH = ("torch", "torch_tuned", "torch_weights", "torch_compiled")

STALL = 2.0
"""A rival stalls in rounds that take so many times as long as its fastest one."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """How fast ours should be: at least `least` times as fast as the fastest of the rivals.

    Where `least` is None, nothing was promised.
    """

    title: str
    ours: str
    rivals: tuple[str, ...]
    least: float | None = None


TARGETS = (
    Target(title="Keras as shipped", ours="ours", rivals=("keras",), least=1.5),
    Target(title="Keras as shipped, float32", ours="ours_float32", rivals=("keras",), least=1.25),
    Target(
        title="Keras on arrays, bfloat16",
        ours="ours_bfloat16",
        rivals=("keras_bfloat16",),
        least=1.25,
    ),
    Target(title="Keras's fastest", ours="ours", rivals=OF_KERAS),
    Target(title="PyTorch's fastest", ours="ours", rivals=OF_PYTORCH, least=0.9),
)


FLOAT32_TARGETS = (
    Target(title="Keras as shipped", ours="ours", rivals=("keras",), least=1.25),
    Target(title="ours, without asking for oneDNN", ours="ours", rivals=("ours_shipped",)),
    Target(title="Keras's fastest", ours="ours", rivals=OF_KERAS),
    Target(title="PyTorch's fastest", ours="ours", rivals=OF_PYTORCH, least=0.9),
)
"""Where all are in the same precision."""


def main() -> int:
    """Measure, store and print."""
    parser = measuring.parser(__doc__, repeats=7)
    parser.add_argument(
        "--float32",
        action="store_true",
        help="leave bfloat16 out, which takes ten times as long where a processor has none",
    )
    parser.add_argument(
        "--torch-python",
        default=sys.executable,
        metavar="PATH",
        help="interpreter that has PyTorch (default: this one)",
    )
    arguments = parser.parse_args()
    options = measuring.options(arguments)
    machine = measuring.machine()
    n_images = N_IMAGES_QUICK if options.quick else N_IMAGES
    measured = {
        family: _measure(
            Workload(family=family, n_images=n_images),
            WITHOUT_BFLOAT16 if arguments.float32 else CONTENDERS,
            repeats=options.repeats,
            torch_python=arguments.torch_python,
        )
        for family in CONFIGURATIONS
    }
    facts = next(iter(measured.values()))["facts"]
    measuring.finish(
        "throughput",
        options,
        machine=machine,
        settings={"n_images": n_images},
        measured=measured,
        tables=tables,
        other_versions=facts["torch"]["versions"],
    )
    return 0


def _measure(
    workload: Workload, contenders: Mapping[str, Contender], *, repeats: int, torch_python: str
) -> dict[str, Any]:
    with ExitStack() as stack:
        workers = {}
        for name, contender in contenders.items():
            python = torch_python if name in OF_PYTORCH else sys.executable
            spec = {**workload.as_spec(), **contender.spec}
            worker = Worker([python, "-m", contender.program], spec)
            workers[name] = stack.enter_context(worker)
        facts = {name: worker.facts for name, worker in workers.items()}
        if len({known["n_parameters"] for known in facts.values()}) > 1:
            raise RuntimeError(f"The contenders do not train the same network: {facts}.")
        epochs = {name: worker.run_epoch for name, worker in workers.items()}
        seconds = measuring.in_turn(epochs, repeats=repeats)
    return {
        "n_images": workload.n_steps * workload.batch_size,
        "batch_size": workload.batch_size,
        "facts": facts,
        "seconds": seconds,
    }


def tables(result: Result) -> list[Table]:
    """Return the targets, the same without stalls, then each family's contenders."""
    measured = result["measured"]
    return [
        _targets(measured),
        _without_stalls(measured),
        *(_contenders(family, measured[family]) for family in measured),
    ]


def _promised(measured: Mapping[str, Any]) -> tuple[Target, ...]:
    in_both = all("ours_bfloat16" in of_family["seconds"] for of_family in measured.values())
    return TARGETS if in_both else FLOAT32_TARGETS


def _targets(measured: Mapping[str, Any]) -> Table:
    rows = []
    for target in _promised(measured):
        row = [target.title]
        for of_family in measured.values():
            ratio = measuring.ratios(*_compared(of_family["seconds"], target))
            row.append(ratio.text() + _verdict(ratio, target.least))
        rows.append([*row, "" if target.least is None else f"{target.least}"])
    return Table(
        title="How many times as fast as a rival our loop is",
        columns=("against", *(_title(family) for family in measured), "at least"),
        rows=rows,
    )


def _without_stalls(measured: Mapping[str, Any]) -> Table:
    rows = []
    for target in _promised(measured):
        row = [target.title]
        for of_family in measured.values():
            theirs, ours = _compared(of_family["seconds"], target)
            rounds = unstalled(theirs)
            ratio = measuring.ratios([theirs[i] for i in rounds], [ours[i] for i in rounds])
            share = f" in {len(rounds)} of {len(theirs)}"
            row.append(ratio.text() + share + _verdict(ratio, target.least))
        rows.append([*row, "" if target.least is None else f"{target.least}"])
    return Table(
        title="The same in the rounds in which the rival did not stall",
        columns=("against", *(_title(family) for family in measured), "at least"),
        rows=rows,
    )


def _compared(seconds: Measurements, target: Target) -> tuple[list[float], list[float]]:
    """Return the times of the fastest of a target's rivals, and ours, round by round."""
    return seconds[fastest(seconds, target.rivals)], seconds[target.ours]


def unstalled(seconds: Sequence[float]) -> list[int]:
    """Return the rounds, at least one, whose time is not above `STALL` times the shortest one."""
    return [index for index, value in enumerate(seconds) if value <= STALL * min(seconds)]


def _verdict(ratio: Spread, least: float | None) -> str:
    if least is None:
        return ""
    return ": met" if ratio.median >= least else ": missed"


def _contenders(family: str, measured: Mapping[str, Any]) -> Table:
    seconds: Measurements = measured["seconds"]
    rows = []
    for name in seconds:
        rate = Spread.of([measured["n_images"] / value for value in seconds[name]])
        ratio = measuring.ratios(seconds[name], seconds["ours"])
        precision = measured["facts"][name]["precision"]
        rows.append([TITLES[name], precision, rate.text(0), ratio.text()])
    return Table(
        title=f"{_title(family)}, batches of {measured['batch_size']}",
        columns=("", "precision", "images per second", "its time / ours"),
        rows=rows,
    )


def fastest(seconds: Measurements, names: Sequence[str]) -> str:
    """Return which of the contenders that were measured has the shortest median time."""
    measured = [name for name in names if name in seconds]
    return min(measured, key=lambda name: Spread.of(seconds[name]).median)


def _title(family: str) -> str:
    return f"{family} {CONFIGURATIONS[family]}"


if __name__ == "__main__":
    raise SystemExit(main())
