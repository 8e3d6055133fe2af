from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import count

import optuna
import pytest
from optuna.trial import TrialState

from study import search
from study.config import SearchConfig
from study.environment import this_process
from study.errors import ConfigError, StudyError
from study.family_search import FamilySearch
from study.objective import Objective
from study.pruners import PRUNERS
from study.samplers import SAMPLERS
from study.schedulers import SCHEDULERS
from study.search import SearchTasks
from study.storage import open_for_writing, read_study
from study.studies import common_attrs, open_search_study
from study.training.loop import DivergedError
from study.trials import TrialFailedError
from tests.study import small
from tests.study.local_workers import LocalWorkers, ProcessDiedError
from tests.study.quick_work import QuickWork, quick_training

FAMILIES = ("alpha", "beta")
SETTINGS = SearchConfig(
    n_trials=4, epochs=2, fraction=1.0, precision="float32", sampler="random", pruner="none"
)


def stop_at(k, error=KeyboardInterrupt):
    """Return a function that raises at its k-th call, from 1."""
    calls = count(1)

    def step():
        if next(calls) == k:
            raise error

    return step


def interrupted_space(family, steps):
    """Return the small space, with something that happens while it suggests."""

    def suggest(suggester):
        steps.get("before", int)()
        units = suggester.suggest_int("units", 2, 512)
        steps.get("within", int)()
        return {"units": units}

    return small.space(family, suggest_architecture=suggest)


def run(folder, *, settings=SETTINGS, families=FAMILIES, stop=None, moment="after", train=None):
    """Search with quick trials and return the trials of each family."""
    config = small.config(folder, families=families, search=settings)
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    steps = {} if stop is None else {moment: stop}
    work = QuickWork(config=config, before=steps.get("after", int), train=train or quick_training)
    with open_for_writing(config.storage_url) as storage:
        searches = [
            FamilySearch(
                space, open_search_study(storage, config, space, attrs=attrs), config=settings
            )
            for space in (interrupted_space(family, steps) for family in families)
        ]
        tasks = SearchTasks(searches, config=settings, progress=small.silent_progress())
        try:
            LocalWorkers().run(work, tasks)
            tasks.close()
        finally:
            trials = {one.family: one.records() for one in searches}
    return trials


def read(folder):
    record = read_study(small.config(folder).storage_url, "trial-run")
    return {family.family: family.trials for family in record.families}


def counted(trials):
    """Return the trials that the budget counts."""
    finished = ("COMPLETE", "PRUNED", "FAIL")
    return [t for t in trials if t.state in finished and t.failure != "interrupted"]


def configurations(trials):
    return [tuple(sorted(trial.params.items())) for trial in trials]


# Budgets


def test_each_family_gets_its_number_of_trials_and_they_take_turns(tmp_path):
    run(tmp_path)
    trials = read(tmp_path)
    assert {family: len(counted(trials[family])) for family in FAMILIES} == {"alpha": 4, "beta": 4}
    order = sorted((trial.started, family) for family in FAMILIES for trial in trials[family])
    assert [family for _, family in order] == ["alpha", "beta"] * 4


@pytest.mark.parametrize(
    ("moment", "k"),
    [
        *(("before", k) for k in (1, 4, 5)),
        *(("within", k) for k in (1, 4, 5)),
        *(("after", k) for k in (1, 2, 5, 8)),
    ],
)
def test_an_interrupted_search_goes_on_with_equal_budgets_and_loses_no_configuration(
    tmp_path, k, moment
):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=stop_at(k), moment=moment)
    interrupted = read(tmp_path)
    n_counted = [len(counted(interrupted[family])) for family in FAMILIES]
    assert sum(n_counted) == k - 1
    assert max(n_counted) - min(n_counted) <= 1

    run(tmp_path)

    for family, trials in read(tmp_path).items():
        done = counted(trials)
        assert len(done) == SETTINGS.n_trials
        assert not [trial for trial in trials if trial.state in ("RUNNING", "WAITING")]
        assert len(set(configurations(done))) == len(done)
        stopped = [trial for trial in interrupted[family] if trial.state == "RUNNING"]
        assert len(stopped) <= 1
        if moment == "after":
            assert set(configurations(stopped)) <= set(configurations(done))
        assert_baselines_are_whole(family, done)


def assert_baselines_are_whole(family, trials):
    """Check that each named configuration is there once, with its own parameters and no others."""
    named = [(trial.baseline, dict(trial.params)) for trial in trials if trial.baseline]
    wanted = [(name, dict(params)) for name, params in small.space(family).baselines.items()]
    assert sorted(named, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_configuration_survives_being_interrupted_twice(tmp_path, moment):
    only = {"families": ("alpha",)}
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=stop_at(3), moment="after", **only)
    lost = configurations(read(tmp_path)["alpha"][:3])[2]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop=stop_at(1), moment=moment, **only)
    run(tmp_path, **only)
    assert configurations(counted(read(tmp_path)["alpha"])).count(lost) == 1


def test_named_configurations_are_tried_first_and_once(tmp_path):
    run(tmp_path)
    run(tmp_path, settings=replace(SETTINGS, n_trials=6))
    for trials in read(tmp_path).values():
        assert [trial.baseline for trial in trials] == ["B1", "B2", None, None, None, None]


def test_a_target_below_the_number_of_named_configurations_is_kept(tmp_path):
    run(tmp_path, settings=replace(SETTINGS, n_trials=1))
    run(tmp_path)
    for trials in read(tmp_path).values():
        assert [trial.baseline for trial in counted(trials)] == ["B1", "B2", None, None]


@pytest.mark.parametrize(("again", "total"), [(4, 4), (2, 4), (7, 7)])
def test_the_number_of_trials_is_a_total_that_counts_those_already_there(tmp_path, again, total):
    run(tmp_path)
    before = read(tmp_path)
    run(tmp_path, settings=replace(SETTINGS, n_trials=again))
    after = read(tmp_path)
    for family in FAMILIES:
        assert len(after[family]) == total
        assert after[family][:4] == before[family]


def test_a_family_that_is_behind_catches_up_first(tmp_path):
    run(tmp_path, families=("alpha",), settings=replace(SETTINGS, n_trials=3))
    run(tmp_path)
    trials = read(tmp_path)
    last_of_beta_to_catch_up = trials["beta"][2]
    assert trials["alpha"][3].started > last_of_beta_to_catch_up.finished


def test_the_time_budget_ends_the_search_with_equal_budgets(tmp_path, monkeypatch):
    class Clock:
        now = 0.0

        @classmethod
        def monotonic(cls):
            return cls.now

    def pass_time():
        Clock.now += 10.0

    monkeypatch.setattr(search, "time", Clock)
    settings = replace(SETTINGS, time_budget_seconds=25.0)
    run(tmp_path, settings=settings, stop=pass_time)
    assert [len(counted(trials)) for trials in read(tmp_path).values()] == [2, 2]


def test_two_searches_at_once_share_one_budget(tmp_path):
    # The other search runs from beginning to end while this one is in its first trial.
    steps = iter([lambda: run(tmp_path, families=("alpha",))])
    run(tmp_path, families=("alpha",), stop=lambda: next(steps, int)())
    assert len(counted(read(tmp_path)["alpha"])) <= SETTINGS.n_trials + 1


# Failures


def test_a_trial_that_fails_is_recorded_with_its_reason_and_the_search_goes_on(tmp_path):
    run(tmp_path, stop=stop_at(3, TrialFailedError("diverged: the loss is nan")))
    failed = [trial for trial in read(tmp_path)["alpha"] if trial.state == "FAIL"]
    assert [trial.failure for trial in failed] == ["diverged: the loss is nan"]
    assert failed[0].value is None
    assert [len(counted(trials)) for trials in read(tmp_path).values()] == [4, 4]


def test_a_score_that_is_no_number_fails_the_trial(tmp_path):
    only = {"families": ("alpha",), "settings": replace(SETTINGS, n_trials=1)}
    with pytest.warns(UserWarning, match="nan"):
        run(tmp_path, train=lambda *_, **_settings: float("nan"), **only)
    assert [trial.state for trial in read(tmp_path)["alpha"] if trial.started] == ["FAIL"]


@pytest.mark.parametrize(("n_deaths", "state"), [(1, "COMPLETE"), (2, "FAIL")])
def test_a_trial_whose_process_dies_is_tried_once_more_and_then_failed(tmp_path, n_deaths, state):
    only = {"families": ("alpha",)}
    run(tmp_path, settings=replace(SETTINGS, n_trials=2), **only)
    calls = count(1)

    def die():
        if next(calls) <= n_deaths:
            raise ProcessDiedError

    run(tmp_path, stop=die, **only)
    trials = read(tmp_path)["alpha"]
    assert len(counted(trials)) == SETTINGS.n_trials
    assert len(trials) == SETTINGS.n_trials
    assert trials[2].state == state
    if state == "FAIL":
        assert trials[2].failure == "its process was ended by SIGKILL, 2 times"


# Other processes


def finished_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.parametrize(("is_alive", "n_left_running"), [(False, 0), (True, 1)])
def test_a_running_trial_is_tried_again_if_its_process_is_dead_and_left_alone_if_not(
    tmp_path, is_alive, n_left_running
):
    only = {"families": ("alpha",)}
    run(tmp_path, settings=replace(SETTINGS, n_trials=2), **only)
    config = small.config(tmp_path)
    with open_for_writing(config.storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
        trial = optuna_study.ask()
        params = small.space("alpha").suggest(trial)
        worker = this_process() if is_alive else {**this_process(), "pid": finished_pid()}
        trial.set_user_attr("worker", worker)
    run(tmp_path, **only)
    trials = read(tmp_path)["alpha"]
    assert len(counted(trials)) == 4 - n_left_running
    assert sum(trial.state == "RUNNING" for trial in trials) == n_left_running
    again = [trial for trial in counted(trials) if trial.params == params]
    assert len(again) == 1 - n_left_running


def test_a_named_configuration_that_a_killed_process_had_half_suggested_is_tried_whole(tmp_path):
    only = {"families": ("alpha",)}
    config = small.config(tmp_path)
    run(tmp_path, settings=replace(SETTINGS, n_trials=1), **only)
    with open_for_writing(config.storage_url) as storage:
        optuna_study = optuna.load_study(study_name="trial-run/alpha", storage=storage)
        trial = optuna_study.ask()
        assert trial.user_attrs["baseline"] == "B2"
        trial.set_user_attr("worker", {**this_process(), "pid": finished_pid()})
        trial.suggest_int("units", 2, 512)
    run(tmp_path, **only)
    assert_baselines_are_whole("alpha", counted(read(tmp_path)["alpha"]))


# Randomness


def test_equal_seeds_propose_equal_configurations_and_different_ones_do_not(tmp_path):
    proposed = []
    for number, seed in enumerate([0, 0, 1]):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(folder, settings=replace(SETTINGS, seed=seed))
        proposed.append([configurations(trials)[2:] for trials in read(folder).values()])
    assert proposed[0] == proposed[1]
    assert proposed[0] != proposed[2]
    alpha, beta = proposed[0]
    assert not set(alpha) & set(beta)


def test_a_search_in_pieces_proposes_what_a_search_in_one_piece_does(tmp_path):
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    for folder in (whole, pieces):
        folder.mkdir()
    run(whole, settings=replace(SETTINGS, n_trials=6))
    for n_trials in (3, 4, 6):
        run(pieces, settings=replace(SETTINGS, n_trials=n_trials))
    for family in FAMILIES:
        one, other = (configurations(read(folder)[family]) for folder in (whole, pieces))
        assert one == other
        assert len(set(one)) == 6


# What does not compare


CHANGES = [
    ("epochs", {"search": replace(SETTINGS, epochs=3)}, {}),
    ("fraction", {"search": replace(SETTINGS, fraction=0.5)}, {}),
    ("seed", {"search": replace(SETTINGS, seed=1)}, {}),
    ("name", {}, {"dataset": small.dataset(name="other")}),
    ("precision", {}, {"precision": "bfloat16"}),
]


@pytest.mark.parametrize(("named", "config_changes", "other"), CHANGES)
def test_a_study_begun_with_other_settings_is_refused_and_stays_as_it_was(
    tmp_path, named, config_changes, other
):
    run(tmp_path)
    before = read_study(small.config(tmp_path).storage_url, "trial-run")
    config = small.config(tmp_path, **{"search": SETTINGS, **config_changes})
    arguments = {"dataset": small.dataset(), "precision": "float32", **other}
    attrs = common_attrs(
        config, arguments["dataset"], small.sample(), precision=arguments["precision"]
    )
    with (
        open_for_writing(config.storage_url) as storage,
        pytest.raises(ConfigError) as caught,
    ):
        open_search_study(storage, config, small.space("alpha"), attrs=attrs)
    message = str(caught.value)
    assert named in message
    assert "--name" in message
    assert "\n" not in message
    assert read_study(config.storage_url, "trial-run") == before


def test_a_study_that_another_program_filled_is_not_taken_over(tmp_path):
    config = small.config(tmp_path, families=("alpha",))
    with open_for_writing(config.storage_url) as storage:
        theirs = optuna.create_study(storage=storage, study_name="trial-run/alpha")
        theirs.add_trial(optuna.trial.create_trial(state=TrialState.COMPLETE, value=1e9))
    with pytest.raises(StudyError, match="trial-run/alpha"):
        run(tmp_path, families=("alpha",))


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, sampler="tpe"), replace(SETTINGS, pruner="median"), SETTINGS],
)
def test_sampler_and_pruner_may_change_and_are_noted(tmp_path, settings):
    run(tmp_path)
    run(tmp_path, settings=replace(settings, n_trials=5))
    record = read_study(small.config(tmp_path).storage_url, "trial-run")
    for family in record.families:
        assert family.settings["trials"] == 5
        assert family.settings["sampler"] == settings.sampler
        assert family.settings["pruner"] == settings.pruner


# Plug-ins


PLUG_INS = [(sampler, "none") for sampler in SAMPLERS]
PLUG_INS += [("random", pruner) for pruner in (*SCHEDULERS, *PRUNERS)]


@pytest.mark.parametrize(("sampler", "pruner"), PLUG_INS)
def test_every_sampler_and_pruner_runs_a_search_to_its_end(tmp_path, sampler, pruner):
    settings = replace(SETTINGS, n_trials=12, epochs=9, sampler=sampler, pruner=pruner)
    run(tmp_path, settings=settings, families=("alpha",))
    trials = read(tmp_path)["alpha"]
    assert [trial.number for trial in trials] == list(range(12))
    assert {trial.state for trial in trials} <= {"COMPLETE", "PRUNED"}
    assert any(trial.state == "COMPLETE" for trial in trials)
    assert len(set(configurations(trials))) == 12
    if pruner == "none":
        assert {trial.state for trial in trials} == {"COMPLETE"}
    for trial in trials:
        assert set(trial.params) == set(small.space("alpha").roles)
        assert 2 <= trial.params["units"] <= 512


@pytest.mark.parametrize("pruner", [name for name in PRUNERS if name != "none"])
def test_every_pruner_stops_a_hopeless_trial_and_spares_the_best(pruner):
    optuna_study = optuna.create_study(direction="maximize", pruner=PRUNERS[pruner](9))
    for accuracy in (*(0.5 + number / 100 for number in range(12)), 0.9, 0.01, 0.01, 0.01):
        trial = optuna_study.ask()
        for epoch in range(1, 10):
            trial.report(accuracy, step=epoch)
            if epoch < 9 and trial.should_prune():
                optuna_study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            optuna_study.tell(trial, accuracy)
    states = [trial.state for trial in optuna_study.get_trials()]
    assert states[12] == TrialState.COMPLETE
    assert TrialState.PRUNED in states[13:]


@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.parametrize("pruner", PRUNERS)
def test_every_pruner_takes_short_trials(pruner, epochs):
    optuna_study = optuna.create_study(direction="maximize", pruner=PRUNERS[pruner](epochs))
    for accuracy in (0.5, 0.6, 0.1):
        trial = optuna_study.ask()
        for epoch in range(1, epochs + 1):
            trial.report(accuracy, step=epoch)
            assert trial.should_prune() in (True, False)
        optuna_study.tell(trial, accuracy)


# The real objective, on a small network


def objective(space, *, epochs=2, on_epoch=lambda *_: None):
    settings = SearchConfig(n_trials=1, epochs=epochs, precision="float32")
    return Objective(
        space=space,
        dataset=small.dataset(),
        sample=small.sample(),
        config=settings,
        precision="float32",
        on_epoch=on_epoch,
    )


def test_a_trial_reports_and_records_every_epoch():
    told = []
    optuna_study = optuna.create_study(direction="maximize")
    trial = optuna_study.ask()
    value = objective(small.space(), on_epoch=lambda *args: told.append(args))(trial)
    frozen = optuna_study.tell(trial, value)
    assert list(frozen.intermediate_values) == [1, 2]
    assert frozen.intermediate_values[2] == value
    assert [(family, number, scores.epoch) for family, number, scores in told] == [
        ("small", 0, 1),
        ("small", 0, 2),
    ]
    for key in ("training_accuracy", "training_loss", "validation_loss"):
        assert len(frozen.user_attrs[key]) == 2
    units, n_inputs = frozen.params["units"], 48
    weights = n_inputs * units + units * small.N_CLASSES
    assert frozen.user_attrs["n_parameters"] == weights + units + small.N_CLASSES
    assert frozen.user_attrs["forward_flops"] == 2 * weights + units + small.N_CLASSES
    assert frozen.user_attrs["worker"] == this_process()


def test_a_pruned_trial_keeps_the_epochs_it_had():
    class PrunesAfterTwo(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            return trial.last_step == 2

    optuna_study = optuna.create_study(direction="maximize", pruner=PrunesAfterTwo())
    trial = optuna_study.ask()
    with pytest.raises(optuna.TrialPruned):
        objective(small.space(), epochs=4)(trial)
    assert len(trial.user_attrs["training_loss"]) == 2


def test_a_trial_is_never_pruned_at_its_last_epoch():
    class AlwaysPrunes(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            return True

    optuna_study = optuna.create_study(direction="maximize", pruner=AlwaysPrunes())
    assert 0 <= objective(small.space(), epochs=1)(optuna_study.ask()) <= 1


def unbuildable(*_args, **_kwargs):
    raise ValueError("Negative dimension size\n caused by ...")


def too_large(*_args, **_kwargs):
    raise MemoryError


def diverging(*_args, **_kwargs):
    raise DivergedError("the training loss is nan in epoch 1")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (unbuildable, "cannot be built: Negative dimension size caused by ..."),
        (too_large, "out of memory"),
        (diverging, "diverged: the training loss is nan in epoch 1"),
    ],
)
def test_a_trial_that_cannot_be_trained_says_why_in_one_line(build, reason):
    trial = optuna.create_study(direction="maximize").ask()
    with pytest.raises(TrialFailedError) as caught:
        objective(small.space(build=build))(trial)
    assert str(caught.value) == reason
