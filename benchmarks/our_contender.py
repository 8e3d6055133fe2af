"""A contender: this project's training loop.

python -m benchmarks.our_contender '{"family": "custom_cnn", "n_images": 9984,
                                     "precision": "auto", "augmented": false,
                                     "kernels": "preferred"}'
"""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.kernels import PREFERRED, import_keras
from benchmarks.worker import Turns
from benchmarks.workload import IMAGE_SHAPE, MAX_EPOCHS, N_CLASSES, Workload


def main() -> None:
    """Train an epoch whenever one is asked for."""
    spec = json.loads(sys.argv[1])
    workload = Workload.of(spec)

    import_keras(spec.get("kernels", PREFERRED))
    from search_spaces.flops import forward_flops
    from study.training import precision

    chosen = precision.resolve(spec["precision"])
    model, training = make_training(
        workload, precision_name=chosen, augmented=spec.get("augmented", False)
    )
    turns = Turns(
        {
            "n_parameters": model.count_params(),
            "forward_flops": forward_flops(model),
            "precision": chosen,
        }
    )
    while True:
        turns.wait()
        training.run_epoch()


def make_training(workload: Workload, *, precision_name: str, augmented: bool) -> tuple[Any, Any]:
    """Return the model and its `Training`, which validates on nothing: only training is timed."""
    from search_spaces import SPACES
    from study.config import AugmentationConfig
    from study.datasets.base import Images
    from study.training import precision
    from study.training.fit import FitConfig
    from study.training.loop import Training

    precision.activate(precision_name)
    model = SPACES[workload.family].build(
        workload.params, image_shape=IMAGE_SHAPE, n_classes=N_CLASSES, seed=0
    )
    fit = FitConfig.of(
        workload.params,
        epochs=MAX_EPOCHS,
        seed=0,
        augmentation=AugmentationConfig() if augmented else None,
        flip=True,
    )
    images, labels = workload.images()
    return model, Training(model, Images(images=images, labels=labels), None, config=fit)


if __name__ == "__main__":
    main()
