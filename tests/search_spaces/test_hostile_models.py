"""A model file that holds code is refused by the way of loading that the README recommends."""

from __future__ import annotations

import json
import zipfile

import keras
import pytest


def save_lambda(path):
    """Write a model with a layer that is a Python function."""
    layer = keras.layers.Lambda(lambda x: x)
    keras.Sequential([keras.Input((2,)), layer]).save(path)


def save_system(path):
    """Write a model whose layer claims to be `os.system`."""
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1] = {"module": "os", "class_name": "system", "config": "exit 1"}
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("save", "reason"), [(save_lambda, "safe_mode"), (save_system, "could not be deserialized")]
)
def test_a_model_with_code_in_it_is_not_loaded_in_safe_mode(save, reason, tmp_path):
    save(tmp_path / "model.keras")
    with pytest.raises((TypeError, ValueError), match=reason):
        keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
