"""`comparison.json`: as its schema says, with the report's numbers, whatever the study lacks."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest

from analysis import comparison_json, evidence
from analysis.checklist import QUESTIONS
from analysis.pair import evidence as pairs
from analysis.pair.content import of_pair
from study.records import StudyRecord
from tests.analysis import hostile, synthetic
from tests.analysis.json_schema import problems
from tests.analysis.test_ablations import with_path

SCHEMA = json.loads(comparison_json.SCHEMA.read_text(encoding="utf-8"))
FULL = synthetic.study()
OTHER = dataclasses.replace(synthetic.study(seeds=(5, 6)), name="other")
STUDIES = {
    "full": FULL,
    "hostile": hostile.study(),
    "bare": synthetic.bare(FULL),
    "with a path": with_path([0.1, -0.05]),
    "path of one seed": with_path([0.1], seeds=(4,)),
    "one seed": synthetic.study(seeds=(4,)),
    "not retrained": synthetic.study(retrained=False),
    "one family": synthetic.study(families=("custom_cnn",)),
    "nothing completed": dataclasses.replace(
        FULL, families=tuple(map(synthetic.without_completed, FULL.families))
    ),
}


def parsed(content: dict[str, Any]) -> dict[str, Any]:
    """Return what another program reads."""
    return json.loads(comparison_json.as_text(content), parse_constant=pytest.fail)


def of(study: StudyRecord) -> dict[str, Any]:
    return parsed(comparison_json.of_study(evidence.from_study(study)))


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_it_is_as_the_schema_says(study):
    assert problems(of(study), SCHEMA, SCHEMA) == []


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_that_of_two_studies_is_as_the_schema_says(study):
    for pair in (pairs.from_studies(study, OTHER), pairs.from_studies(OTHER, study)):
        assert problems(parsed(of_pair(pair)), SCHEMA, SCHEMA) == []


def test_what_the_schema_does_not_say_is_found():
    found = of(FULL)
    found["verdicts"][0]["word"] = "GOOD"
    found["margin"] = "1 %"
    found["extra"] = 1
    del found["ledger"][0]["n_trials"]
    assert {
        problem.partition(":")[0].partition(" ")[0]
        for problem in problems(found, SCHEMA["$defs"]["study"], SCHEMA)
    } == {"$.verdicts[0].word", "$.margin", "$.extra", "$.ledger[0]"}


def test_it_holds_the_reports_numbers():
    known = evidence.from_study(FULL)
    found = of(FULL)
    assert found["name"] == "cifar10"
    assert found["dataset"]["digests"] == dict(FULL.dataset.digests)
    for family in found["families"]:
        trial = known.winners[family["family"]]
        assert family["winner"]["trial"] == trial.number
        assert family["winner"]["params"] == trial.params
        assert family["winner"]["validation_accuracy"] == trial.value
    scores = [
        run.test_accuracy for run in FULL.retrained if run.family == "custom_cnn" and run.augmented
    ]
    row = next(
        row for row in found["comparison"] if row["family"] == "custom_cnn" and row["augmented"]
    )
    assert row["test_accuracy"] == pytest.approx(np.mean(scores))
    assert row["test_accuracy_sd"] == pytest.approx(np.std(scores, ddof=1))
    assert [one["n_trials"] for one in found["ledger"]] == [30, 30]
    assert len(found["checklist"]) == len(QUESTIONS)


def test_verdicts_say_who_how_much_and_how_surely():
    known = evidence.from_study(FULL)
    for found, compared in zip(of(FULL)["verdicts"], known.verdicts, strict=True):
        verdict = compared.verdict
        assert found["first"] == vars(compared.first)
        assert found["second"] == vars(compared.second)
        assert found["difference"] == pytest.approx(np.mean(found["differences"]))
        assert (found["low"], found["high"]) == (verdict.low, verdict.high)
        assert found["probability"] == verdict.probability()
        assert (found["margin"], found["confidence"]) == (0.01, 0.95)
        assert found["seeds"] == [0, 1, 2]
        assert found["n_more_seeds"] == verdict.n_more_seeds()


def test_of_a_single_seed_what_is_not_known_is_null():
    for found in of(STUDIES["one seed"])["verdicts"]:
        assert found["word"] == "UNDECIDED"
        assert found["difference"] is not None
        unknown = (found["low"], found["high"], found["probability"], found["n_more_seeds"])
        assert unknown == (None, None, None, None)


def test_numbers_that_are_none_become_null_and_numpys_become_pythons():
    values = {
        "nan": math.nan,
        "infinite": [math.inf, -math.inf],
        "numpy": (np.float64(0.5), np.int64(3), np.bool_(True), np.float32(math.nan)),
        "text": "NaN",
    }
    assert parsed(values) == {
        "nan": None,
        "infinite": [None, None],
        "numpy": [0.5, 3, True, None],
        "text": "NaN",
    }


def test_each_report_folder_holds_it(ordinary_report, hostile_report):
    for report in (ordinary_report, hostile_report):
        assert report.json == report.html.parent / "comparison.json"
        found = json.loads(report.json.read_text(encoding="utf-8"))
        assert problems(found, SCHEMA, SCHEMA) == []
