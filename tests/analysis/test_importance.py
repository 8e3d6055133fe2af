"""Importances of functions whose important hyperparameter is known beforehand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from optuna.distributions import FloatDistribution, IntDistribution, distribution_to_json

from analysis import evidence, importances
from analysis.charts import importance
from study.records import FamilyRecord, TrialRecord
from tests.analysis import synthetic

UNIT = distribution_to_json(FloatDistribution(0.0, 1.0))


def family(accuracy, *, n: int = 60, names=("matters", "idle"), **changes) -> FamilyRecord:
    rng = np.random.default_rng(3)
    trials = []
    for number in range(n):
        params = {name: float(rng.uniform()) for name in names}
        trials.append(
            TrialRecord(
                number=number,
                state="COMPLETE",
                params=params,
                distributions=dict.fromkeys(params, UNIT),
                value=accuracy(params),
            )
        )
    return FamilyRecord(family="a", trials=tuple(trials), **changes)


def computed(record: FamilyRecord) -> importance.Importances:
    study = dataclasses.replace(synthetic.study(retrained=False), families=(record,))
    return importance.compute(evidence.from_study(study))


@pytest.mark.parametrize("evaluator", [importance.FANOVA, importance.PED_ANOVA])
def test_the_hyperparameter_that_matters_comes_first(evaluator):
    found = computed(family(lambda params: 0.5 + 0.4 * params["matters"]))

    shares = found.shares[found.shares["evaluator"] == evaluator].set_index("hyperparameter")

    assert shares.loc["matters", "share"] > 0.8
    assert shares["share"].sum() == pytest.approx(1.0)


def test_ped_anova_looks_at_the_highest_accuracies_and_not_at_the_lowest():
    # `high` alone decides among the best trials and `low` alone among the worst: taken the wrong
    # way round, the accuracy would make `low` the important one.
    def accuracy(params):
        if params["high"] > 0.8:
            return 0.8 + 0.1 * params["high"]
        return 0.5 if params["low"] > 0.2 else 0.1 + params["low"]

    found = computed(family(accuracy, n=100, names=("high", "low"))).shares

    shares = found[found["evaluator"] == importance.PED_ANOVA].set_index("hyperparameter")["share"]
    assert shares["high"] > 0.8


def curve(*accuracies: float) -> tuple[tuple[int, float], ...]:
    return tuple(enumerate(accuracies, start=1))


def test_scores_are_final_ones_where_four_fifths_have_completed():
    record = family(lambda params: params["matters"], n=10)
    pruned = [
        dataclasses.replace(trial, state="PRUNED", value=None, validation_accuracy=curve(0.3))
        for trial in record.trials[:2]
    ]
    record = dataclasses.replace(record, trials=(*pruned, *record.trials[2:]))

    scores = importances.comparable_scores(record)

    assert scores.epoch is None
    assert scores.values == {trial.number: trial.value for trial in record.trials[2:]}
    assert (scores.n_trials, scores.n_completed) == (10, 8)


def test_scores_are_those_of_the_last_epoch_that_four_fifths_have_reached():
    record = family(lambda params: params["matters"], n=10)
    lengths = [8, 4, 4, 2, 2, 2, 2, 2, 1, 1]
    trials = [
        dataclasses.replace(
            trial,
            state="COMPLETE" if length == 8 else "PRUNED",
            value=0.8 if length == 8 else None,
            validation_accuracy=curve(*(0.1 * epoch for epoch in range(1, length + 1))),
        )
        for trial, length in zip(record.trials, lengths, strict=True)
    ]

    scores = importances.comparable_scores(dataclasses.replace(record, trials=tuple(trials)))

    assert scores.epoch == 2
    assert scores.values == pytest.approx(dict.fromkeys(range(8), 0.2))


def test_failed_trials_and_such_outside_their_distribution_are_left_out(caplog):
    record = family(lambda params: params["matters"], n=12)
    outside = dataclasses.replace(record.trials[0], params={"matters": 2.0, "idle": 0.5})
    failed = dataclasses.replace(record.trials[1], state="FAIL", value=None)
    record = dataclasses.replace(record, trials=(outside, failed, *record.trials[2:]))

    scores = importances.comparable_scores(record)

    assert len(importances.frozen_trials(record, scores)) == 10
    (warning,) = caplog.messages
    assert "a: 1 trials left out of the importances, as trial 0: The value 2.0" in warning


@pytest.mark.parametrize(
    "distribution",
    [
        FloatDistribution(0, 1e40),
        FloatDistribution(-1.7e308, 1.7e308),
        FloatDistribution(-1e308, 1e308, step=1e300),
        FloatDistribution(0, float("inf")),
        IntDistribution(0, 10**400),
    ],
    ids=str,
)
def test_ranges_too_wide_to_compute_with_are_left_out_with_a_warning(distribution, caplog):
    record = family(lambda params: params["matters"], n=30)
    text = distribution_to_json(distribution)
    wide = [
        dataclasses.replace(
            trial,
            params=trial.params | {"wide": 1},
            distributions={**trial.distributions, "wide": text},
        )
        for trial in record.trials[:15]
    ]
    record = dataclasses.replace(record, trials=(*wide, *record.trials[15:]))

    found = computed(record)

    assert "15 trials left out of the importances, as trial 0: " in caplog.text
    assert set(found.shares["hyperparameter"]) == {"matters", "idle"}
    assert not found.problems


@pytest.mark.parametrize("evaluator", importances.EVALUATORS)
def test_intervals_hold_the_share_and_shrink_with_more_trials(evaluator):
    def accuracy(params):
        return 0.5 + 0.2 * params["matters"] + 0.1 * params["idle"]

    widths = []
    for n in (20, 200):
        found = computed(family(accuracy, n=n)).shares
        rows = found[found["evaluator"] == evaluator]
        assert (rows["low"] <= rows["share"]).all()
        assert (rows["share"] <= rows["high"]).all()
        widths.append(float((rows["high"] - rows["low"]).mean()))
    assert widths[1] < widths[0]


def test_a_clear_first_place_is_stable_and_one_by_chance_is_not():
    clear = computed(family(lambda params: 0.5 + 0.4 * params["matters"]))
    rng = np.random.default_rng(8)
    noise = computed(family(lambda _: rng.uniform(), n=30, names=tuple("abcdef")))
    assert min(clear.stability.values()) > 0.95
    assert min(noise.stability.values()) < 0.8
    assert "might well have put another first" in importance.words(noise)
    assert "might well" not in importance.words(clear)


def test_too_few_trials_give_a_reason_and_no_bars():
    found = computed(family(lambda params: params["matters"], n=7))

    assert found.shares.empty
    assert found.problems["a", importance.FANOVA] == "too few trials (7 of 10)"
    texts = [note.text for note in importance.draw(found).layout.annotations]
    assert "too few trials (7 of 10)" in texts


def test_equal_accuracies_give_a_reason_and_no_equal_bars():
    found = computed(family(lambda _: 0.5))

    assert found.shares[found.shares["evaluator"] == importance.FANOVA].empty
    assert ("a", importance.FANOVA) in found.problems


def test_fanova_looks_at_some_of_very_many_trials_and_the_text_says_so(monkeypatch):
    seen = []
    fanova = importances.Fanova
    monkeypatch.setattr(importances, "MAX_FANOVA_TRIALS", 20)
    monkeypatch.setattr(importance, "MAX_FANOVA_TRIALS", 20)
    monkeypatch.setattr(
        importances, "Fanova", lambda trials: seen.append(len(trials)) or fanova(trials)
    )

    found = computed(family(lambda params: 0.5 + 0.4 * params["matters"]))

    assert set(seen) == {20}
    assert "fANOVA looks at 20 of them, drawn at random." in importance.words(found)


def test_bars_are_coloured_by_role_and_the_evaluator_is_named():
    record = family(lambda params: params["matters"], roles={"matters": "scientific"})

    found = computed(record)
    figure = importance.draw(found)

    roles = dict(zip(found.shares["hyperparameter"], found.shares["role"], strict=True))
    assert roles == {"matters": "scientific", "idle": "not recorded"}
    assert {"scientific, fANOVA", "scientific, PED-ANOVA"} <= {bar.name for bar in figure.data}
    assert "matters by fANOVA" in importance.words(found)
