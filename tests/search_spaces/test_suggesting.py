import json
import warnings

import optuna
import pytest

from search_spaces import SPACES
from search_spaces.nuisance import NUISANCE

every_space = pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
BASELINES = [
    pytest.param(space, params, id=f"{space.name}-{name}")
    for space in SPACES.values()
    for name, params in space.baselines.items()
]


def ask(space):
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    space.suggest(trial)
    return trial


@every_space
def test_every_configuration_has_the_same_parameters_and_ranges(space):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    trials = [study.ask() for _ in range(200)]
    for trial in trials:
        assert space.suggest(trial) == trial.params
    assert all(trial.distributions == trials[0].distributions for trial in trials)


@every_space
def test_a_configuration_survives_json_and_holds_plain_values(space, draw_configurations):
    for params in draw_configurations(space, 200):
        assert json.loads(json.dumps(params)) == params
        assert {type(value) for value in params.values()} <= {str, int, float, bool}


@every_space
def test_the_choices_of_a_parameter_are_of_one_plain_type(space):
    for distribution in ask(space).distributions.values():
        if isinstance(distribution, optuna.distributions.CategoricalDistribution):
            types = {type(choice) for choice in distribution.choices}
            assert len(types) == 1
            assert types <= {str, int, float, bool}


@every_space
def test_a_fixed_trial_rebuilds_a_drawn_configuration(space, draw_configurations):
    for params in draw_configurations(space, 200):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Optuna only warns of a value out of range.
            assert space.suggest(optuna.trial.FixedTrial(dict(params))) == params


@pytest.mark.parametrize(("space", "params"), BASELINES)
def test_a_baseline_lies_inside_its_space(space, params):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert space.suggest(optuna.trial.FixedTrial(dict(params))) == params


@every_space
def test_a_space_has_a_baseline_and_its_key_for_a_name(space):
    assert space.baselines
    assert SPACES[space.name] is space


@every_space
def test_the_roles_name_exactly_the_suggested_parameters(space):
    assert set(space.roles) == set(ask(space).params)
    assert {name for name, role in space.roles.items() if role == "nuisance"} == set(NUISANCE)
    assert {name for name, role in space.roles.items() if role == "scientific"} == set(
        space.scientific
    )


def test_the_nuisance_parameters_have_the_same_ranges_in_every_space():
    ranges = [
        {name: trial.distributions[name] for name in NUISANCE}
        for trial in (ask(space) for space in SPACES.values())
    ]
    assert all(other == ranges[0] for other in ranges)
