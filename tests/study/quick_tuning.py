"""KerasTuner's search of the small space, with training that costs nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

from keras_tuner.src.tuners import bayesian

from study.attributes import common_attrs
from study.config import SearchConfig
from study.environment import this_process
from study.family_search import FamilySearch
from study.keras_tuner.scheduler import TunerScheduler
from study.search import SearchTasks
from study.storage import open_for_writing, read_study
from study.studies import open_search_study
from study.trials import TrialFailedError
from tests.study import small
from tests.study.local_workers import LocalWorkers
from tests.study.quick_work import QuickWork

SETTINGS = SearchConfig(
    n_trials=8, epochs=3, fraction=1.0, precision="float32", engine="keras-tuner", tuner="random"
)
# One sweep: five configurations for two epochs, two of them for four; then three for four.
HYPERBAND = replace(SETTINGS, tuner="hyperband", epochs=4, n_trials=10)


class Killed(BaseException):
    """The end of the process: nothing is cleaned up."""


def score(params):
    return params["units"] / 1024 + 0.1 * params.get("label_smoothing", 0.0)


class Training:
    """Reports scores that follow from the configuration; what it trained is in `trained`."""

    def __init__(self, *, step=int, failing=lambda params: False):
        self.step, self.failing = step, failing
        self.trained = []

    def __call__(self, trial, params, *, epochs, until_epoch):
        stored = trial.storage.get_trial(trial._trial_id)
        accuracy = 0.0
        for epoch in range(len(stored.intermediate_values) + 1, until_epoch + 1):
            self._take_step(trial)
            self.trained.append((trial.number, epoch))
            accuracy = score(params) * (0.5 + 0.5 * epoch / epochs)
            trial.report(accuracy, step=epoch)
        if self.failing(params):
            raise TrialFailedError("diverged")
        self._take_step(trial)
        return accuracy

    def _take_step(self, trial):
        try:
            self.step()
        except Killed:
            trial.set_user_attr("worker", {**this_process(), "pid": _finished_pid()})
            raise


def stay_at_random_points(monkeypatch):
    """Let the Gaussian process choose among random points, without climbing from each."""

    def stay(function, x0, **_options):
        return SimpleNamespace(x=x0, fun=function(x0))

    scipy = SimpleNamespace(optimize=SimpleNamespace(minimize=stay))
    monkeypatch.setattr(bayesian, "scipy", scipy)


def _finished_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def run(folder, *, settings=SETTINGS, families=("alpha",), space=small.space, **training):
    """Search and return what was trained, as pairs of trial and epoch."""
    config = small.config(folder, families=families, search=settings)
    attrs = common_attrs(config, small.dataset(), small.sample(), precision="float32")
    quick = Training(**training)
    workers = LocalWorkers()
    with open_for_writing(config.storage_url) as storage:
        searches = [
            FamilySearch(
                one,
                open_search_study(storage, config, one, attrs=attrs),
                config=settings,
                scheduler=TunerScheduler(one, config=settings, workers=workers)
                if settings.engine == "keras-tuner"
                else None,
            )
            for one in map(space, families)
        ]
        tasks = SearchTasks(searches, config=settings, progress=small.silent_progress())
        workers.run(QuickWork(config=config, train=quick, space=space("alpha")), tasks)
        tasks.close()
    return quick.trained


def read(folder, family="alpha"):
    record = read_study(small.config(folder).storage_url, "trial-run")
    return next(one.trials for one in record.families if one.family == family)


def configurations(trials):
    return [tuple(sorted(trial.params.items())) for trial in trials]


def epochs(trial):
    return [epoch for epoch, _ in trial.validation_accuracy]


def curves(trials):
    return {
        configuration: (trial.state, trial.validation_accuracy)
        for configuration, trial in zip(configurations(trials), trials, strict=True)
    }


def assert_is_settled(trials, *, n_trials):
    """Check that nothing is lost, doubled, or left in the middle."""
    begun = [trial for trial in trials if trial.started]
    assert len(begun) == n_trials
    assert {trial.state for trial in begun} <= {"COMPLETE", "PRUNED", "FAIL"}
    assert len(set(configurations(begun))) == n_trials
    for trial in begun:
        assert epochs(trial) == list(range(1, len(epochs(trial)) + 1))
