"""Winners retrained on other draws of the sample: which runs, which images, what goes on."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from study import draws, retrain
from study.cli import main
from study.config import RetrainConfig, SearchConfig
from study.datasets import DATASETS, draw_sample
from study.runs import Candidate, planned_runs
from study.seeds import draw_seed, retraining_seed
from study.winners import redrawn_results_of_winners, results_of_winners
from tests.study import small

HALF = SearchConfig(n_trials=3, epochs=1, fraction=0.5, precision="float32", sampler="random")
TWO_DRAWS = RetrainConfig(epochs=1, n_seeds=1, n_draws=2)


def candidate(configuration, *, source_trial=None):
    return Candidate(
        family="small", configuration=configuration, source_trial=source_trial, params={}
    )


def places(results):
    return [(result.draw, result.seed, result.augmented) for result in results]


def test_draws_are_outermost_and_only_winners_are_trained_on_others():
    winner, named = candidate("winner", source_trial=1), candidate("B1")

    runs = planned_runs([winner, named], n_seeds=2, n_draws=3)

    first = planned_runs([winner, named], n_seeds=2)
    assert runs[: len(first)] == first
    others = [(run.draw, run.seed, run.augmented) for run in runs[len(first) :]]
    assert others == list(itertools.product((1, 2), (0, 1), (False, True)))
    assert all(run.candidate == winner for run in runs[len(first) :])
    assert len({run.key for run in runs}) == len(runs)
    assert str(runs[-1]) == "small winner, augmented, draw 2, seed 1"


def test_a_draw_is_the_stratified_sample_of_its_own_seed_and_the_first_is_the_studys(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(DATASETS, "stripes", small.dataset())
    config = small.config(tmp_path, search=replace(HALF, seed=7))

    found = [draws.sample_of_draw(config, draw) for draw in range(3)]

    for draw, sample in enumerate(found):
        expected = draw_sample(
            small.images(60, seed=1), n_classes=3, fraction=0.5, seed=draw_seed(7, draw)
        )
        np.testing.assert_array_equal(sample.whole.images, expected.whole.images)
        assert np.bincount(sample.whole.labels).tolist() == [10, 10, 10]
    assert draw_seed(7, 0) == 7
    assert len({sample.whole.images.tobytes() for sample in found}) == 3


def test_seeds_of_other_draws_are_their_own_and_those_of_the_first_stay_as_they_were():
    seeds = [
        retraining_seed(0, "custom_cnn", draw=draw, seed=seed)
        for draw, seed in itertools.product(range(12), range(12))
    ]
    assert len(set(seeds)) == len(seeds)
    # As the models of the shipped studies were begun.
    assert seeds[:2] == [607839103, 1005922873]


def test_draws_are_added_to_what_is_done_and_change_nothing_of_it(run_job, tmp_path, monkeypatch):
    seen, loaded = [], []
    fit, score = retrain.Retrainer._fit, retrain.Retrainer._test

    def load_training(_folder):
        loaded.append(1)
        return small.images(60, seed=1)

    def watched(self, model, run, config):
        seen.append((run.draw, config.seed, len(self.train)))
        return fit(self, model, run, config)

    def better_on_other_draws(self, model):
        attrs, accuracy = score(self, model)
        return attrs, 1.0 if len(self.train) == 30 else accuracy / 2

    monkeypatch.setitem(DATASETS, "stripes", replace(small.dataset(), load_training=load_training))
    monkeypatch.setattr(retrain.Retrainer, "_fit", watched)
    monkeypatch.setattr(retrain.Retrainer, "_test", better_on_other_draws)
    first = run_job(search=HALF)
    assert (first.redrawn, loaded) == ((), [])
    kept = tmp_path / "out" / "models" / "small.keras"
    best = kept.read_bytes()

    second = run_job(search=HALF, retrain=TWO_DRAWS)

    assert len(loaded) == 1
    assert places(second.redrawn) == [(1, 0, False), (1, 0, True)]
    assert [(draw, n_images) for draw, _, n_images in seen] == 2 * [(0, 60)] + 2 * [(1, 30)]
    assert len({seed for _, seed, _ in seen}) == 2
    assert {one.test_accuracy for one in second.redrawn} == {1.0}
    assert kept.read_bytes() == best
    assert results_of_winners(second) == second.retrained == first.retrained
    assert redrawn_results_of_winners(second) == second.redrawn
    assert run_job(search=HALF, retrain=TWO_DRAWS) == second
    assert len(seen) == 4


def test_an_interrupted_draw_goes_on_where_it_ended(run_job, monkeypatch):
    calls = itertools.count()
    whole_fit = retrain.Retrainer._fit

    def interrupted(self, model, run, fit):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return whole_fit(self, model, run, fit)

    monkeypatch.setattr(retrain.Retrainer, "_fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_job(search=HALF, retrain=TWO_DRAWS)
    record = run_job(search=HALF, retrain=TWO_DRAWS)
    assert places((*record.retrained, *record.redrawn)) == [
        (draw, 0, augmented) for draw in (0, 1) for augmented in (False, True)
    ]
    assert next(calls) == 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--draws", "0"), "--draws must be between 1 and 100, but got 0."),
        (("--draws", "2", "--fraction", "1"), "--draws 2 needs a --fraction below 1"),
    ],
)
def test_draws_that_cannot_be_had_are_refused_in_one_line(
    options, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPTUNA_STORAGE", "sqlite:///studies.db")

    code = main(["run", "--dataset", "digits", "--quiet", *options])

    error = capsys.readouterr().err
    assert code == 2
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
