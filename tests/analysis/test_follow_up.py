"""The commands that a report recommends are those of its own study."""

from __future__ import annotations

import dataclasses

import pytest

from tests.analysis.test_checklist import UNFAIR, checks, family, study


def test_a_command_for_another_database_stays_there():
    command = "python -m study run --storage=sqlite:///a.db --name fair"
    families = tuple(
        family(name, settings={"command": command}) for name in ("alexnet_lite", "custom_cnn")
    )
    remedies = {name: one.remedy for name, one in checks(study(families=families)).items()}
    ablate = "python -m study ablate --storage=sqlite:///a.db --name fair"
    assert remedies["Best values inside the space"].endswith(ablate)
    longer = "python -m study run --storage=sqlite:///a.db --epochs 6 --name fair-longer"
    assert remedies["Trained long enough to rank"] == longer


@pytest.mark.parametrize("command", ["", None, 'an "unclosed quote', "rm -rf ~ --name cifar10"])
def test_without_a_recorded_command_the_follow_up_names_the_study(command):
    families = tuple(
        family(name, settings={"command": command}) for name in ("alexnet_lite", "custom_cnn")
    )
    record = dataclasses.replace(UNFAIR["Enough seeds"], families=families, name="it's; mine")
    assert checks(record)["Enough seeds"].remedy == (
        """python -m study run --dataset cifar10 --name 'it'"'"'s; mine' --seeds 5"""
    )
