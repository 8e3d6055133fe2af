"""What a worker's environment says of the machine: which part of it is the worker's."""

from __future__ import annotations

NO_GPU = "-1"
"""What CUDA calls none."""


def environment(*, n_threads: int, gpu: str | None) -> dict[str, str]:
    """Return the variables to set before a worker imports its backend.

    Args:
        n_threads: The worker's share of the cores.
        gpu: The one that it trains on, as CUDA names it; NO_GPU for none, None to leave that to
            the backend.
    """
    threads = str(n_threads)
    variables = {
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        # The same for JAX, which has no setting of its own.
        "NPROC": threads,
        # A GPU's memory is for all workers, not for the first to take it.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
    if gpu == NO_GPU:
        # Else JAX would complain that it finds none, or end where it was told to take one.
        variables["JAX_PLATFORMS"] = "cpu"
    return variables if gpu is None else {**variables, "CUDA_VISIBLE_DEVICES": gpu}
