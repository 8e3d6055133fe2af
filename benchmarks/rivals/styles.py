"""How rivals fit a model: as Keras is shipped, and at their best."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.rivals.setting import Assignment
from study.start_backend import prefer_onednn

MONITORED = "val_accuracy"
"""What Keras calls what all searches maximize."""


@dataclass(frozen=True, kw_only=True)
class FitStyle:
    """How much a user knows of what makes Keras fast on a processor.

    Attributes:
        own_layers: Our own layers in place of Keras's batch normalization and dropout.
        best_precision: Mixed precision where it is the faster, in place of float32.
        own_pipeline: A `tf.data` pipeline of whole batches without autotuning, whose threads can
            oversleep the end of an epoch, in place of arrays.
        steps_per_execution: Steps that one call of the compiled function makes.
        fast_kernels: oneDNN's on every x86 processor, in place of those that TensorFlow chooses.
    """

    own_layers: bool
    best_precision: bool
    own_pipeline: bool
    steps_per_execution: int
    fast_kernels: bool

    def precision(self, assignment: Assignment) -> str:
        """Return "float32" or "bfloat16"."""
        return assignment.faster_precision if self.best_precision else "float32"


STYLES = {
    "default": FitStyle(
        own_layers=False,
        best_precision=False,
        own_pipeline=False,
        steps_per_execution=1,
        fast_kernels=False,
    ),
    "best": FitStyle(
        own_layers=True,
        best_precision=True,
        own_pipeline=True,
        steps_per_execution=10,
        fast_kernels=True,
    ),
}
"""By configuration of a contender."""


def choose_kernels(configuration: str) -> None:
    """Set what TensorFlow reads as it is imported, for this process and those that it starts."""
    if STYLES[configuration].fast_kernels:
        prefer_onednn()
