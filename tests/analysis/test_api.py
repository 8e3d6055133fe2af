"""What `import analysis` offers: the same study from every source, as frames, figures and words."""

from __future__ import annotations

import json
import math
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import optuna
import pandas as pd
import pytest
from optuna.storages import InMemoryStorage

import analysis
from analysis.evidence import from_study
from study.errors import ConfigError, StorageError
from study.records import MEASURED
from tests.analysis import synthetic

ROOT = Path(__file__).parents[2]
NAME = "reference-mnist"
KNOWN = from_study(synthetic.study())
FRAMES = (
    "verdicts",
    "comparison",
    "retrained",
    "by_class",
    "trials",
    "curves",
    "budgets",
    "fairness",
    "luck",
    "effects",
    "ablation",
    "f1_changes",
    "expected_best",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return Path(shutil.copy(ROOT / "studies.db", tmp_path_factory.mktemp("api")))


@pytest.fixture(scope="module")
def in_memory(path):
    """An in-memory storage that holds one of the shipped studies alone."""
    storage = InMemoryStorage()
    url = f"sqlite:///{path}"
    for member in ("custom_cnn", "alexnet_lite", "retrained"):
        optuna.copy_study(from_study_name=f"{NAME}/{member}", from_storage=url, to_storage=storage)
    return storage


def test_no_name_is_that_of_a_module_which_its_import_would_put_in_its_place():
    modules = {module.name for module in pkgutil.iter_modules(analysis.__path__)}

    assert not modules & set(analysis.__all__)
    assert set(analysis.__all__) <= set(dir(analysis))


def test_importing_the_package_imports_nothing_slow():
    check = "import analysis, sys; print(*sorted(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert not {"pandas", "plotly", "optuna", "numpy", "study"} & set(done.stdout.split())


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="verdict_"):
        _ = analysis.verdict_


def test_every_source_of_a_study_gives_the_same_frames_and_leaves_the_database_as_it_is(
    path, in_memory
):
    before = path.read_bytes()
    url = f"sqlite:///{path}"
    optuna_study = optuna.load_study(study_name=f"{NAME}/custom_cnn", storage=in_memory)
    wanted = analysis.load(storage=url, name=NAME)
    sources = (
        {"storage": path, "name": NAME},
        {"storage": in_memory},
        {"storage": in_memory, "name": NAME},
        {"optuna_study": optuna_study},
        {"evidence": wanted},
    )

    for source in sources:
        for frame in ("verdicts", "retrained", "curves"):
            found = getattr(analysis, frame)(**source)
            pd.testing.assert_frame_equal(found, getattr(analysis, frame)(evidence=wanted))

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_optuna_study_of_a_database_tells_where_it_is(path):
    optuna_study = optuna.load_study(study_name=f"{NAME}/retrained", storage=f"sqlite:///{path}")

    assert analysis.load(optuna_study=optuna_study).study.name == NAME


def own(name="mine/mlp", *, direction="maximize", version=1):
    study = optuna.create_study(study_name=name, direction=direction)
    if version is not None:
        study.set_user_attr("schema_version", version)
    study.add_trial(optuna.trial.create_trial(value=0.5))
    return study


@pytest.mark.parametrize(
    ("make", "error", "parts"),
    [
        (lambda: {"optuna_study": own("mlp")}, ConfigError, ("'mlp'", "NAME/FAMILY")),
        (lambda: {"optuna_study": own(version=None)}, ConfigError, ("'mine/mlp'", "schema_")),
        (lambda: {"optuna_study": own(version=9)}, StorageError, ("'mine'", "9", "update")),
        (lambda: {"optuna_study": own(direction="minimize")}, ConfigError, ("maximize", "'mine")),
        (lambda: {"optuna_study": own(), "name": "mine"}, ConfigError, ("'mine/mlp'", "leave")),
        (lambda: {"storage": InMemoryStorage()}, ConfigError, ("0 studies", "none")),
        (
            lambda: {"storage": own()._storage, "name": "yours"},
            StorageError,
            ("'yours'", "InMemoryStorage", "mine"),
        ),
        (lambda: {"storage": Path("nowhere.db")}, StorageError, ("'nowhere.db'",)),
        (lambda: {"optuna_study": own(), "margin": 1.0}, ConfigError, ("margin", "1.0")),
        (lambda: {"evidence": KNOWN, "margin": 0.1}, ConfigError, ("evidence", "margin")),
    ],
)
def test_a_source_that_cannot_be_used_is_an_error_of_one_line(make, error, parts):
    with pytest.raises(error) as raised:
        analysis.verdicts(**make())

    assert "\n" not in str(raised.value)
    for part in parts:
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: analysis.figure("curvs", evidence=KNOWN), "curves"),
        (lambda: analysis.configurations(family="custom", evidence=KNOWN), "custom_cnn"),
    ],
)
def test_an_unknown_chart_or_family_is_an_error_that_lists_the_known_ones(call, part):
    with pytest.raises(ConfigError, match=part):
        call()


@pytest.mark.parametrize("frame", FRAMES)
def test_changing_a_frame_changes_no_later_one(frame):
    first = getattr(analysis, frame)(evidence=KNOWN)
    before = first.copy()
    first.iloc[:, 0] = "changed"
    first["family"] = "changed"

    pd.testing.assert_frame_equal(getattr(analysis, frame)(evidence=KNOWN), before)


def test_accuracies_are_shares():
    for frame, column in (
        ("comparison", "test_accuracy"),
        ("trials", "validation_accuracy"),
        ("curves", "validation_accuracy"),
        ("by_class", "f1"),
        ("verdicts", "high"),
    ):
        values = getattr(analysis, frame)(evidence=KNOWN)[column].dropna()
        assert len(values) and values.abs().max() <= 1


def test_verdicts_are_those_of_comparison_json(ordinary_report):
    content = json.loads(ordinary_report.json.read_text(encoding="utf-8"))["verdicts"]
    frame = analysis.verdicts(evidence=KNOWN)

    for row, stored in zip(frame.to_dict("records"), content, strict=True):
        assert row["first_family"] == stored["first"]["family"]
        assert row["second_augmented"] == stored["second"]["augmented"]
        for name in ("word", "difference", "low", "high", "confidence", "margin", "probability"):
            assert row[name] == stored[name]
        assert row["n_seeds"] == len(stored["seeds"])
        assert stored["word"] in row["sentence"]


def test_what_stands_behind_the_verdicts_is_that_of_comparison_json(ordinary_report):
    content = json.loads(ordinary_report.json.read_text(encoding="utf-8"))
    luck = analysis.luck(evidence=KNOWN)
    assert list(luck["luck"]) == [one["luck"] for one in content["selection"]]
    effects = analysis.effects(evidence=KNOWN)
    (found,) = content["effects"]
    assert dict(zip(effects["effect"], effects["mean"], strict=True)) == {
        name: estimate["mean"] for name, estimate in found["effects"].items()
    }
    path = analysis.ablation(evidence=KNOWN)
    steps = [step for one in content["ablations"] for step in one["steps"]]
    assert [gain for gain in path["gain"] if not math.isnan(gain)] == [
        step["gain"]["mean"] for step in steps if step["gain"]
    ]
    assert list(path["after"]) == [step["after"] for step in steps]


def test_the_best_to_expect_of_one_trial_is_the_mean_of_those_drawn():
    frame = analysis.expected_best(evidence=KNOWN)
    for family, rows in frame.groupby("family"):
        drawn = [
            one.validation_accuracy
            for one in KNOWN.study.validated
            if (one.family, one.purpose) == (family, MEASURED)
        ]
        assert list(rows["n_trials"]) == list(range(1, len(drawn) + 1))
        assert rows["validation_accuracy"].iloc[0] == pytest.approx(sum(drawn) / len(drawn))
        assert rows["validation_accuracy"].iloc[-1] == pytest.approx(max(drawn))


def test_a_larger_margin_changes_the_word():
    study = synthetic.study(accuracy=lambda family, augmented: 0.8)
    words = [
        set(analysis.verdicts(evidence=from_study(study, margin=margin))["word"])
        for margin in (0.001, 0.5)
    ]

    assert "EQUIVALENT" not in words[0]
    assert words[1] == {"EQUIVALENT"}


def test_what_a_single_seed_cannot_tell_is_missing():
    row = analysis.verdicts(evidence=from_study(synthetic.study(seeds=(0,)))).iloc[0]

    assert row["word"] == "UNDECIDED"
    assert math.isfinite(row["difference"])
    assert row[["low", "high", "probability", "n_more_seeds"]].isna().all()


def test_without_retrained_models_there_are_no_verdicts_but_trials():
    evidence = from_study(synthetic.study(retrained=False))

    assert analysis.verdicts(evidence=evidence).empty
    assert len(analysis.trials(evidence=evidence)) == 60
    assert "retrained yet" in str(analysis.conclusion(evidence=evidence))


def test_the_conclusion_prints_all_that_it_holds():
    found = analysis.conclusion(evidence=KNOWN)

    assert str(found).split("\n\n") == [*found.verdicts, *found.warnings, found.text]


def test_importances_of_too_few_trials_are_a_row_that_says_so():
    frame = analysis.importance(evidence=from_study(synthetic.study(n_trials=4)))

    assert len(frame) == 2 * 2
    assert frame["share"].isna().all()
    assert frame["problem"].str.contains("too few trials").all()


def test_importances_of_a_method_add_up_to_one():
    frame = analysis.importance(evidence=from_study(synthetic.study(families=("custom_cnn",))))

    assert set(frame["problem"]) == {""}
    sums = frame.groupby(["family", "evaluator"])["share"].sum()
    assert list(sums) == pytest.approx([1.0] * 2)
    assert frame["top_stability"].between(0, 1).all()


def test_configurations_have_a_column_for_each_hyperparameter_with_its_own_type():
    frame = analysis.configurations(family="custom_cnn", evidence=KNOWN)

    assert list(frame.index) == [trial.number for trial in KNOWN.family("custom_cnn").trials]
    assert frame["learning_rate"].dtype == float


def test_a_figure_is_the_one_of_the_report():
    chart = analysis.CHARTS["differences"]

    assert analysis.figure("differences", evidence=KNOWN) == chart.draw(chart.compute(KNOWN))


def test_figures_are_all_of_the_report_in_its_order():
    small = from_study(synthetic.study(n_trials=4, validated=False))

    assert list(analysis.figures(evidence=small)) == list(analysis.CHARTS)
