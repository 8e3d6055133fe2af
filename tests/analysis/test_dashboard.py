"""What the dashboard is given to show: notes that answer, name and link, and hold no markup."""

from __future__ import annotations

import csv
import dataclasses
import html
import math
import re

import pytest
from markdown_it import MarkdownIt

from analysis.dashboard import pages
from analysis.dashboard.artifacts import ARTIFACTS, contents
from analysis.dashboard.figures import HEIGHT_PIXELS
from study.records import FINALIST, ValidatedResult
from study.winners import best_trials
from tests.analysis import hostile, synthetic

IDS = {"alexnet_lite": 4, "custom_cnn": 5, "retrained": 6}


def by_member(study, ids=IDS):
    return {page.member: page for page in pages(study, study_ids=ids)}


@pytest.fixture(scope="module")
def shown():
    return by_member(synthetic.study(n_trials=8))


def test_each_optuna_study_has_a_note_with_question_answer_budget_and_command(shown):
    assert set(shown) == {"alexnet_lite", "custom_cnn", "retrained"}
    for page in shown.values():
        for text in (
            "Which of AlexNet-lite and custom CNN classifies cifar10 best",
            "custom CNN is BETTER than AlexNet-lite by",
            "    python -m study run --trials 8",
            "    python -m analysis report --name cifar10",
        ):
            assert text in page.note


@pytest.mark.parametrize("family", ["alexnet_lite", "custom_cnn"])
def test_a_search_shows_its_budget_and_the_winner_a_note_of_its_own(shown, family):
    page = shown[family]
    (number,) = page.trial_notes
    assert "| Family | Trials | Completed |" in page.note
    assert (
        f"[trial {number}](/dashboard/studies/{IDS[family]}/trials?numbers={number})" in page.note
    )


def test_a_winner_that_fresh_seeds_chose_is_not_called_the_best_of_the_search():
    study = synthetic.study(n_trials=8, retrained=False, validated=False)
    best, other = best_trials(study.families[1])[:2]
    fresh = tuple(
        ValidatedResult(
            number=number,
            family="custom_cnn",
            purpose=FINALIST,
            params=trial.params,
            seed=0,
            validation_accuracy=accuracy,
            source_trial=trial.number,
        )
        for number, (trial, accuracy) in enumerate(((best, 0.5), (other, 0.6)))
    )

    pages = by_member(dataclasses.replace(study, validated=fresh))

    ((number, note),) = pages["custom_cnn"].trial_notes.items()
    assert number == other.number
    assert "not the most; trained again from fresh seeds it was the best of the finalists." in note
    assert "behind" not in note


def test_a_winners_note_gives_its_rank_its_lead_and_what_was_retrained():
    study = synthetic.study(n_trials=8)
    family = study.families[1]
    values = sorted((trial.value for trial in family.trials if trial.value), reverse=True)
    ((number, note),) = by_member(study)["custom_cnn"].trial_notes.items()
    assert family.trials[number].value == values[0]
    assert f"highest validation accuracy, {100 * values[0]:.1f} %" in note
    assert f"{100 * (values[0] - values[1]):.1f} percentage points behind" in note
    error = 100 * math.sqrt(values[0] * (1 - values[0]) / 2500)
    assert f"a standard error of {error:.1f} percentage points" in note
    own = [result.number for result in study.retrained if result.family == "custom_cnn"]
    links = re.findall(r"\[trial (\d+)\]\(/dashboard/studies/6/trials\?numbers=(\d+)\)", note)
    assert [(int(shown), int(linked)) for shown, linked in links] == [(n, n) for n in own]


def test_what_was_not_retrained_is_said_and_not_linked():
    (page, *_) = pages(synthetic.study(n_trials=8, retrained=False), study_ids={"alexnet_lite": 1})
    (note,) = page.trial_notes.values()
    assert "has not been retrained yet" in note
    assert "](" not in note


def test_a_family_without_a_finished_trial_has_a_note_but_no_figures_yet():
    study = synthetic.study(n_trials=8, retrained=False)
    waiting = dataclasses.replace(study.families[0], trials=())
    study = dataclasses.replace(study, families=(waiting, study.families[1]))
    shown = by_member(study)
    assert shown["alexnet_lite"].note
    assert (shown["alexnet_lite"].figures, shown["alexnet_lite"].trial_notes) == ({}, {})
    assert shown["custom_cnn"].figures


def test_a_study_of_which_nothing_is_recorded_but_its_trials_is_shown():
    shown = by_member(synthetic.bare(synthetic.study(n_trials=8)))
    assert len(shown["custom_cnn"].trial_notes) == 1


def test_figures_are_as_high_as_the_dashboards_places_for_them(shown):
    for page in shown.values():
        assert page.figures
        assert {figure.layout.height for figure in page.figures.values()} == {HEIGHT_PIXELS}


def test_a_search_has_figures_of_its_own_family_alone(shown):
    for family in ("alexnet_lite", "custom_cnn"):
        assert set(shown[family].figures) == {"importance", "curves", "differences"}
        names = [note.text for note in shown[family].figures["curves"].layout.annotations]
        assert names == [{"alexnet_lite": "AlexNet-lite", "custom_cnn": "custom CNN"}[family]]


def test_no_text_of_a_database_becomes_markup_in_a_note():
    families = [family.family for family in hostile.study().families]
    shown = by_member(hostile.study(), {**dict.fromkeys(families, 1), "retrained": 2})
    notes = [page.note for page in shown.values()]
    notes += [note for page in shown.values() for note in page.trial_notes.values()]
    assert len(notes) == 5
    for note in notes:
        # The CommonMark parser, with raw HTML allowed: it is stricter than the dashboard's.
        tokens = MarkdownIt("commonmark").enable("table").parse(note)
        inline = [child for token in tokens for child in token.children or ()]
        kinds = {token.type for token in (*tokens, *inline)}
        assert not kinds & {"html_block", "html_inline", "image", "fence"}
        targets = [token.attrGet("href") for token in inline if token.type == "link_open"]
        assert all(re.fullmatch(r"/dashboard/studies/\d/trials\?numbers=\d+", to) for to in targets)
        assert hostile.BOLD in html.unescape(MarkdownIt().render(note))


def wanted(study, name, n=2):
    return [(result, name) for result in study.retrained[:n]]


def test_a_learning_curve_is_csv_with_a_row_an_epoch():
    study = synthetic.study(n_trials=8)
    found = contents(study, wanted(study, "learning_curve.csv"))
    assert set(found) == {(0, "learning_curve.csv"), (1, "learning_curve.csv")}
    rows = list(csv.DictReader(found[0, "learning_curve.csv"].decode().splitlines()))
    result = study.retrained[0]
    assert [int(row["epoch"]) for row in rows] == list(range(1, synthetic.EPOCHS + 1))
    accuracies = [float(row["training_accuracy"]) for row in rows]
    assert accuracies == pytest.approx(result.training_accuracy_by_epoch)
    losses = [float(row["training_loss"]) for row in rows]
    assert losses == pytest.approx(result.training_loss_by_epoch)


def test_a_confusion_matrix_shows_the_shares_of_one_model():
    study = synthetic.study(n_trials=8)
    result = study.retrained[3]
    figure = ARTIFACTS["confusion_matrix.png"](study, result)
    (drawn,) = figure.data
    for true, row in enumerate(result.confusion_matrix):
        assert drawn.z[true][0] == pytest.approx(100 * row[0] / sum(row), abs=0.05)


def test_the_misclassified_images_of_one_model_are_its_own():
    study = synthetic.study(n_trials=8)
    result = study.retrained[3]
    figure = ARTIFACTS["misclassified.png"](study, result)
    (drawn,) = figure.data
    for mistake, text in zip(result.mistakes, drawn.customdata, strict=True):
        assert f"image {mistake.index} of the test split" in text
    assert len(figure.layout.images) == len(result.mistakes)


def test_pictures_are_png_files():
    study = synthetic.study(n_trials=8)
    one, other = study.retrained[:2]
    found = contents(study, [(one, "confusion_matrix.png"), (other, "misclassified.png")])
    assert [content[:8] for content in found.values()] == [b"\x89PNG\r\n\x1a\n"] * 2


def test_without_a_browser_pictures_are_left_out_with_a_warning(monkeypatch, caplog):
    from analysis import png

    monkeypatch.setattr(png, "write_pictures", lambda *_: ({}, "Chrome is not installed"))
    study = synthetic.study(n_trials=8)
    both = [*wanted(study, "confusion_matrix.png"), *wanted(study, "learning_curve.csv")]
    assert {name for _, name in contents(study, both)} == {"learning_curve.csv"}
    assert "Chrome is not installed" in caplog.text


def test_what_is_not_recorded_makes_no_file():
    study = synthetic.bare(synthetic.study(n_trials=8))
    assert contents(study, [(study.retrained[0], name) for name in ARTIFACTS]) == {}


def test_no_artifact_is_a_page_whose_scripts_the_dashboard_would_run():
    assert {name.rpartition(".")[2] for name in ARTIFACTS} <= {"png", "csv"}
