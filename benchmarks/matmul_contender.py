"""What the processor can do at best: square matrix products, of a size that fills it.

python -m benchmarks.matmul_contender '{"precision": "bfloat16", "size": 2048, "n_products": 16}'
"""

from __future__ import annotations

import json
import sys

from benchmarks.worker import Turns


def main() -> None:
    """Multiply whenever an "epoch" is asked for."""
    spec = json.loads(sys.argv[1])
    size = spec["size"]

    from study.start_backend import import_backend

    import_backend()
    import tensorflow as tf

    matrix = tf.cast(tf.random.stateless_normal((size, size), seed=(0, 1)), spec["precision"])

    @tf.function(jit_compile=False)  # type: ignore[untyped-decorator]
    def product() -> tf.Tensor:
        return tf.matmul(matrix, matrix)

    turns = Turns({"flops": 2 * size**3 * spec["n_products"]})
    while True:
        turns.wait()
        for _ in range(spec["n_products"]):
            last = product()
        last.numpy()


if __name__ == "__main__":
    main()
