"""What a step spends on updating the weights, and what other ways to do so would spend.

    python -m benchmarks.updates [--quick] [--repeats N]

All ways train the same network, in turn, in this process. How fast a step is without any update is
the most that a cheaper optimizer could bring.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any
from unittest import mock

from benchmarks import measuring
from benchmarks.table import Result, Table
from benchmarks.workload import CONFIGURATIONS, Workload

N_IMAGES, N_IMAGES_QUICK = 4992, 640

OURS = "ours: Muon and AdamW, weights averaged"
NOT_AVERAGED = "weights not averaged"
WITHOUT_GRAM = "Muon's iteration never on the Gram matrix"
DENSE_BY_ADAMW = "dense layers by AdamW"
ADAMW = "all by AdamW"
NOTHING = "no update at all"


def main() -> int:
    """Measure, store and print."""
    options = measuring.options(measuring.parser(__doc__, repeats=7).parse_args())
    machine = measuring.machine()
    n_images = N_IMAGES_QUICK if options.quick else N_IMAGES

    from study.start_backend import import_backend

    import_backend()
    from study.training import precision

    chosen = precision.resolve("auto")
    measured = {
        family: _measure(
            Workload(family=family, n_images=n_images), precision=chosen, repeats=options.repeats
        )
        for family in CONFIGURATIONS
    }
    measuring.finish(
        "updates",
        options,
        machine=machine,
        settings={"n_images": n_images, "precision": chosen},
        measured=measured,
        tables=tables,
    )
    return 0


def _measure(workload: Workload, *, precision: str, repeats: int) -> dict[str, Any]:
    from benchmarks.our_contender import make_training

    epochs = {}
    for name, changes in _changes().items():
        with changes:
            _, training = make_training(workload, precision_name=precision, augmented=False)
            training.run_epoch()  # Traced here, as changed.
        epochs[name] = partial(measuring.seconds, training.run_epoch)
    return {
        "n_steps": workload.n_steps,
        "seconds": measuring.in_turn(epochs, repeats=repeats),
    }


def _changes() -> dict[str, Any]:
    """Return what each way changes in the training steps, a context manager."""
    from study.training import tensorflow_steps

    def nothing(*_arguments: Any) -> None:
        pass

    def keep_gradients(graph: Any, gradients: Any, _step: Any) -> None:
        # Otherwise nobody would want them, and TensorFlow would not compute them.
        for slot, gradient in zip(graph._momenta, gradients, strict=True):
            slot.assign(gradient)

    in_graph = partial(mock.patch.multiple, tensorflow_steps._Graph)
    in_steps = partial(mock.patch.multiple, tensorflow_steps)
    return {
        OURS: nullcontext(),
        NOT_AVERAGED: in_graph(_average=nothing),
        WITHOUT_GRAM: _without_gram(),
        DENSE_BY_ADAMW: in_steps(update_rules=partial(_rules, fewest_axes=4)),
        ADAMW: in_steps(update_rules=partial(_rules, fewest_axes=5)),
        NOTHING: in_graph(_update=keep_gradients, _average=nothing),
    }


@contextmanager
def _without_gram() -> Iterator[None]:
    from study.training import optimizer, tensorflow_steps

    # Not by way of the traced function, which remembers how it was traced.
    directly = mock.patch.object(tensorflow_steps, "_muon_update", optimizer.muon_update)
    with directly, mock.patch.object(optimizer, "GRAM_ASPECT", math.inf):
        yield


def _rules(model: Any, *, fewest_axes: int) -> list[Any]:
    """Return the rules of updates with Muon for weights of so many axes or more alone."""
    from study.training.optimizer import update_rules

    return [
        replace(rule, by_muon=rule.by_muon and len(weight.shape) >= fewest_axes)
        for weight, rule in zip(model.trainable_variables, update_rules(model), strict=True)
    ]


def tables(result: Result) -> list[Table]:
    """Return each way's time against ours."""
    measured: Mapping[str, Any] = result["measured"]
    names = list(next(iter(measured.values()))["seconds"])
    rows = []
    for name in names:
        row = [name]
        for of_family in measured.values():
            ratio = measuring.ratios(of_family["seconds"][name], of_family["seconds"][OURS])
            row.append(ratio.text())
        rows.append(row)
    titles = [f"{family} {CONFIGURATIONS[family]}" for family in measured]
    return [Table(title="An epoch's time / ours", columns=("", *titles), rows=rows)]


if __name__ == "__main__":
    raise SystemExit(main())
