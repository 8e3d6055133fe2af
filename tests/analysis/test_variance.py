"""The variance budget of a study: what is known of it, what is missing, and what it says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from analysis import comparison_json, evidence, variance
from analysis.answer import answer
from analysis.charts import CHARTS
from analysis.charts import variance as chart
from analysis.variance import DRAW, IMAGES, SEED
from tests.analysis import synthetic
from tests.analysis.synthetic_draws import with_draws

STUDY = synthetic.study()
PLAIN = evidence.from_study(STUDY)
DRAWN = evidence.from_study(with_draws(STUDY, 4))


def test_other_draws_change_no_verdict_table_or_other_chart():
    def told(known):
        found = comparison_json.of_study(known)
        return {name: of for name, of in found.items() if name not in {"variance", "redrawn"}}

    assert told(DRAWN) == told(PLAIN)
    assert DRAWN.retrained.equals(PLAIN.retrained)
    assert DRAWN.n_former_results == PLAIN.n_former_results == 0
    for name in ("seeds", "differences", "confusion", "by_class", "speed"):
        first, second = (repr(CHARTS[name].compute(known)) for known in (DRAWN, PLAIN))
        assert first == second


def test_with_draws_all_three_sources_are_known_of_each_winner_and_arm():
    found = variance.budgets(DRAWN)

    assert len(found) == 4
    for budget in found:
        assert budget.seeds == (3, 3, 3, 3)
        assert budget.lacking == {}
        runs = [
            result
            for result in (*DRAWN.results, *DRAWN.redrawn)
            if (result.family, result.augmented)
            == (budget.condition.family, budget.condition.augmented)
        ]
        by_draw = [[r.test_accuracy for r in runs if r.draw == draw] for draw in range(4)]
        within = np.mean([np.var(one, ddof=1) for one in by_draw])
        assert budget.components[SEED].variance == pytest.approx(within)


def test_without_draws_seeds_and_images_are_known_and_the_command_for_draws_is_named():
    computed = chart.compute(PLAIN)

    for budget in computed.budgets:
        assert budget.components[DRAW] is None
        assert None not in (budget.components[SEED], budget.components[IMAGES])
    said = chart.words(computed)
    assert "What “sample draw” adds is not known: too few draws (--draws 3)." in said
    texts = [text for trace in chart.draw(computed).data for text in trace.text or ()]
    assert texts.count("too few draws (--draws 3)") == 4


@pytest.mark.parametrize(
    ("study", "lacking"),
    [
        (synthetic.study(seeds=(0,)), {DRAW, SEED, IMAGES}),
        (synthetic.study(seeds=(0, 1)), {DRAW, SEED}),
        (synthetic.bare(STUDY), {DRAW, IMAGES}),
        (with_draws(synthetic.study(seeds=(0,)), 4), {DRAW, SEED}),
        (with_draws(STUDY, 2), {DRAW}),
    ],
    ids=["one seed", "two seeds", "no predictions", "one seed of each draw", "two draws"],
)
def test_what_is_not_known_is_said_and_why(study, lacking):
    for budget in variance.budgets(evidence.from_study(study)):
        assert budget.lacking.keys() == lacking
        assert all(budget.lacking.values())


def test_draws_of_a_difference_are_told_beside_the_verdict():
    differences = variance.redrawn_differences(DRAWN)

    assert [one.compared for one in differences] == list(DRAWN.verdicts)
    for one in differences:
        assert len(one.by_draw) == 4
        assert one.by_draw[0] == pytest.approx(np.mean(one.compared.differences))
    assert variance.redrawn_differences(PLAIN) == ()
    text = answer(DRAWN).text
    assert "not what another sample of the training images would, which moves" in text
    assert "over 4 draws (90 % interval up to" in text
    assert "which moves" not in answer(PLAIN).text
    assert "over 4 draws" in chart.words(chart.compute(DRAWN))


def test_results_of_former_winners_and_repeated_runs_on_other_draws_do_not_count():
    drawn = with_draws(STUDY, 3)
    first = drawn.redrawn[0]
    former = dataclasses.replace(first, number=9000, source_trial=999, test_accuracy=0.0)
    repeated = dataclasses.replace(first, number=9001)
    known = evidence.from_study(
        dataclasses.replace(drawn, redrawn=(*drawn.redrawn, former, repeated))
    )
    numbers = {result.number for result in known.redrawn}
    assert len(known.redrawn) == len(drawn.redrawn)
    assert 9001 in numbers
    assert not numbers & {9000, first.number}


def test_a_bar_stands_for_each_source_of_each_winner_and_arm():
    figure = chart.draw(chart.compute(DRAWN))
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert len(bars) == 4
    for bar, budget in zip(bars, variance.budgets(DRAWN), strict=True):
        assert bar.y == (DRAW, SEED, IMAGES)
        expected = [100 * budget.components[source].deviation for source in bar.y]
        assert list(bar.x) == pytest.approx(expected, abs=1e-3)
        assert (
            max(x + more for x, more in zip(bar.x, bar.error_x.array, strict=True))
            < (figure.layout.xaxis.range[1])
        )
