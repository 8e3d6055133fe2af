"""Each chart against numbers worked out another way, and all charts against one shared contract."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import numpy as np
import pytest
from optuna.distributions import distribution_to_json
from sklearn.metrics import confusion_matrix, f1_score

from analysis import contents, evidence, theme
from analysis.charts import CHARTS, by_class, confusion, cost, curves, history, parallel, seeds
from analysis.charts import slices as slices_chart
from analysis.document import FigureBlock
from analysis.labels import family_label
from study.records import FamilyRecord, TrialRecord
from tests.analysis import synthetic
from tests.analysis.synthetic_spaces import SPACES

FULL = synthetic.study()
ALEXNET, CUSTOM = FULL.families
STUDIES = {
    "full": FULL,
    "not retrained": synthetic.study(retrained=False),
    "one family without completed trials": dataclasses.replace(
        FULL, families=(ALEXNET, synthetic.without_completed(CUSTOM)), retrained=()
    ),
    "one family": synthetic.study(families=("custom_cnn",)),
    "bare": synthetic.bare(FULL),
    "failed trials only": dataclasses.replace(
        FULL,
        families=(FamilyRecord(family="a", trials=(TrialRecord(number=0, state="FAIL"),)),),
        retrained=(),
    ),
}
EVIDENCE = {name: evidence.from_study(study) for name, study in STUDIES.items()}
KNOWN = EVIDENCE["full"]


def has_data(figure) -> bool:
    for trace in figure.data:
        values = trace.z if trace.type == "heatmap" else trace.y
        if values is not None and any(value is not None for value in values):
            return True
    return False


@pytest.mark.parametrize("known", EVIDENCE.values(), ids=EVIDENCE)
@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_each_chart_is_drawn_with_titles_from_any_evidence(chart, known):
    figure = chart.draw(chart.compute(known))

    assert figure.layout.title.text == theme.plain(chart.title)
    assert len(chart.title) <= 45
    assert chart.section in contents.SECTIONS
    axes = list(figure.select_xaxes()), list(figure.select_yaxes())
    for one_direction in axes:
        assert any(axis.title.text for axis in one_direction)
    # A figure may be empty only if it says why.
    names = {theme.plain(family_label(family)) for family in known.families}
    notes = [note.text for note in figure.layout.annotations if note.text not in names]
    assert has_data(figure) or notes
    assert figure.layout.template.layout.font.family == theme.FONT


@pytest.mark.parametrize("name", ["not retrained", "failed trials only"])
def test_a_chart_without_data_says_why_in_the_text_too(name):
    document = contents.compose(EVIDENCE[name], generated=datetime(2030, 1, 1))
    figures = [
        block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, FigureBlock)
    ]
    reasons = {figure.name: theme.reason_of_emptiness(figure.figure) for figure in figures}
    assert reasons["seeds"]
    for figure in figures:
        assert reasons[figure.name][1:] in figure.words
        if reasons[figure.name]:
            # A command ends the text, so that it can be copied as it is shown.
            assert figure.words.endswith(".") != ("python -m" in figure.words)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_each_chart_has_data_where_the_study_has_it(chart):
    assert has_data(chart.draw(chart.compute(KNOWN)))


def test_the_best_so_far_rises_with_completed_trials_alone():
    trials = (
        TrialRecord(number=0, state="COMPLETE", value=0.5),
        TrialRecord(number=1, state="PRUNED", validation_accuracy=((1, 0.9),)),
        TrialRecord(number=2, state="FAIL", failure="out of memory"),
        TrialRecord(number=3, state="COMPLETE", value=0.7),
        TrialRecord(number=4, state="COMPLETE", value=0.6),
        TrialRecord(number=5, state="RUNNING"),
    )
    study = dataclasses.replace(FULL, families=(FamilyRecord(family="a", trials=trials),))

    rows = history.compute(evidence.from_study(study)).trials

    assert rows["best"].tolist() == [50.0, 50.0, 50.0, 70.0, 70.0]
    assert rows["accuracy"].tolist()[:2] == [50.0, 90.0]
    assert np.isnan(rows["accuracy"].iloc[2])
    assert rows["failure"].tolist()[2] == "out of memory"


def test_learning_curves_mark_the_winner_and_keep_pruned_trials_apart():
    points = curves.compute(KNOWN).points

    for family, winner in KNOWN.winners.items():
        marked = points[(points["family"] == family) & points["winner"]]
        assert set(marked["trial"]) == {winner.number}
        expected = [round(100 * accuracy, 2) for _, accuracy in winner.validation_accuracy]
        assert marked["accuracy"].tolist() == expected
    pruned = points[points["state"] == "PRUNED"]
    assert pruned.groupby(["family", "trial"])["epoch"].max().max() < synthetic.EPOCHS


def test_f1_by_class_agrees_with_scikit_learn_on_the_stored_predictions():
    computed = by_class.compute(KNOWN)
    labels = list(FULL.test_labels)

    for (family, augmented), rows in computed.scores.groupby(["family", "augmented"]):
        runs = [
            f1_score(labels, list(result.predictions), average=None)
            for result in FULL.retrained
            if (result.family, result.augmented) == (family, augmented)
        ]
        assert rows["f1"].tolist() == pytest.approx(np.mean(runs, axis=0).tolist())
        assert rows["class"].tolist() == list(synthetic.CLASSES)


def test_the_weakest_classes_are_named_in_words():
    computed = by_class.compute(KNOWN)
    rows = computed.scores[
        computed.scores["augmented"] & (computed.scores["family"] == "custom_cnn")
    ]
    weakest = rows.sort_values("f1")["class"].tolist()

    text = by_class.words(computed)

    start = text.index("Weakest classes of custom CNN with augmentation")
    places = [text.index(name, start) for name in weakest[:3]]
    assert places == sorted(places)
    assert computed.order[0] == "cat"


def test_confusion_shares_agree_with_scikit_learn_over_all_seeds():
    labels = list(FULL.test_labels)

    for matrix in confusion.compute(KNOWN).matrices:
        runs = [
            list(result.predictions)
            for result in FULL.retrained
            if (result.family, result.augmented) == (matrix.family, matrix.augmented)
        ]
        pooled = confusion_matrix(
            labels * len(runs), [label for run in runs for label in run], normalize="true"
        )
        assert matrix.n_seeds == len(runs)
        assert matrix.shares == pytest.approx(pooled)


def test_the_most_frequent_mistake_is_named_in_words():
    counts = np.array([[8, 2], [5, 5]])
    matrix = confusion.Confusion("custom_cnn", True, 1, counts)

    text = confusion.words(confusion.Confusions(("cat", "dog"), [matrix]))

    assert "dog taken for cat, 50 % of the images of dog" in text


def test_seeds_show_test_accuracy_in_percent_with_baselines_named():
    baseline = dataclasses.replace(FULL.retrained[0], number=99, configuration="V1")
    study = dataclasses.replace(FULL, retrained=(*FULL.retrained, baseline))

    runs = seeds.compute(evidence.from_study(study)).runs

    assert runs["accuracy"].iloc[0] == pytest.approx(100 * FULL.retrained[0].test_accuracy)
    assert runs["model"].iloc[-1] == "AlexNet-lite, V1"
    assert len(runs) == len(FULL.retrained) + 1


def test_costs_label_winners_and_baselines_among_completed_trials():
    trials = cost.compute(KNOWN).trials

    completed = [t for f in FULL.families for t in f.trials if t.state == "COMPLETE"]
    assert len(trials) == len(completed)
    labelled = trials[trials["label"] != ""].groupby("family")["label"].apply(set).to_dict()
    assert labelled["alexnet_lite"] == {"winner", "AlexNet"}
    assert labelled["custom_cnn"] == {"winner", "V1", "V2", "V3"}


def test_a_winner_that_is_a_baseline_is_labelled_as_both():
    trial = TrialRecord(number=0, state="COMPLETE", value=0.5, baseline="V3")
    study = dataclasses.replace(FULL, families=(FamilyRecord(family="a", trials=(trial,)),))

    trials = cost.compute(evidence.from_study(study)).trials

    assert trials["label"].tolist() == ["winner, V3"]
    assert trials["winner"].tolist() == [True]


def test_slices_hold_each_scored_trial_once_per_hyperparameter_it_has():
    points = slices_chart.compute(KNOWN).points

    scored = [t for t in CUSTOM.trials if t.state in {"COMPLETE", "PRUNED"}]
    with_momentum = [t for t in scored if "momentum" in t.params]
    rows = points[points["family"] == "custom_cnn"]
    assert (rows["hyperparameter"] == "dropout").sum() == len(scored)
    assert (rows["hyperparameter"] == "momentum").sum() == len(with_momentum)


def test_parallel_axes_put_the_lowest_value_at_the_foot_and_logarithms_in_between():
    space = SPACES["custom_cnn"]
    text = distribution_to_json(space["learning_rate"])
    trials = tuple(
        TrialRecord(
            number=i,
            state="COMPLETE",
            value=value,
            params={"learning_rate": rate} | ({"momentum": 0.9} if i == 2 else {}),
            distributions={"learning_rate": text},
        )
        for i, (rate, value) in enumerate([(0.001, 0.5), (0.01, 0.6), (0.1, 0.9)])
    )
    study = dataclasses.replace(FULL, families=(FamilyRecord(family="a", trials=trials),))

    (lines,) = parallel.compute(evidence.from_study(study))

    rate, momentum, accuracy = lines.axes
    assert rate.positions == pytest.approx([0.0, 0.5, 1.0])
    assert momentum.ticks[0] == (0.0, "not used")
    assert momentum.positions == [0.0, 0.0, 1.0]
    assert accuracy.positions == pytest.approx([0.0, 0.25, 1.0])
    assert lines.levels == sorted(lines.levels)


def test_charts_leave_the_randomness_of_importances_out():
    chart = CHARTS["importance"]

    first, second = (chart.compute(KNOWN).shares["share"].tolist() for _ in range(2))

    assert first == second
