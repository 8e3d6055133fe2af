"""The clock that leaves breaks out, against brute force, and the bars of the time line."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pytest

from analysis import evidence
from analysis.charts import timeline
from analysis.clock import LONGEST_PAUSE_MINUTES, clock
from study.records import FamilyRecord, TrialRecord
from tests.analysis import synthetic

FULL = synthetic.study()


def study_of(*trials, **settings):
    """Return a study of (start, end, training minutes or None) in minutes."""
    records = tuple(
        TrialRecord(
            number=number,
            state="COMPLETE",
            value=0.5,
            validation_accuracy=((1, 0.5),),
            training_seconds=None if trained is None else 60.0 * trained,
            started=synthetic.START + timedelta(minutes=start),
            finished=synthetic.START + timedelta(minutes=end),
        )
        for number, (start, end, trained) in enumerate(trials)
    )
    family = FamilyRecord(family="a", trials=records, settings=settings)
    return evidence.from_study(dataclasses.replace(FULL, families=(family,), retrained=()))


def quiet_minutes(starts, ends, trained):
    """Return by brute force which whole minutes no trial's known stretches touch."""
    horizon = int(ends.max())
    busy = np.zeros(horizon, bool)
    for start, end, length in zip(starts, ends, np.fmin(trained, ends - starts), strict=True):
        busy[int(start) : int(start + length)] = True
        busy[int(end - length) : int(end)] = True
    return ~busy


def test_the_clock_leaves_out_the_quiet_times_that_are_long_enough():
    rng = np.random.default_rng(0)
    for _ in range(30):
        starts = np.sort(rng.integers(1000, size=8)).astype(float)
        starts -= starts[0]
        ends = starts + rng.integers(1, 200, size=8)
        trained = rng.integers(1, 60, size=8).astype(float)
        quiet = quiet_minutes(starts, ends, trained)
        edges = np.flatnonzero(np.diff(np.r_[0, quiet, 0]))
        lengths = edges[1::2] - edges[::2]
        expected = lengths[lengths > LONGEST_PAUSE_MINUTES]

        shown = clock(starts, ends, trained)

        assert [one.minutes for one in shown.breaks] == pytest.approx(expected.tolist())
        assert shown.total == pytest.approx(ends.max() - expected.sum())
        assert (np.diff(shown(np.arange(ends.max()))) >= 0).all()


def test_a_trial_that_waited_over_night_does_not_hide_the_break():
    # The first pauses after 5 minutes and ends next morning; the second trains before that.
    known = study_of((0, 700, 10), (2, 20, 18), (660, 690, 30))

    computed = timeline.compute(known)

    (one,) = computed.breaks
    assert (one.at, one.minutes) == pytest.approx((20, 640))
    assert computed.total_minutes == pytest.approx(60)
    assert computed.bars["end"].tolist() == pytest.approx([60, 20, 50])
    assert computed.bars["trained"].tolist() == pytest.approx([10, 20, 50])
    assert "took 1 h 0 min, without breaks of 10 h 40 min in all" in timeline.words(computed)


def test_a_trial_of_unknown_training_time_is_busy_from_start_to_end():
    computed = timeline.compute(study_of((0, 300, None)))

    assert computed.breaks == ()
    assert computed.total_minutes == 300


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        (2, "15 min 0 s, all trials together: 75 % of the time of 2 workers; the rest"),
        (1, "150 % of the one worker's time. More than all, as a worker"),
        (None, "15 min 0 s, all trials together. The longest"),
        (0, "15 min 0 s, all trials together. The longest"),
    ],
)
def test_words_say_how_much_of_the_time_was_training(workers, expected):
    known = study_of((0, 10, 9), (1, 8, 6), workers=workers)

    text = timeline.words(timeline.compute(known))

    assert "the search took 10 min 0 s" in text
    assert expected in text
    assert "The longest trial was trial 0 of a: 9 min 0 s" in text


def test_each_finished_trial_has_a_bar_from_its_start_to_its_end():
    computed = timeline.compute(evidence.from_study(FULL))

    trials = [trial for family in FULL.families for trial in family.trials]
    first = min(trial.started for trial in trials)
    assert len(computed.bars) == len(trials)
    for (_, bar), trial in zip(computed.bars.iterrows(), trials, strict=True):
        assert (bar["trial"], bar["state"]) == (trial.number, trial.state)
        assert 60 * bar["start"] == pytest.approx((trial.started - first).total_seconds())
        assert 60 * bar["end"] == pytest.approx((trial.finished - first).total_seconds())


def test_all_bars_of_a_state_are_one_path_however_many_trials_there_are():
    def n_shapes(n_trials):
        computed = timeline.compute(evidence.from_study(synthetic.study(n_trials=n_trials)))
        return len(timeline.draw(computed).layout.shapes)

    assert n_shapes(60) == n_shapes(20) == 2 * 2 * 3
