"""The commands that a report recommends are those of its own study."""

from __future__ import annotations

import dataclasses
import shlex

import pytest

from analysis import evidence, follow_up, gaps, remedies
from study.arguments import parse
from tests.analysis.test_checklist import UNFAIR, checks, family, study

A = "python -m study run --storage sqlite:///a.db --out a --name fair"


def of(command="", *, record=None, **settings):
    """Return the evidence of a study that a command was recorded of."""
    families = tuple(
        family(name, settings={"command": command, **settings})
        for name in ("alexnet_lite", "custom_cnn")
    )
    return evidence.from_study(dataclasses.replace(record or study(), families=families))


def test_a_command_for_another_database_stays_there():
    command = "python -m study run --storage=sqlite:///a.db --name fair"
    families = tuple(
        family(name, settings={"command": command}) for name in ("alexnet_lite", "custom_cnn")
    )
    remedies = {name: one.remedy for name, one in checks(study(families=families)).items()}
    ablate = "python -m study ablate --storage=sqlite:///a.db --name fair"
    assert remedies["Best values inside the space"].endswith(ablate)
    longer = "python -m study run --storage=sqlite:///a.db --epochs 6 --name fair-longer"
    assert remedies["Trained long enough to rank"] == longer


@pytest.mark.parametrize("command", ["", None, 'an "unclosed quote', "rm -rf ~ --name cifar10"])
def test_without_a_recorded_command_the_follow_up_names_the_study(command):
    families = tuple(
        family(name, settings={"command": command}) for name in ("alexnet_lite", "custom_cnn")
    )
    record = dataclasses.replace(UNFAIR["Enough seeds"], families=families, name="it's; mine")
    assert checks(record)["Enough seeds"].remedy == (
        """python -m study run --dataset cifar10 --name 'it'"'"'s; mine' --seeds 5"""
    )


def test_a_new_study_does_not_write_where_this_one_has():
    longer = follow_up.another(of(A), "longer")
    assert longer == "python -m study run --storage sqlite:///a.db --name fair-longer"
    assert follow_up.same(of(A), seeds=5) == f"{A} --seeds 5"


@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        ("", "", ""),
        (A, A, "--storage sqlite:///a.db"),
        (A, "", "--storage sqlite:///a.db --storage-b sqlite:///studies.db"),
        ("", A, "--storage-b sqlite:///a.db"),
        (A, A.replace("a.db", "b.db"), "--storage sqlite:///a.db --storage-b sqlite:///b.db"),
    ],
)
def test_two_studies_are_compared_in_the_databases_that_they_are_in(first, second, options):
    command = follow_up.compare(of(first), of(second))
    assert command == f"python -m analysis compare fair fair {options}".strip()


def test_the_commands_that_make_all_anew_are_those_recorded_and_the_report():
    assert follow_up.report(of(A)) == (
        "python -m analysis report --storage sqlite:///a.db --name fair"
    )
    assert follow_up.all_of(of(A)) == (A, follow_up.report(of(A)))
    assert follow_up.all_of(of("")) == ()


@pytest.mark.parametrize(
    "recorded", ["", "python -m study run --engine {} --trials 12 --name fair"]
)
@pytest.mark.parametrize(
    ("engine", "option"), [("optuna", "--sampler"), ("keras-tuner", "--tuner")]
)
def test_a_search_of_random_draws_is_one_that_its_engine_takes(engine, option, recorded):
    command = recorded.format(engine)
    known = of(command, record=UNFAIR["No random draw better than the winner"], engine=engine)
    _, _, arguments = remedies.search_anew(known).partition("python -m study ")
    words = shlex.split(arguments)
    assert words[words.index(option) + 1] == "random"
    assert parse(words).name == "fair-random"


@pytest.mark.parametrize(("fraction", "is_named"), [(0.25, True), (None, True), (1, False)])
def test_other_draws_are_named_where_there_is_something_to_draw(fraction, is_named):
    dataset = dataclasses.replace(study().dataset, fraction=fraction)
    sentences = gaps._of_further_runs(of(A, record=dataclasses.replace(study(), dataset=dataset)))
    assert any("--draws" in sentence for sentence in sentences) == is_named
