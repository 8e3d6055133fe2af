"""Rival (d): Ray Tune with ASHA and Optuna's sampler, as its guide writes it."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from benchmarks.measuring import n_cores
from benchmarks.rivals.outcome import Found, Tried
from benchmarks.rivals.setting import Assignment
from benchmarks.rivals.styles import MONITORED, STYLES
from search_spaces import SPACES
from study.datasets import Sample

# Before Ray is imported: it would report home, and listen on every network.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

FIRST_TRIAL = "first-trial"
"""Name of an empty file that the first trial leaves when it begins to train."""


def search(assignment: Assignment, *, configuration: str, cpus_per_trial: int) -> Found:
    """Search with ASHA and TPE, both with Ray's defaults, on all processors.

    Args:
        assignment: What to do.
        configuration: "default" starts a process for each trial, as Ray does unless told
            otherwise; "best" lets trials take over the processes of others.
        cpus_per_trial: Processors of each trial; as many trials run at once as this allows.
    """
    ray.init(
        num_cpus=n_cores(),
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=str(assignment.scratch / "ray"),
    )
    try:
        tuner = tune.Tuner(
            tune.with_resources(
                tune.with_parameters(
                    train,
                    assignment=assignment,
                    sample=assignment.draw_sample(),
                    configuration=configuration,
                    threads=cpus_per_trial,
                ),
                {"cpu": cpus_per_trial},
            ),
            tune_config=tune.TuneConfig(
                metric=MONITORED,
                mode="max",
                num_samples=assignment.setting.n_trials,
                search_alg=OptunaSearch(
                    SPACES[assignment.setting.family].suggest,
                    metric=MONITORED,
                    mode="max",
                    seed=assignment.seed,
                ),
                scheduler=ASHAScheduler(max_t=assignment.setting.epochs),
                reuse_actors=configuration == "best",
            ),
            run_config=tune.RunConfig(
                name="search", storage_path=str(assignment.scratch / "results"), verbose=0
            ),
        )
        results = tuner.fit()
        best = results.get_best_result()
        ended_at = time.time()
        return Found(
            tried=tuple(
                Tried(params=result.config, accuracies=_accuracies(result)) for result in results
            ),
            winner=best.config,
            winner_accuracy=float(best.metrics[MONITORED]),
            first_trial_at=(assignment.scratch / FIRST_TRIAL).stat().st_mtime,
            ended_at=ended_at,
            remarks={"precision": STYLES[configuration].precision(assignment)},
        )
    finally:
        ray.shutdown()


def train(
    config: dict[str, Any],
    *,
    assignment: Assignment,
    sample: Sample,
    configuration: str,
    threads: int,
) -> None:
    """Train one configuration in one of Ray's processes, reporting every epoch."""
    # Imported here, as Ray's guide advises: the process that only schedules needs none of it.
    import keras
    import tensorflow as tf
    from ray.tune.integration.keras import TuneReportCheckpointCallback

    from benchmarks.rivals.keras_fit import KerasUser

    if not _is_set_up(tf, threads):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.backend.clear_session()
    user = KerasUser.prepared(assignment, configuration, sample=sample)
    with contextlib.suppress(FileExistsError):
        (assignment.scratch / FIRST_TRIAL).touch(exist_ok=False)
    # Without checkpoints: they take time, and this search needs none.
    report = TuneReportCheckpointCallback(metrics=[MONITORED], checkpoint_on=[])
    user.fit(user.build(config), config, callbacks=[report])


def _is_set_up(tf: Any, threads: int) -> bool:
    # A process that trains its second trial has its threads, and may not set them again.
    return bool(tf.config.threading.get_intra_op_parallelism_threads() == threads)


def _accuracies(result: tune.Result) -> tuple[float, ...]:
    history = result.metrics_dataframe
    if history is None or MONITORED not in history:
        return ()
    return tuple(float(accuracy) for accuracy in history[MONITORED])
