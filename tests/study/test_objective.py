"""The real objective, on a small network."""

from __future__ import annotations

import numpy as np
import optuna
import pytest

from study.config import SearchConfig
from study.environment import this_process
from study.objective import Objective
from study.training.loop import DivergedError
from study.trials import TrialFailedError
from tests.study import small


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


def test_a_trial_on_a_former_ones_model_scores_as_on_its_own():
    def scores(*, reuses):
        sampler = optuna.samplers.RandomSampler(seed=3)
        optuna_study = optuna.create_study(direction="maximize", sampler=sampler)
        objectives = []
        for units in (8, 8):
            if not objectives or not reuses:
                objectives.append(objective(small.space()))
            optuna_study.enqueue_trial({"units": units})
            trial = optuna_study.ask()
            optuna_study.tell(trial, objectives[-1](trial))
        assert len(objectives) == (1 if reuses else 2)
        return [list(trial.intermediate_values.values()) for trial in optuna_study.get_trials()]

    np.testing.assert_allclose(scores(reuses=True), scores(reuses=False), rtol=1e-6)
