"""A trial goes on from its own checkpoint alone, and from none later than its last known epoch."""

from __future__ import annotations

import optuna
import pytest

from study.checkpoints import checkpoint_of
from study.config import SearchConfig
from study.objective import Objective
from study.training.kept_models import KeptModels
from tests.study import small

EPOCHS = 4
KEPT_MODELS = KeptModels()
PARAMS = {"units": 4, **small.NUISANCE}


def objective(folder, *, seed=0):
    return Objective(
        space=small.space(),
        dataset=small.dataset(),
        sample=small.sample(),
        config=SearchConfig(n_trials=1, epochs=EPOCHS, seed=seed, precision="float32"),
        precision="float32",
        on_epoch=lambda *_: None,
        checkpoints=folder,
        kept_models=KEPT_MODELS,
    )


def begun(folder, *, until_epoch, seed=0):
    """Begin a trial in a database of its own."""
    optuna_study = optuna.create_study(direction="maximize")
    optuna_study.enqueue_trial(PARAMS)
    trial = optuna_study.ask()
    objective(folder, seed=seed)(trial, until_epoch=until_epoch)
    return optuna_study


def continued(optuna_study, folder, *, until_epoch):
    """Go on with the trial as another process would, and return what is stored of it then."""
    trial = optuna.Trial(optuna_study, optuna_study.get_trials()[0]._trial_id)
    objective(folder)(trial, until_epoch=until_epoch)
    return optuna_study.get_trials()[0]


def warnings(caplog):
    return [one.getMessage() for one in caplog.records if one.name == "study.objective"]


def assert_begins_as(trial, whole, *, n_epochs):
    assert sorted(trial.intermediate_values) == list(range(1, n_epochs + 1))
    for epoch, score in trial.intermediate_values.items():
        assert score == pytest.approx(whole.intermediate_values[epoch])
    # Which tells more: of twelve images many runs get equally many right.
    losses = whole.user_attrs["training_loss"][:n_epochs]
    assert trial.user_attrs["training_loss"] == pytest.approx(losses, rel=1e-4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The trial if nothing happens to it."""
    optuna_study = begun(tmp_path_factory.mktemp("whole"), until_epoch=EPOCHS)
    return optuna_study.get_trials()[0]


def test_a_trial_goes_on_from_its_own_checkpoint(tmp_path, whole, caplog):
    optuna_study = begun(tmp_path, until_epoch=2)
    trial = continued(optuna_study, tmp_path, until_epoch=EPOCHS)
    assert_begins_as(trial, whole, n_epochs=EPOCHS)
    assert warnings(caplog) == []
    assert "lost_epochs" not in trial.user_attrs


@pytest.mark.parametrize("lost", [3, 2])
@pytest.mark.parametrize("until_epoch", [3, EPOCHS])
def test_a_trial_whose_database_lost_an_epoch_is_begun_again(
    lost, until_epoch, tmp_path, whole, caplog
):
    optuna_study = begun(tmp_path, until_epoch=3)
    # As after a power cut, or where a row was deleted: the files know more than the database.
    del optuna_study._storage._get_trial(0).intermediate_values[lost]

    trial = continued(optuna_study, tmp_path, until_epoch=until_epoch)

    assert_begins_as(trial, whole, n_epochs=until_epoch)
    (warning,) = warnings(caplog)
    assert "is begun again" in warning


def test_a_trial_does_not_go_on_from_the_checkpoint_of_another_database(tmp_path, whole, caplog):
    ours = begun(tmp_path, until_epoch=1)
    begun(tmp_path, until_epoch=1, seed=1)

    trial = continued(ours, tmp_path, until_epoch=2)

    assert_begins_as(trial, whole, n_epochs=2)
    (warning,) = warnings(caplog)
    assert f"{checkpoint_of(tmp_path, 'small', 0)} is begun again" in warning
    assert "another run" in warning
