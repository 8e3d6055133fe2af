"""Charts of large studies: what is left out, what never is, and how a page grows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis import contents, evidence, html_page, thinning
from analysis.charts import CHARTS, cost, curves, history, importance
from analysis.importances import EVALUATORS, Importance
from analysis.labels import family_label
from tests.analysis import synthetic
from tests.analysis.conftest import GENERATED

MAX_BYTES_PER_TRIAL = 150
MAX_POINTS_PER_PANEL = 2.2 * thinning.MOST_TRIALS  # Of two families, and what is always shown.
LARGE = evidence.from_study(synthetic.study(n_trials=1000))


def test_few_trials_are_all_shown():
    assert thinning.shown([0.5] * thinning.MOST_TRIALS) == list(range(thinning.MOST_TRIALS))


def test_of_many_the_best_are_shown_and_others_from_the_first_to_the_last():
    accuracies = np.random.default_rng(0).random(5000)
    accuracies[::7] = math.nan

    shown = thinning.shown(list(accuracies), always=[3])

    best = set(np.argsort(-np.nan_to_num(accuracies, nan=-1))[: thinning.MOST_TRIALS // 2])
    assert best <= set(shown)
    assert 3 in shown
    assert shown == sorted(set(shown))
    assert thinning.MOST_TRIALS <= len(shown) <= thinning.MOST_TRIALS + 1
    others = np.array(sorted(set(shown) - best - {3}))
    assert np.diff(others).max() < 3 * 5000 / len(others)


def test_a_page_grows_little_with_each_trial(monkeypatch):
    # Its size depends on the hyperparameters alone, and it takes its time.
    nothing = dict.fromkeys(EVALUATORS, Importance(shares={}, problem="not asked"))
    monkeypatch.setattr(importance, "estimate", lambda *_: nothing)

    def size(known):
        return len(html_page.render(contents.compose(known, generated=GENERATED)))

    growth = size(LARGE) - size(evidence.from_study(synthetic.study(n_trials=500)))

    # Each study has two families: 2,000 trials against 1,000.
    assert growth <= MAX_BYTES_PER_TRIAL * 1000


@pytest.mark.parametrize(
    "name", ["history", "curves", "slices", "parallel", "cost", "training_time", "timeline"]
)
def test_no_chart_of_trials_draws_thousands_of_symbols_in_a_panel(name):
    figure = CHARTS[name].draw(CHARTS[name].compute(LARGE))

    n_points = {}
    for trace in figure.data:
        if "markers" in (trace.mode or ""):
            n_points[trace.xaxis] = n_points.get(trace.xaxis, 0) + len(trace.x)
    if name == "parallel":
        # Lines, parted by None; the axes, which are named, have none of it.
        n_points = {"lines": sum(y is None for one in figure.data for y in one.y)}
    assert 0 < max(n_points.values()) <= MAX_POINTS_PER_PANEL


def test_winners_baselines_and_fronts_are_never_left_out():
    computed = cost.compute(LARGE)
    wanted = computed.trials["n_parameters:family"] | (computed.trials["label"] != "")
    drawn = {
        (trace.name, label)
        for trace in cost.draw(computed).data
        if trace.xaxis == "x" and trace.customdata is not None
        for label in trace.customdata
    }
    rows = computed.trials[wanted]
    families = map(family_label, rows["family"])
    assert wanted.sum() >= 6
    assert set(zip(families, rows["name"], strict=True)) <= drawn


def test_the_line_of_the_best_so_far_rises_where_it_did_and_ends_with_the_last_trial():
    computed = history.compute(LARGE)
    lines = [trace for trace in history.draw(computed).data if trace.mode == "lines"]

    for family, line in zip(computed.families, lines, strict=False):
        rows = computed.trials[computed.trials["family"] == family]
        best = dict(zip(rows["trial"], rows["best"], strict=True))
        corners = dict(zip(line.x, line.y, strict=True))
        assert len(corners) < 50
        for trial, accuracy in best.items():
            last = max(corner for corner in corners if corner <= trial)
            assert corners[last] == accuracy or math.isnan(accuracy)
        assert rows["trial"].max() in corners


def test_the_band_behind_thinned_curves_holds_nine_tenths_of_all():
    computed = curves.compute(LARGE)
    bands = [trace for trace in curves.draw(computed).data if trace.fill == "toself"]

    assert len(bands) == len(computed.families)
    for family, band in zip(computed.families, bands, strict=True):
        rows = computed.points[computed.points["family"] == family]
        half = len(band.x) // 2
        for epoch, low, high in zip(band.x, band.y[:half], band.y[::-1], strict=False):
            scores = rows[rows["epoch"] == epoch]["accuracy"]
            assert low == pytest.approx(np.quantile(scores, 0.05), abs=0.01)
            assert high == pytest.approx(np.quantile(scores, 0.95), abs=0.01)
