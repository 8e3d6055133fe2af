"""Studies in which anything may be odd, as a database can hold it: there is always a report."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping
from typing import Any

import pytest
from optuna.study._frozen import FrozenStudy
from optuna.study._study_direction import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from analysis import comparison_json, contents, evidence, html_page, markdown_page
from analysis.charts import CHARTS
from study.ablation import path_attrs
from study.errors import StorageError
from study.records import FINISHED, StudyRecord
from study.storage import decoding
from tests.analysis import synthetic
from tests.analysis.conftest import GENERATED
from tests.analysis.synthetic_draws import with_draws
from tests.study import written

ODD = [
    *(None, True, False, 0, -1, 1, 7, 10**400, -(10**400), 2**63, 0.5, -0.5, 1e308, 5e-324),
    *(math.nan, math.inf, -math.inf, "", "text", "<script>", "winner", "10", [], [[]], {}),
    *([None], ["a", 1, None], [math.nan] * 3, [10**400], [[1, 2], [3]], [[1, 2], [3, -4]]),
    *([0.5] * 50, {"a": []}, {"": None}, {"custom_cnn": "winner"}, {"name": 3}, "eJxjZGJmAQAADQAH"),
]
FULL = with_draws(synthetic.study(n_trials=8, seeds=(0, 1)), 3)
FAMILIES = [family.family for family in FULL.families]


def oddly(rng: random.Random, values: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Return a mapping in which some values are odd, missing, or more than there were."""
    changed = {
        key: rng.choice(ODD) if rng.random() < share else value
        for key, value in values.items()
        if rng.random() > share / 4
    }
    return changed | ({"unheard_of": rng.choice(ODD)} if rng.random() < share else {})


def odd_trial(rng: random.Random, trial: FrozenTrial, share: float) -> FrozenTrial:
    trial.user_attrs = oddly(rng, trial.user_attrs, share)
    # Optuna itself sees to it that values are numbers, and reads no other distributions.
    numbers = [value for value in ODD if isinstance(value, float)]
    trial.intermediate_values = {
        step if rng.random() > share / 2 else rng.choice([-1, 0, 10**6]): (
            rng.choice(numbers) if rng.random() < share else value
        )
        for step, value in trial.intermediate_values.items()
    }
    if trial.value is not None and rng.random() < share:
        trial.value = rng.choice([value for value in numbers if not math.isnan(value)])
    if rng.random() < share / 2:
        trial.state = rng.choice(list(TrialState))
    if rng.random() < share / 2:
        trial.params = {}
        trial.distributions = {}
    if rng.random() < share / 2:
        trial.datetime_start, trial.datetime_complete = rng.choice(
            [(None, None), (trial.datetime_complete, trial.datetime_start)]
        )
    return trial


def decoded(rng, trials: list[FrozenTrial], decode, share: float) -> tuple[Any, ...]:
    """Return the records of trials that were made odd, those that there are."""
    odd = [odd_trial(rng, trial, share) for trial in trials]
    for number, trial in enumerate(odd):
        trial.number = number
    return tuple(filter(None, map(decode, odd)))


def odd_study(seed: int) -> StudyRecord:
    """Return a study as it is read from a database in which a share of everything is odd."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    share = rng.choice([0.02, 0.1, 0.3, 1.0])
    dataset = dataclasses.asdict(FULL.dataset)
    families = []
    for family in FULL.families:
        trials = [odd_trial(rng, written._trial(trial), share) for trial in family.trials]
        for number, trial in enumerate(trials):
            trial.number = number
        attrs = {
            name: oddly(rng, value, share) if isinstance(value, Mapping) else value
            for name, value in oddly(
                rng,
                {
                    "roles": family.roles,
                    "baselines": family.baselines,
                    "settings": family.settings,
                    "versions": family.versions,
                },
                share,
            ).items()
        }
        frozen = FrozenStudy(family.family, StudyDirection.MAXIMIZE, attrs, {}, 0)
        families.append(decoding.family_record(family.family, frozen, trials))
    results = decoded(
        rng,
        [written._result(result, FAMILIES) for result in (*FULL.retrained, *FULL.redrawn)],
        decoding.retrained_result,
        share,
    )
    validated = decoded(
        rng,
        [written.validated(one, FAMILIES) for one in FULL.validated],
        decoding.validated_result,
        share,
    )
    return StudyRecord(
        name=FULL.name,
        dataset=decoding.dataset_record(oddly(rng, dataset, share)),
        families=tuple(families),
        retrained=tuple(result for result in results if result.draw == 0),
        redrawn=tuple(result for result in results if result.draw != 0),
        validated=validated,
        ablations=decoding.ablation_paths(
            {one.family: oddly(rng, path_attrs(one), share) for one in FULL.ablations}
        ),
        validation_labels=decoding.bytes_of(rng.choice(ODD)),
        test_labels=FULL.test_labels if rng.random() > share else decoding.bytes_of("odd"),
        retraining_settings=decoding.mapping_of(rng.choice([*ODD, {}])),
    )


# Seed 26 has accuracies that are none, 0, 3 and 5 counts that no table can hold.
@pytest.mark.parametrize("seed", [0, 3, 5, 26, 100, 101])
def test_a_study_with_odd_records_has_a_report(seed):
    study = odd_study(seed)
    finished = [t for f in study.families for t in f.trials if t.state in FINISHED]
    if not finished:
        with pytest.raises(StorageError, match="no finished trial"):
            evidence.from_study(study)
        return
    known = evidence.from_study(study)
    document = contents.compose(known, generated=GENERATED)
    page = html_page.render(document)
    assert page.count('data-figure="chart-') == len(CHARTS)
    assert markdown_page.render(document, {})
    assert comparison_json.as_text(comparison_json.of_study(known))
