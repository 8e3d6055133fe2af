"""A contender: the same network trained by Keras's own `Model.fit`.

    python -m benchmarks.keras_contender '{"family": "custom_cnn", "n_images": 9984,
        "precision": "float32", "layers": "keras", "feed": "arrays", "steps_per_execution": 1}'

"layers" is "keras" for Keras's own BatchNormalization and Dropout, "ours" for those of
`search_spaces`. "feed" is a key of `benchmarks.keras_feeds.FEEDS`. "augmentation" is "none" or
"layers", which puts Keras's random layers into the model. "kernels" is one of `benchmarks.kernels`,
PREFERRED if it is not given.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.kernels import PREFERRED, import_keras
from benchmarks.worker import Turns
from benchmarks.workload import IMAGE_SHAPE, MAX_EPOCHS, N_CLASSES, Workload


def main() -> None:
    """Train an epoch whenever one is asked for: all of them in one call of `fit`, as users do."""
    spec = json.loads(sys.argv[1])
    workload = Workload.of(spec)

    import_keras(spec.get("kernels", PREFERRED))
    import keras

    from benchmarks.keras_feeds import FEEDS, augmenting_layers
    from study.training import precision

    chosen = precision.resolve(spec["precision"])
    precision.activate(chosen)  # No more than `keras.config.set_dtype_policy`.
    model = build(workload, layers=spec["layers"])
    if spec.get("augmentation") == "layers":
        model = keras.Sequential([keras.Input(IMAGE_SHAPE), *augmenting_layers(), model])
    compile_model(model, workload, steps_per_execution=spec["steps_per_execution"])
    turns = Turns({"n_parameters": model.count_params(), "precision": chosen})

    class TakingTurns(keras.callbacks.Callback):  # type: ignore[misc]
        """A turn is two epochs, of which the second counts until the next one could begin.

        As an epoch begins, `fit` lets go of the `tf.data` iterator of the one before, and may have
        to wait for a thread of it that sleeps the longer the older the iterator is. One that has
        stood still while the others had their turns would make the epoch longer than it is for who
        calls `fit`.
        """

        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            if epoch % 2:
                turns.begin()
            else:
                turns.wait()

    feed = FEEDS[spec["feed"]](*workload.images(), workload.batch_size)
    model.fit(**feed, epochs=MAX_EPOCHS, verbose=0, callbacks=[TakingTurns()])


def build(workload: Workload, *, layers: str) -> Any:
    """Return the family's model, with Keras's layers in place of ours where "keras" is wanted."""
    import keras

    from search_spaces import SPACES
    from search_spaces.batch_normalization import FusedBatchNormalization
    from search_spaces.dropout import ByteDropout

    model = SPACES[workload.family].build(
        workload.params, image_shape=IMAGE_SHAPE, n_classes=N_CLASSES, seed=0
    )
    if layers == "ours":
        return model
    theirs = {
        FusedBatchNormalization: keras.layers.BatchNormalization,
        ByteDropout: keras.layers.Dropout,
    }

    def clone(layer: Any) -> Any:
        return theirs.get(type(layer), type(layer)).from_config(layer.get_config())

    return keras.models.clone_model(model, clone_function=clone)


def compile_model(model: Any, workload: Workload, *, steps_per_execution: int) -> None:
    """Compile with AdamW, a one-cycle learning rate and label smoothing, all of them Keras's."""
    import keras

    params = workload.params
    n_steps = MAX_EPOCHS * workload.n_steps
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=n_steps - n_steps // 5,
        warmup_target=params["learning_rate"],
        warmup_steps=n_steps // 5,
    )
    # The labels are one-hot: Keras smooths no others.
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=params["weight_decay"]),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=params["label_smoothing"]
        ),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )


if __name__ == "__main__":
    main()
