import pytest

from benchmarks.rivals.contenders import CONTENDERS, OURS
from benchmarks.rivals.tables import compare, searches, targets
from tests.benchmarks.outcomes import outcome


def row_of(name, outcomes):
    (row,) = [row for row in compare(outcomes) if row.contender.name == name]
    return row


def test_every_tool_competes_as_shipped_and_at_its_best():
    by_tool = {}
    for contender in CONTENDERS.values():
        by_tool.setdefault(contender.tool, []).append(contender)
    del by_tool["ours"]
    assert len(by_tool) == 4
    for contenders in by_tool.values():
        assert contenders[0].configuration == "default"
        assert all(one.configuration.startswith("best") for one in contenders[1:])
        assert len(contenders) > 1
        assert len({one.wanted_speed_up for one in contenders}) == 1


def test_the_speed_up_is_the_median_of_the_ratios_and_not_the_ratio_of_medians():
    ours = [outcome(OURS, seconds=seconds, seed=seed) for seed, seconds in enumerate((10, 20, 90))]
    theirs = [
        outcome("optuna", seconds=seconds, seed=seed) for seed, seconds in enumerate((80, 60, 180))
    ]
    row = row_of("optuna", [*ours, *theirs])
    assert (row.speed_up.low, row.speed_up.median, row.speed_up.high) == (2.0, 3.0, 8.0)
    assert row.search_seconds == 80
    assert row.is_fast_enough is False


@pytest.mark.parametrize(("seconds", "verdict"), [(40.0, True), (39.9, False)])
def test_the_wanted_speed_up_is_reached_exactly_at_it(seconds, verdict):
    row = row_of("optuna", [outcome(OURS, seconds=10.0), outcome("optuna", seconds=seconds)])
    assert row.is_fast_enough is verdict
    (cells,) = targets([row]).rows
    assert cells[4] == ("met" if verdict else "missed")


@pytest.mark.parametrize(("accuracy", "lead", "verdict"), [(0.625, 0.0, True), (0.64, -1.5, False)])
def test_a_winner_is_judged_by_the_mean_of_its_tests(accuracy, lead, verdict):
    row = row_of("ray", [outcome(OURS), outcome("ray", test_accuracies=(accuracy,) * 3)])
    assert row.lead_points == pytest.approx(lead)
    assert row.is_good_enough is verdict


def test_a_rival_is_compared_only_over_the_seeds_that_ours_has_too():
    outcomes = [
        outcome(OURS, seconds=10, seed=0),
        outcome("bayesian", seconds=50, seed=0),
        outcome("bayesian", seconds=1000, seed=1),
    ]
    row = row_of("bayesian", outcomes)
    assert (row.speed_up.low, row.speed_up.high) == (5.0, 5.0)
    assert row.n_seeds == 2


def test_without_ours_or_without_tests_the_table_leaves_out_what_it_cannot_know():
    untested = outcome("hyperband", test_accuracies=(), peak_memory_bytes=None)
    row = row_of("hyperband", [untested])
    assert (row.speed_up, row.lead_points, row.test_accuracy) == (None, None, None)
    assert (row.is_fast_enough, row.is_good_enough) == (None, None)
    assert targets([row]).rows == []
    assert "None" not in searches([row]).markdown()
    compared = row_of("hyperband", [outcome(OURS), untested])
    assert targets([compared]).rows[0][-1] == "not known"


def test_a_row_counts_configurations_and_epochs_and_adds_up_to_the_wall_time():
    row = row_of(OURS, [outcome(OURS, seconds=100.0)])
    assert (row.n_tried, row.n_epochs) == (2, 3)
    assert (row.search_seconds, row.start_up_seconds) == (100.0, 10.0)
    assert row.speed_up is None


def test_the_tables_have_a_row_for_each_contender_in_the_order_of_the_registry():
    rows = compare([outcome(name) for name in reversed(CONTENDERS)])
    assert [row.contender.name for row in rows] == list(CONTENDERS)
    for table, n_rows in ((searches(rows), len(CONTENDERS)), (targets(rows), len(CONTENDERS) - 1)):
        assert len(table.rows) == n_rows
        assert {len(cells) for cells in table.rows} == {len(table.columns)}
