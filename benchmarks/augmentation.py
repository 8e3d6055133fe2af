"""How much longer an epoch takes with augmentation: ours, Keras's layers, the image generator.

    python -m benchmarks.augmentation [--quick] [--repeats N]

Each augmenter rotates, shifts, zooms and flips within the same ranges, and is compared with the
same training without it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks import measuring
from benchmarks.measuring import Measurements, Spread
from benchmarks.table import Result, Table
from benchmarks.worker import Worker
from benchmarks.workload import CONFIGURATIONS, Workload

N_IMAGES, N_IMAGES_QUICK = 9984, 640
MOST_EXTRA_PERCENT = 15
"""The target for ours."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to train, with or without augmentation.

    Attributes:
        title: In the table.
        program: Module to run.
        spec: What it is told beside the workload.
        without: Name of the contender that trains alike but without; None for such a one.
    """

    title: str
    program: str
    spec: Mapping[str, Any]
    without: str | None = None


def _ours(title: str, *, augmented: bool, without: str | None = None) -> Contender:
    return Contender(
        title=title,
        program="benchmarks.our_contender",
        spec={"precision": "auto", "augmented": augmented},
        without=without,
    )


def _keras(title: str, feed: str, *, without: str | None = None, **changes: str) -> Contender:
    spec = {"precision": "auto", "layers": "keras", "feed": feed, "steps_per_execution": 1}
    return Contender(
        title=title,
        program="benchmarks.keras_contender",
        spec={**spec, **changes},
        without=without,
    )


OURS = {
    "ours": _ours("ours, none", augmented=False),
    "ours_augmented": _ours("ours, one affine resampling", augmented=True, without="ours"),
}
KERAS = {
    "arrays": _keras("Keras on arrays, none", "arrays"),
    "generator": _keras("Keras, ImageDataGenerator", "image_data_generator", without="arrays"),
    "layers_in_model": _keras(
        "Keras, random layers in the model", "arrays", without="arrays", augmentation="layers"
    ),
    "pipeline": _keras("Keras on tf.data, none", "pipeline"),
    "layers_in_pipeline": _keras(
        "Keras, random layers in tf.data", "augmented_pipeline", without="pipeline"
    ),
}
CONTENDERS = {**OURS, **KERAS}
"""What is compared, by its name in the result. Keras's are run with the custom CNN alone: what
augmentation costs does not depend on the network."""


def main() -> int:
    """Measure, store and print."""
    options = measuring.options(measuring.parser(__doc__, repeats=4).parse_args())
    machine = measuring.machine()
    n_images = N_IMAGES_QUICK if options.quick else N_IMAGES
    measured = {
        family: _measure(
            Workload(family=family, n_images=n_images),
            CONTENDERS if family == "custom_cnn" else OURS,
            repeats=options.repeats,
        )
        for family in CONFIGURATIONS
    }
    measuring.finish(
        "augmentation",
        options,
        machine=machine,
        settings={"n_images": n_images},
        measured=measured,
        tables=tables,
    )
    return 0


def _measure(
    workload: Workload, contenders: Mapping[str, Contender], *, repeats: int
) -> dict[str, Any]:
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(
                Worker(
                    [sys.executable, "-m", contender.program],
                    {**workload.as_spec(), **contender.spec},
                )
            )
            for name, contender in contenders.items()
        }
        epochs = {name: worker.run_epoch for name, worker in workers.items()}
        return {
            "precision": {name: worker.facts["precision"] for name, worker in workers.items()},
            "seconds": measuring.in_turn(epochs, repeats=repeats),
        }


def tables(result: Result) -> list[Table]:
    """Return one table a family."""
    return [
        _table(f"{family} {CONFIGURATIONS[family]}", measured)
        for family, measured in result["measured"].items()
    ]


def _table(title: str, measured: Mapping[str, Any]) -> Table:
    seconds: Measurements = measured["seconds"]
    rows = []
    for name, values in seconds.items():
        contender = CONTENDERS[name]
        extra, verdict = "", ""
        if contender.without is not None:
            spread = measuring.ratios(values, seconds[contender.without])
            extra = f"{spread.shifted(-1).scaled(100).text(0)} %"
            met = 100 * (spread.median - 1) <= MOST_EXTRA_PERCENT
            verdict = f"at most {MOST_EXTRA_PERCENT} %: {'met' if met else 'missed'}"
        rows.append(
            [
                contender.title,
                measured["precision"][name],
                Spread.of(values).text(),
                extra,
                verdict if name in OURS else "",
            ]
        )
    columns = ("", "precision", "seconds an epoch", "more than without", "target")
    return Table(title=f"Augmentation, {title}", columns=columns, rows=rows)


if __name__ == "__main__":
    raise SystemExit(main())
