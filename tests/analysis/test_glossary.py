"""The report explains its own words, and names the study's named configurations."""

from __future__ import annotations

import dataclasses

from analysis import evidence, glossary
from tests.analysis import synthetic


def test_the_words_are_explained_and_named_configurations_are_those_of_the_study():
    study = synthetic.study()
    families = tuple(
        dataclasses.replace(family, baselines=baselines)
        for family, baselines in zip(
            study.families, ({"AlexNet": {}}, {"V1": {}, "V2": {}}), strict=True
        )
    )
    rows = dict(
        glossary.table(evidence.from_study(dataclasses.replace(study, families=families))).rows
    )
    assert rows.keys() > {"trial", "seed", "finalist", "winner"}
    assert "AlexNet of AlexNet-lite; V1 and V2 of custom CNN" in rows["named configuration"]


def test_without_named_configurations_nothing_is_said_of_them():
    study = synthetic.study()
    plain = tuple(dataclasses.replace(family, baselines={}) for family in study.families)
    table = glossary.table(evidence.from_study(dataclasses.replace(study, families=plain)))
    assert "named configuration" not in dict(table.rows)
