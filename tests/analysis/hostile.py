"""A study in which every text that a database can hold tries to be code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from study.records import DatasetRecord, FamilyRecord, StudyRecord, TrialRecord
from tests.analysis import synthetic

SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(2)>"
LINK = '<a href="javascript:alert(3)">click</a>'
BOLD = "<b>bold</b>"
CLOSING = "--></script><script>alert(4)</script>"
ATTRIBUTE = '" onmouseover="alert(5)" x="'
QUOTED = '"><img src=x onerror=alert(6)>'
URL = "javascript:alert(7)"
FORMULA = "=HYPERLINK(A1)"
TEMPLATE = "$title %{x} {plot_id}"


def study(full: StudyRecord | None = None) -> StudyRecord:
    """Return a synthetic study with hostile names and texts, and with numbers that are none."""
    full = full or synthetic.study()
    renamed = {"alexnet_lite": IMAGE, "custom_cnn": BOLD}
    return dataclasses.replace(
        full,
        name=SCRIPT,
        dataset=_dataset(full.dataset),
        families=tuple(_family(family, renamed[family.family]) for family in full.families),
        retrained=tuple(
            dataclasses.replace(
                result,
                family=renamed[result.family],
                params=_renamed(result.params),
                f1=(math.nan, *result.f1[1:]),
            )
            for result in full.retrained
        ),
    )


def _dataset(dataset: DatasetRecord) -> DatasetRecord:
    nasty = (IMAGE, LINK, BOLD, CLOSING, SCRIPT, TEMPLATE, ATTRIBUTE, QUOTED, URL)
    return dataclasses.replace(
        dataset,
        name=CLOSING,
        classes=(*nasty, *dataset.classes[len(nasty) :]),
        digests={IMAGE: SCRIPT},
        substitute_for=SCRIPT + IMAGE,
    )


def _family(family: FamilyRecord, name: str) -> FamilyRecord:
    return dataclasses.replace(
        family,
        family=name,
        trials=tuple(_trial(trial) for trial in family.trials),
        roles=_renamed(family.roles),
        settings={**family.settings, "command": CLOSING + URL, ATTRIBUTE: IMAGE, QUOTED: URL},
        versions={SCRIPT: IMAGE, QUOTED: LINK},
    )


def _trial(trial: TrialRecord) -> TrialRecord:
    curve = trial.validation_accuracy
    return dataclasses.replace(
        trial,
        params=_renamed(trial.params) | {TEMPLATE: FORMULA, URL: QUOTED},
        distributions=_renamed(trial.distributions),
        baseline=None if trial.baseline is None else LINK,
        sampler=f"keras-tuner/{IMAGE}" if trial.number % 2 else SCRIPT,
        failure=None if trial.failure is None else f"{SCRIPT}\n{IMAGE} | `{FORMULA}`",
        validation_accuracy=((curve[0][0], math.nan), *curve[1:]),
    )


def _renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "learning_rate": BOLD,
        "optimizer": CLOSING,
        "dropout": LINK,
        "momentum": ATTRIBUTE,
        "width": IMAGE,
        "blocks": SCRIPT,
    }
    return {names.get(name, name): value for name, value in values.items()}
