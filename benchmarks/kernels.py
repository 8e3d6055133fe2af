"""Which kernels a contender's TensorFlow has: those that this project asks for, or its own choice.

On processors with AVX-512-VNNI and newer instructions the two are the same.
"""

from __future__ import annotations

import os

PREFERRED, SHIPPED = "preferred", "shipped"


def import_keras(kernels: str) -> None:
    """Import Keras and TensorFlow, as this project does or as a user does who sets nothing.

    Args:
        kernels: `PREFERRED` or `SHIPPED`.
    """
    if kernels == PREFERRED:
        from study.start_backend import import_backend

        import_backend()
    else:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        import keras  # noqa: F401
