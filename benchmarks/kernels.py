"""Which kernels a contender's TensorFlow has: those that this project asks for, or its own choice.

The two differ only on x86 processors that have no newer instructions than AVX2 or plain AVX-512.
"""

from __future__ import annotations

import os

from study.start_backend import ONEDNN, import_backend

PREFERRED, SHIPPED = "preferred", "shipped"


def import_keras(kernels: str) -> None:
    """Import Keras and TensorFlow, as this project does or as a user does who sets nothing.

    Args:
        kernels: `PREFERRED` or `SHIPPED`.
    """
    leave_kernels_to_tensorflow()
    if kernels == PREFERRED:
        import_backend()
    else:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        import keras  # noqa: F401


def leave_kernels_to_tensorflow() -> None:
    """Forget what this process was told: a contender's setting alone decides."""
    os.environ.pop(ONEDNN, None)
