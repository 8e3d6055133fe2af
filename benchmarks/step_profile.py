"""Where the time of a training step goes, by kind of operation, as TensorFlow's profiler sees it.

    python -m benchmarks.step_profile '{"family": "custom_cnn", "n_images": 1280,
                                        "precision": "bfloat16", "repeats": 3}'

Prints seconds by kind, in one line of JSON. Operations run one after another here (each on all
cores), where otherwise two may overlap: only so does an operation's time say what it costs.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.workload import MAX_EPOCHS, Workload

KINDS = {
    "convolutions, gradient of filters": r"Conv2DBackpropFilter",
    "convolutions, gradient of inputs": r"Conv2DBackpropInput",
    "convolutions, forward": r":\w*Conv2D\w*$",
    "batch normalization": r"batch_normalization",
    "response normalization": r"local_response_normalization",
    "dropout": r"dropout",
    "pooling": r"pooling",
    "activations": r"re_lu",
    "dense layers": r"/(dense|logits)",
    "scaling of pixels, casts of weights": r"/(custom_cnn|alexnet_lite)",
    "images of a batch": r":(\w*Gather\w*|ImageProjective\w+|Stateless\w+|StridedSlice)$",
    "loss and accuracy": r"(softmax_cross_entropy|one_hot|ArgMax|gradient_tape)",
    "optimizer, matrix products": r":\w*MatMul\w*$",
    "optimizer and weight averages, the rest": r"",
}
"""Kinds of operation, and what to find in "path/of/the/node:Operation"; the first match counts."""

BETWEEN = "between operations"


def main() -> None:
    """Print the profile of one specification."""
    spec = json.loads(sys.argv[1])
    times = profile(
        Workload.of(spec), precision_name=spec["precision"], n_epochs=max(1, spec["repeats"])
    )
    print(json.dumps(times))


def profile(workload: Workload, *, precision_name: str, n_epochs: int) -> dict[str, float]:
    """Return seconds a step by kind; they add up to the step's wall time."""
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    from study.start_backend import import_backend

    import_backend()
    import tensorflow as tf

    from benchmarks.our_contender import make_training

    _, training = make_training(workload, precision_name=precision_name, augmented=False)
    training.run_epoch()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        seconds = sum(training.run_epoch().seconds for _ in range(min(n_epochs, MAX_EPOCHS - 1)))
        tf.profiler.experimental.stop()
        times = by_kind(read_operations(Path(folder)))
    times[BETWEEN] = max(0.0, seconds - sum(times.values()))
    n_steps = n_epochs * workload.n_steps
    return {kind: total / n_steps for kind, total in times.items()}


def read_operations(folder: Path) -> Iterator[tuple[str, float]]:
    """Yield "path/of/the/node:Operation" and seconds of each execution that was profiled."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    for path in folder.rglob("*.xplane.pb"):
        space: Any = xplane_pb2.XSpace()
        space.ParseFromString(path.read_bytes())
        for plane in space.planes:
            for line in plane.lines:
                for event in line.events:
                    name = plane.event_metadata[event.metadata_id].name
                    # The others are functions of the runtime, as "ExecutorState::Process".
                    if line.name.startswith("tf_Compute") and re.search(r"[^:]:[^:]+$", name):
                        yield name, event.duration_ps / 1e12


def by_kind(operations: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the sum of seconds of each kind."""
    times: dict[str, float] = defaultdict(float)
    for name, seconds in operations:
        kind = next(kind for kind, pattern in KINDS.items() if re.search(pattern, name))
        times[kind] += seconds
    return dict(times)


if __name__ == "__main__":
    main()
