"""Charts of a study that both engines searched tell their trials apart."""

from __future__ import annotations

import dataclasses

import pytest

from analysis import evidence, theme
from analysis.charts import CHARTS, history
from tests.analysis import synthetic

FULL = synthetic.study()
KNOWN = evidence.from_study(FULL)


def with_keras_tuners(study):
    """Return the study with every third trial as if KerasTuner had proposed it."""
    families = tuple(
        dataclasses.replace(
            family,
            trials=tuple(
                dataclasses.replace(trial, sampler="keras-tuner/hyperband")
                if trial.number % 3 == 1
                else trial
                for trial in family.trials
            ),
        )
        for family in study.families
    )
    return dataclasses.replace(study, families=families)


BOTH_ENGINES = evidence.from_study(with_keras_tuners(FULL))


def hover_texts(figure):
    """Return what the traces' hover texts are made of, one text a point."""
    texts = []
    for trace in figure.data:
        for values in (trace.text, trace.customdata):
            texts += [text for text in values if text] if isinstance(values, tuple) else []
    return texts


@pytest.mark.parametrize(
    "name", ["history", "curves", "slices", "parallel", "cost", "training_time", "timeline"]
)
def test_a_trial_is_shown_with_whoever_proposed_it(name):
    texts = hover_texts(CHARTS[name].draw(CHARTS[name].compute(BOTH_ENGINES)))
    completed = [t for t in with_keras_tuners(FULL).families[0].trials if t.state == "COMPLETE"]
    assert {trial.sampler for trial in completed} == {"tpe", "keras-tuner/hyperband", "baseline"}
    for trial in completed:
        assert any(f"trial {trial.number} ({trial.sampler})" in text for text in texts)


@pytest.mark.parametrize("name", ["history", "parallel"])
def test_the_trials_of_both_engines_look_different_where_there_are_any(name):
    def keys(known):
        figure = CHARTS[name].draw(CHARTS[name].compute(known))
        return {trace.name for trace in figure.data if trace.showlegend is not False}

    assert keys(BOTH_ENGINES) - keys(KNOWN) == {theme.KERAS_TUNER_KEY}
    assert theme.KERAS_TUNER_KEY not in keys(KNOWN)


def test_the_history_gives_each_engine_its_symbols():
    figure = CHARTS["history"].draw(CHARTS["history"].compute(BOTH_ENGINES))
    seen = {}
    for trace in (trace for trace in figure.data if trace.customdata):
        for label, symbol in zip(trace.customdata, trace.marker.symbol, strict=True):
            seen.setdefault("keras-tuner" in label, set()).add(symbol)
    ours = {"circle", "x-thin-open", "triangle-down-open"}
    assert seen[False] - {history.BASELINE_SYMBOL} <= ours
    assert {"square", "cross-thin-open"} <= seen[True]
    assert not seen[True] & {"circle", "x-thin-open"}
