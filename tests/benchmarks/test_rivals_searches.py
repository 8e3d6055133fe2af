from dataclasses import replace

import keras
import keras_tuner
import numpy as np
import optuna
import pytest
import tensorflow as tf

import search_spaces.layers
from benchmarks.rivals import keras_tuners, ours, retraining
from benchmarks.rivals.contenders import CONTENDERS
from benchmarks.rivals.keras_fit import OWN_LAYERS, KerasUser
from benchmarks.rivals.setting import QUICK, Assignment, Setting
from benchmarks.rivals.styles import STYLES
from search_spaces import SPACES
from study import progress
from study.datasets import default_data_dir

PARAMS = {
    **SPACES["custom_cnn"].baselines["V3"],
    "convolutions_per_block": 1,
    "filters": 16,
    "filter_growth": 1.0,
}
SETTING = replace(QUICK, dataset="digits", n_images=100, n_trials=2, epochs=2)


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Put back what a contender changes in the process that it has for itself otherwise.

    Nothing is traced: with so few steps, that takes many times as long as training.
    """
    for name, (own_layer, _) in OWN_LAYERS.items():
        monkeypatch.setattr(search_spaces.layers, name, own_layer)
    monkeypatch.setitem(SPACES, "custom_cnn", SPACES["custom_cnn"])
    monkeypatch.setattr(progress, "Progress", progress.Progress)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
    keras.config.set_dtype_policy("float32")


def assignment(folder, contender="ours"):
    return Assignment(
        contender=contender,
        setting=SETTING,
        seed=0,
        fraction=SETTING.n_images / 1437,
        data_dir=default_data_dir(),
        scratch=folder,
    )


def prepared_user(folder, configuration):
    given = assignment(folder)
    return KerasUser.prepared(given, configuration, sample=given.draw_sample())


def assert_is_a_search(found):
    assert len(found.tried) == SETTING.n_trials
    assert found.winner in [tried.params for tried in found.tried]
    best = max(max(tried.accuracies) for tried in found.tried if tried.accuracies)
    assert 0 <= found.winner_accuracy <= best <= 1
    assert all(len(tried.accuracies) <= SETTING.epochs for tried in found.tried)
    assert found.first_trial_at < found.ended_at
    known = SPACES["custom_cnn"].suggest(optuna.trial.FixedTrial(dict(found.winner)))
    assert known == found.winner


def test_a_rival_as_shipped_is_made_of_keras_own_layers_only(tmp_path):
    model = prepared_user(tmp_path, "default").build(PARAMS)
    assert {type(layer).__module__.partition(".")[0] for layer in model.layers} == {"keras"}
    kinds = {type(layer) for layer in model.layers}
    assert {keras.layers.BatchNormalization, keras.layers.Dropout} <= kinds
    assert {policy.name for policy in (layer.dtype_policy for layer in model.layers)} == {"float32"}


def test_a_rival_at_its_best_has_our_layers_and_as_many_weights(tmp_path):
    model = prepared_user(tmp_path, "best").build(PARAMS)
    kinds = {type(layer) for layer in model.layers}
    assert {own_layer for own_layer, _ in OWN_LAYERS.values()} <= kinds
    assert model.count_params() == SPACES["custom_cnn"].count_parameters(
        PARAMS, image_shape=model.input_shape[1:], n_classes=10
    )


@pytest.mark.parametrize("style", STYLES)
def test_a_rivals_schedule_ends_with_its_last_epoch_also_after_a_break(style, tmp_path):
    user = prepared_user(tmp_path, style)
    model = user.build(PARAMS)
    whole = user.fit(model, PARAMS, epochs=1)
    again = user.build(PARAMS)
    continued = user.fit(again, PARAMS, epochs=2, initial_epoch=1)
    assert len(whole) == len(continued) == 1
    n_steps = again.optimizer.iterations.numpy()
    assert n_steps == 2 * model.optimizer.iterations.numpy()
    schedule = again.optimizer._learning_rate
    assert float(schedule(n_steps)) == 0.0 < float(schedule(n_steps - 1))


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_keras_tuner_reaches_every_corner_of_a_space(space):
    hyperparameters = keras_tuner.HyperParameters()
    space.suggest(keras_tuners.HyperParametersSuggester(hyperparameters))
    trial = optuna.create_study().ask()
    space.suggest(trial)
    assert set(hyperparameters.values) == set(trial.distributions)
    for end in (0.0, 1 - 1e-9):
        for parameter in hyperparameters.space:
            hyperparameters.values[parameter.name] = parameter.prob_to_value(end)
        params = space.suggest(keras_tuners.HyperParametersSuggester(hyperparameters))
        for name, distribution in trial.distributions.items():
            if isinstance(distribution, optuna.distributions.CategoricalDistribution):
                known = [(type(choice), choice) for choice in distribution.choices]
                assert (type(params[name]), params[name]) in known
                continue
            corner = distribution.high if end else distribution.low
            assert params[name] == pytest.approx(corner), name
            assert distribution._contains(params[name])


@pytest.mark.parametrize("epochs", [1, 2, 3, 8, 9, 12, 27])
def test_hyperband_is_known_to_begin_as_many_configurations_as_it_does(epochs):
    registered = keras_tuner.HyperParameters()
    registered.Float("x", 0.0, 1.0)
    oracle = keras_tuner.oracles.HyperbandOracle(
        keras_tuner.Objective("val_accuracy", "max"), max_epochs=epochs, hyperparameters=registered
    )
    oracle._set_project_dir("unused", "unused")
    oracle._save_trial = oracle.save = lambda *_: None
    n_begun = 0
    while (trial := oracle.create_trial("tuner")).status == "RUNNING":
        n_begun += trial.hyperparameters.values["tuner/round"] == 0
        oracle.update_trial(trial.trial_id, {"val_accuracy": trial.hyperparameters.values["x"]})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert keras_tuners.hyperband_configurations(epochs) == n_begun


def test_hyperband_is_given_the_whole_iterations_that_come_nearest():
    assert keras_tuners.hyperband_iterations(Setting(n_trials=1, epochs=9)) == 1
    assert keras_tuners.hyperband_iterations(Setting(n_trials=20, epochs=9)) == 1
    assert keras_tuners.hyperband_iterations(Setting(n_trials=30, epochs=9)) == 2


def test_our_search_runs_without_the_named_configurations(tmp_path):
    named = list(SPACES["custom_cnn"].baselines.values())
    found = ours.search(assignment(tmp_path))
    assert_is_a_search(found)
    assert not any(tried.params in named for tried in found.tried)
    assert found.remarks["precision"] in ("float32", "bfloat16")


@pytest.mark.parametrize(
    "contender",
    [
        pytest.param(contender, id=contender.name)
        for contender in CONTENDERS.values()
        if contender.packages and contender.packages != ("ray",)
    ],
)
def test_a_rivals_search_finds_one_of_what_it_tried(contender, tmp_path):
    for package in contender.packages:
        pytest.importorskip(package)
    found = contender.search(assignment(tmp_path, contender.name))
    assert_is_a_search(found)


def test_a_winner_is_retrained_and_tested_with_every_seed(tmp_path):
    twice = replace(assignment(tmp_path), setting=replace(SETTING, n_retrained=2, epochs=1))
    accuracies = retraining.test_accuracies(twice, PARAMS)
    assert len(accuracies) == 2
    n_test = len(twice.dataset.load_test(twice.data_dir))
    counts = np.array(accuracies) * n_test
    assert np.allclose(counts, counts.round())
