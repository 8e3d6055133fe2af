"""Everything here runs a program of its own: one process can import only one backend of Keras."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import optuna
import pytest
from scipy.special import softmax

# Loading a saved model needs the layers that it may hold.
import search_spaces.layers  # noqa: F401
from study.config import AugmentationConfig
from study.datasets import DATASETS
from study.storage import read_study
from study.workers.environment import environment
from tests.command_line import WITHOUT_BROWSER
from tests.study.both_backends import begin, curve

ROOT = Path(__file__).parents[2]


COUNT_THREADS = """
import jax
from pathlib import Path
jax.numpy.ones(8).sum().block_until_ready()
names = [one.read_text() for one in Path("/proc/self/task").glob("*/comm")]
print(sum("XLAEigen" in name for name in names))
"""


def run_under_jax(*arguments, **variables):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_main_tests_of_training_pass_under_jax_too():
    # But not a second one of models that are used again, after "too much memory".
    chosen = (
        "not much and (restored_run_goes_on or moves_step_by_step or average_of_all or memory or "
        "gradient or forgotten or of_its_structure)"
    )
    options = ("-n", "0", "-p", "no:cacheprovider")
    run_under_jax("-m", "pytest", "tests/study/training", "-k", chosen, *options)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted on Linux")
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_worker_has_its_share_of_the_threads_under_jax_too(n_threads):
    variables = environment(n_threads=n_threads, gpu=None)
    assert int(run_under_jax("-c", COUNT_THREADS, **variables)) == n_threads


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("both_backends")


@pytest.fixture(scope="module")
def tensorflows(folder):
    """The loss curves under TensorFlow, and a checkpoint after the first epoch."""
    training = begin(folder)
    first = training.run_epoch()
    training.save(folder / "tensorflow.npz")
    return {
        "float32": [[first.training_loss, first.validation_loss], *curve(training)],
        "bfloat16": curve(begin(folder, precision="bfloat16")),
        "augmented": curve(begin(folder, augmentation=AugmentationConfig())),
    }


@pytest.fixture(scope="module")
def jaxs(folder, tensorflows):
    run_under_jax("-m", "tests.study.both_backends", folder)
    return json.loads((folder / "jax.json").read_text())


@pytest.mark.parametrize(
    ("run", "tolerance"), [("float32", 0.01), ("bfloat16", 0.1), ("augmented", 0.1)]
)
def test_both_backends_give_nearly_the_same_loss_curves(jaxs, tensorflows, run, tolerance):
    # Of augmentation each has its own random numbers.
    np.testing.assert_allclose(jaxs[run], tensorflows[run], rtol=tolerance)
    assert jaxs[run][-1] < jaxs[run][0]


def test_a_run_goes_on_under_jax_where_tensorflow_saved_it(jaxs, tensorflows):
    np.testing.assert_allclose(jaxs["restored"], tensorflows["float32"][1:], rtol=0.01)


def test_training_under_jax_does_not_load_tensorflow(jaxs):
    assert jaxs["loaded"] == ["jax"]


def test_a_whole_study_runs_under_jax_and_says_so(tmp_path):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    run_under_jax(
        *("-m", "study", "run", "--dataset", "digits", "--name", "by-jax"),
        *("--architectures", "custom_cnn", "--fraction", "0.07", "--trials", "1", "--epochs", "1"),
        *("--retrain-epochs", "1", "--seeds", "1", "--augmenter", "image-data-generator"),
        *("--finalists", "0", "--workers", "1", "--storage", url, "--out", tmp_path / "report"),
        **WITHOUT_BROWSER,
    )
    record = read_study(url, "by-jax")
    (family,) = record.families
    assert [trial.state for trial in family.trials if trial.started] == ["COMPLETE"]
    assert [result.augmented for result in record.retrained] == [False, True]
    assert "jax" in family.versions
    assert "tensorflow" not in family.versions
    retrained = optuna.load_study(storage=url, study_name="by-jax/retrained")
    assert retrained.user_attrs["settings"]["augmentation"]["augmenter"] == "image-data-generator"

    # What JAX trained predicts the same under TensorFlow.
    images = DATASETS["digits"].load_test(tmp_path).images
    model = keras.models.load_model(tmp_path / "report" / "models" / "custom_cnn.keras")
    predicted = model.predict_on_batch(images).argmax(axis=1).astype(np.uint8)
    best = max(record.retrained, key=lambda result: (result.test_accuracy, -result.number))
    assert np.mean(predicted == np.frombuffer(best.predictions, np.uint8)) > 0.98
    confidences = softmax(model.predict_on_batch(images), axis=1).max(axis=1)
    kept = np.frombuffer(best.confidences, np.uint8) / 255
    assert np.quantile(np.abs(kept - confidences), 0.98) < 0.02
    assert best.mistakes[0].confidence == max(mistake.confidence for mistake in best.mistakes)
