"""Where reports go: into `reports/`, whatever a database calls a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from study.arguments import parse
from study.commands import ablate
from tests.analysis import synthetic


@pytest.mark.parametrize("name", ["cifar10", "../../etc", "/etc", "..", "", "a\\b", "a\nb"])
def test_an_ablation_keeps_its_files_in_reports_whatever_the_name(name):
    record = synthetic.study(n_trials=3, seeds=(0,))
    settings = {"epochs": 8, "precision": "float32"}
    families = tuple(replace(family, settings=settings) for family in record.families)
    record = replace(record, name=name, families=families)
    config = ablate._config(parse(["ablate"]), record, url="sqlite:///studies.db", command="")
    assert config.out.parent == Path("reports")
    assert config.out.name not in {"", ".", ".."}
