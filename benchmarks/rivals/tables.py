"""The comparison: outcomes to rows, rows to tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

from benchmarks.measuring import Spread, ratios
from benchmarks.rivals.contenders import CONTENDERS, OURS, Contender
from benchmarks.rivals.outcome import Outcome
from benchmarks.rivals.results import outcomes_of
from benchmarks.table import Result, Table

ALLOWED_LOSS_POINTS = 0.5
"""How much worse than a rival's, in points of test accuracy, our winner may be."""

COLUMNS = (
    *("contender", "configuration", "searches", "seconds", "of which start-up"),
    *("trials", "epochs"),
    *("winner's validation accuracy", "winner's test accuracy", "memory"),
)
TARGET_COLUMNS = (
    *("rival", "configuration", "ours is faster", "wanted", "speed"),
    *("ours tests better", "wanted at least", "winner"),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contender, over all seeds that it was run with.

    Medians over seeds; accuracies in [0, 1]. What compares is None for ours, and where ours was
    not run with the same seed.

    Attributes:
        contender: Who.
        n_seeds: Searches.
        search_seconds: Wall time from launch to winner.
        start_up_seconds: Wall time from launch to the first trial.
        n_tried: Configurations.
        n_epochs: Epochs trained in all.
        validation_accuracy: By which the winner was chosen.
        test_accuracy: Mean over all retrained models of all winners; None if none was tested.
        test_deviation: Standard deviation of the same; None for fewer than two.
        peak_memory_bytes: Largest over seeds; None where unknown.
        speed_up: Its time divided by ours, within a seed.
        lead_points: Our mean test accuracy less its, in points, over the seeds that both have.
    """

    contender: Contender
    n_seeds: int
    search_seconds: float
    start_up_seconds: float
    n_tried: float
    n_epochs: float
    validation_accuracy: float
    test_accuracy: float | None
    test_deviation: float | None
    peak_memory_bytes: int | None
    speed_up: Spread | None = None
    lead_points: float | None = None

    @property
    def is_fast_enough(self) -> bool | None:
        """Whether ours is as much faster as wanted; None where that is not known."""
        if self.contender.wanted_speed_up is None or self.speed_up is None:
            return None
        return self.speed_up.median >= self.contender.wanted_speed_up

    @property
    def is_good_enough(self) -> bool | None:
        """Whether our winner is no worse than allowed; None where that is not known."""
        return None if self.lead_points is None else self.lead_points >= -ALLOWED_LOSS_POINTS


def compare(outcomes: Sequence[Outcome]) -> tuple[Row, ...]:
    """Return a row for each contender that has an outcome, in the order of the registry."""
    ours = {outcome.seed: outcome for outcome in outcomes if outcome.contender == OURS}
    return tuple(
        _row(contender, own, ours)
        for contender in CONTENDERS.values()
        if (own := [outcome for outcome in outcomes if outcome.contender == contender.name])
    )


def _row(contender: Contender, own: Sequence[Outcome], ours: dict[int, Outcome]) -> Row:
    tests = [accuracy for outcome in own for accuracy in outcome.test_accuracies]
    memory = [one.peak_memory_bytes for one in own if one.peak_memory_bytes is not None]
    rivals = [] if contender.name == OURS else [one for one in own if one.seed in ours]
    return Row(
        contender=contender,
        n_seeds=len(own),
        search_seconds=median(outcome.search_seconds for outcome in own),
        start_up_seconds=median(outcome.start_up_seconds for outcome in own),
        n_tried=median(len(outcome.found.tried) for outcome in own),
        n_epochs=median(outcome.found.n_epochs for outcome in own),
        validation_accuracy=median(outcome.found.winner_accuracy for outcome in own),
        test_accuracy=mean(tests) if tests else None,
        test_deviation=stdev(tests) if len(tests) > 1 else None,
        peak_memory_bytes=max(memory) if memory else None,
        speed_up=_speed_up([(ours[rival.seed], rival) for rival in rivals]),
        lead_points=_lead_points([(ours[rival.seed], rival) for rival in rivals]),
    )


def _speed_up(pairs: Sequence[tuple[Outcome, Outcome]]) -> Spread | None:
    if not pairs:
        return None
    return ratios([b.search_seconds for _, b in pairs], [a.search_seconds for a, _ in pairs])


def _lead_points(pairs: Sequence[tuple[Outcome, Outcome]]) -> float | None:
    tested = [(a.test_accuracies, b.test_accuracies) for a, b in pairs]
    leads = [mean(ours) - mean(theirs) for ours, theirs in tested if ours and theirs]
    return 100 * mean(leads) if leads else None


def tables(result: Result) -> list[Table]:
    """Return the tables of a results file."""
    rows = compare(outcomes_of(result))
    return [searches(rows), targets(rows)]


def searches(rows: Sequence[Row]) -> Table:
    """Return what each contender took and found."""
    return Table(
        title="Searches for the best configuration",
        columns=COLUMNS,
        rows=[_cells(row) for row in rows],
    )


def _cells(row: Row) -> tuple[str, ...]:
    memory = row.peak_memory_bytes
    return (
        row.contender.tool,
        row.contender.configuration,
        f"{row.n_seeds}",
        f"{row.search_seconds:.0f}",
        f"{row.start_up_seconds:.0f}",
        f"{row.n_tried:g}",
        f"{row.n_epochs:g}",
        f"{row.validation_accuracy:.1%}",
        _test_accuracy(row),
        "" if memory is None else f"{memory / 1e9:.1f} GB",
    )


def _test_accuracy(row: Row) -> str:
    if row.test_accuracy is None:
        return ""
    if row.test_deviation is None:
        return f"{row.test_accuracy:.1%}"
    return f"{100 * row.test_accuracy:.1f} ± {100 * row.test_deviation:.1f} %"


def targets(rows: Sequence[Row]) -> Table:
    """Return how much faster ours is than each rival, and how its winner compares."""
    return Table(
        title="Ours against each of them",
        columns=TARGET_COLUMNS,
        rows=[_target_cells(row) for row in rows if row.speed_up is not None],
    )


def _target_cells(row: Row) -> tuple[str, ...]:
    lead = row.lead_points
    return (
        row.contender.tool,
        row.contender.configuration,
        "" if row.speed_up is None else f"{row.speed_up.text(1)} times",
        f"{row.contender.wanted_speed_up:g} times",
        _met(row.is_fast_enough),
        "" if lead is None else f"{lead:+.1f} points",
        f"-{ALLOWED_LOSS_POINTS} points",
        _met(row.is_good_enough),
    )


def _met(is_met: bool | None) -> str:
    return {True: "met", False: "missed", None: "not known"}[is_met]
