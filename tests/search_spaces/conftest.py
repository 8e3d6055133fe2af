import keras
import optuna
import pytest


@pytest.fixture
def draw_configurations():
    def draw(space, count, *, seed=0):
        sampler = optuna.samplers.RandomSampler(seed=seed)
        study = optuna.create_study(sampler=sampler)
        return [space.suggest(study.ask()) for _ in range(count)]

    return draw


@pytest.fixture
def bfloat16_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)
