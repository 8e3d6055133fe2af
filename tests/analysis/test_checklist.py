"""Each question of the checklist, asked of a study that is fair and of one that is not."""

from __future__ import annotations

import dataclasses
import shlex

import pytest
from optuna.distributions import (
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from analysis import answer, evidence, missed
from analysis.checklist import QUESTIONS, Check, check_all
from study.arguments import parse
from study.records import (
    FINALIST,
    MEASURED,
    AblationPath,
    FamilyRecord,
    StudyRecord,
    TrialRecord,
    ValidatedResult,
)
from tests.analysis import synthetic

SPACE = {
    "filters": IntDistribution(16, 64, step=16),
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
}


def trial(number: int, *, seconds: float = 10.0, **changes: object) -> TrialRecord:
    """Return a completed trial without fault, its configuration like no other's."""
    given = {
        "number": number,
        "state": "COMPLETE",
        "params": {"filters": 32, "learning_rate": 1e-3 * (1 + number / 100)},
        "distributions": {name: distribution_to_json(one) for name, one in SPACE.items()},
        "value": 0.7 - number / 1000,
        "validation_accuracy": ((1, 0.5), (2, 0.7), (3, 0.7)),
        "training_seconds": seconds,
    }
    return TrialRecord(**{**given, **changes})


def family(name: str, *, settings: dict | None = None, trials: tuple = ()) -> FamilyRecord:
    return FamilyRecord(
        family=name,
        trials=trials or tuple(trial(number) for number in range(12)),
        roles={"filters": "scientific", "learning_rate": "nuisance"},
        settings={
            "epochs": 3,
            "command": "python -m study run --trials 12 --name fair",
            **(settings or {}),
        },
    )


def study(*, other: FamilyRecord | None = None, **changes: object) -> StudyRecord:
    """Return a fair study but for another second family or other fields."""
    fair = synthetic.study(retrained=False)
    families = (family("alexnet_lite"), other or family("custom_cnn"))
    retrained = tuple(
        dataclasses.replace(run, source_trial=0, params={}) for run in synthetic.study().retrained
    )
    fields = {
        "name": "fair",
        "families": families,
        "retrained": retrained,
        "validated": fresh((0.69, 0.70, 0.71)) + drawn(0.60, 0.70),
        "ablations": (),
        **changes,
    }
    return dataclasses.replace(fair, **fields)


def fresh(accuracies: tuple[float, ...], *, n_trials: int = 1) -> tuple[ValidatedResult, ...]:
    """Return each family's first trials, of which 0 is the winner, trained from fresh seeds."""
    return tuple(
        ValidatedResult(
            number=0,
            family=name,
            purpose=FINALIST,
            params={"trial": number},
            seed=seed,
            validation_accuracy=accuracy - number / 1000,
            source_trial=number,
        )
        for name in ("alexnet_lite", "custom_cnn")
        for number in range(n_trials)
        for seed, accuracy in enumerate(accuracies)
    )


def drawn(*accuracies: float) -> tuple[ValidatedResult, ...]:
    """Return configurations of the second family drawn at random, and one of the first."""
    return tuple(
        ValidatedResult(
            number=0,
            family=name,
            purpose=MEASURED,
            params={"drawn": seed},
            seed=seed,
            validation_accuracy=accuracy,
        )
        for name, scores in (("custom_cnn", accuracies), ("alexnet_lite", (0.5,)))
        for seed, accuracy in enumerate(scores)
    )


def checks(record: StudyRecord) -> dict[str, Check]:
    return {check.question: check for check in check_all(evidence.from_study(record))}


def changed(number: int, **changes: object) -> FamilyRecord:
    """Return the second family with trial `number` and those after it changed."""
    kept = tuple(trial(one) for one in range(number))
    return family("custom_cnn", trials=kept + tuple(trial(n, **changes) for n in range(number, 12)))


WIDER = {
    **SPACE,
    "learning_rate": FloatDistribution(1e-5, 1e-1, log=True),
}
UNFAIR = {
    "Equal budgets": study(other=family("custom_cnn", trials=tuple(map(trial, range(11))))),
    "Searched alike": study(other=family("custom_cnn", settings={"epochs": 4})),
    "Nuisance hyperparameters tuned equally": study(
        other=changed(
            0, distributions={name: distribution_to_json(one) for name, one in WIDER.items()}
        )
    ),
    "Enough trials trained to the end": study(other=changed(9, state="PRUNED", value=None)),
    "Best values inside the space": study(
        other=changed(0, params={"filters": 64, "learning_rate": 1e-3})
    ),
    "Trained long enough to rank": study(
        other=changed(2, validation_accuracy=((1, 0.5), (2, 0.6), (3, 0.7)))
    ),
    "Few failures": study(other=changed(10, state="FAIL", value=None, failure="out of memory")),
    "Few duplicates": study(other=changed(10, params={"filters": 32, "learning_rate": 1e-3})),
    "Winner confirmed from fresh seeds": study(validated=fresh((0.60, 0.601, 0.602))),
    "No random draw better than the winner": study(
        validated=fresh((0.69, 0.70, 0.71)) + drawn(0.60, 0.7101)
    ),
    "Enough seeds": study(
        retrained=tuple(run for run in study().retrained if run.seed < 2),
    ),
    "Test split touched once": study(
        retrained=tuple(
            dataclasses.replace(run, source_trial=1 if run.seed == 2 else 0)
            for run in study().retrained
        )
    ),
    "The dataset that was wanted": study(
        dataset=dataclasses.replace(study().dataset, substitute_for="CIFAR-10 cannot be had.")
    ),
}


@pytest.mark.parametrize("name", ["engine", "sampler", "pruner", "tuner", "precision", "seed"])
def test_families_searched_otherwise_are_not_searched_alike(name):
    other = family("custom_cnn", settings={name: "x"})
    (problem,) = checks(study(other=other))["Searched alike"].problems
    assert f"setting {name} was" in problem


def test_a_model_that_was_tested_twice_is_counted():
    again = dataclasses.replace(study().retrained[0], number=99)
    check = checks(study(retrained=(*study().retrained, again)))["Test split touched once"]
    assert check.problems == ("1 retrained model was tested more than once.",)


def test_a_fair_study_passes_every_question():
    problems = {name: check.problems for name, check in checks(study()).items() if check.problems}
    assert problems == {}


DRAWN = (
    "One of 2 configurations of custom CNN drawn at random scored 65.0 % on the validation images"
)


@pytest.mark.parametrize(
    ("validated", "words"),
    [
        (drawn(0.99), "the winner 70.0 % in the search"),
        (fresh((0.6, 0.62)) + drawn(0.5, 0.65), f"{DRAWN}, the winner 61.0 % from fresh seeds"),
        # Within the margin of a point, and none drawn.
        (fresh((0.69, 0.71)) + drawn(0.7099), None),
        (fresh((0.69, 0.71)), None),
    ],
)
def test_a_random_draw_above_the_winner_is_a_warning_at_the_top_of_the_report(validated, words):
    known = evidence.from_study(study(validated=validated))
    found = missed.warnings(known)
    assert len(found) == (words is not None)
    assert all(words in warning for warning in found)
    assert set(found) <= set(answer.answer(known).warnings)


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_finds_what_it_asks_for_and_says_what_to_do(question):
    check = checks(UNFAIR[question])[question]
    assert not check.passed
    assert check.remedy


@pytest.mark.parametrize(
    ("question", "remedy"),
    [
        ("Enough seeds", "python -m study run --trials 12 --name fair --seeds 5"),
        ("Enough trials trained to the end", "python -m study run --name fair --trials 24"),
        (
            "Trained long enough to rank",
            "python -m study run --trials 12 --epochs 6 --name fair-longer",
        ),
    ],
)
def test_the_follow_up_is_the_studys_own_command_with_options_set_anew(question, remedy):
    assert checks(UNFAIR[question])[question].remedy == remedy


@pytest.mark.parametrize(
    ("validated", "found", "remedy"),
    [
        ((), "not trained again from fresh seeds", "--finalists 3"),
        (fresh((0.7,)), "a single fresh seed", "--finalists 3 --seeds 3"),
        (fresh((0.6, 0.6, 0.6)), "equal scores do not tell", "--finalists 3 --seeds 4"),
        (fresh((0.60, 0.601, 0.602)), "gave 60.1 % in place of the search's 70.0 %", "3"),
        (fresh((0.60, 0.601, 0.602), n_trials=4), "which one more run would", "--finalists 8"),
        (fresh((0.60, 0.70, 0.75)), "", ""),  # Seeds lie that far apart.
        (fresh((0.80, 0.801, 0.802)), "", ""),  # Better than it seemed is no fault.
    ],
)
def test_a_winner_is_confirmed_where_its_score_is_one_that_fresh_seeds_may_give(
    validated, found, remedy
):
    check = checks(study(validated=validated))["Winner confirmed from fresh seeds"]
    assert check.passed == (not found)
    assert all(found in problem for problem in check.problems)
    assert check.remedy.endswith(remedy)


def commands(text: str) -> list[list[str]]:
    """Return the arguments of each command that stands in a text, to its end."""
    return [shlex.split(part) for part in text.split("python -m study ")[1:]]


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_to_do_ends_in_a_command_that_the_program_takes(question):
    (arguments,) = commands(checks(UNFAIR[question])[question].remedy)
    assert parse(arguments).name.startswith("fair")


def test_the_remedies_name_what_answers_their_question():
    remedies = {question: checks(study())[question].remedy for question in QUESTIONS}
    # Two are drawn already.
    assert "--measure-trials 4" in remedies["Equal budgets"]
    assert "python -m study ablate --name fair" in remedies["Best values inside the space"]
    assert "--dataset cifar10" in remedies["The dataset that was wanted"]


def test_values_at_the_ends_are_told_once_a_family():
    check = checks(UNFAIR["Best values inside the space"])["Best values inside the space"]
    assert check.problems == (
        "custom CNN: the winner has filters at the upper end of the range; better values may lie "
        "outside.",
    )


def test_what_was_done_already_is_not_asked_for_again():
    paths = tuple(
        AblationPath(family=name, baseline="V1", winner=0, steps=())
        for name in ("alexnet_lite", "custom_cnn")
    )
    remedies = {name: check.remedy for name, check in checks(study(ablations=paths)).items()}
    assert "study ablate" not in remedies["Best values inside the space"]
    assert "--name fair-wider" in remedies["Best values inside the space"]
    none_drawn = checks(study(validated=fresh((0.69, 0.70, 0.71))))
    assert none_drawn["Equal budgets"].remedy.endswith("--measure-trials 20")


def test_what_was_not_looked_for_is_no_pass():
    check = checks(study(validated=fresh((0.69, 0.70, 0.71))))[
        "No random draw better than the winner"
    ]
    assert [problem.partition(":")[0] for problem in check.problems] == [
        "AlexNet-lite",
        "custom CNN",
    ]
    assert check.remedy.endswith("--name fair --measure-trials 20")


def test_records_without_anything_optional_are_asked_too():
    assert len(check_all(evidence.from_study(synthetic.bare(synthetic.study())))) == len(QUESTIONS)
