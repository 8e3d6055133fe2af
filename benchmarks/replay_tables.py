"""The tables of the replay, from its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.replay_experiments import BOTH, BUDGETS
from benchmarks.replay_policies import DEFAULT, NO_PRUNING, OPTUNA_HALVING, PRUNERS, ROUNDS
from benchmarks.table import Result, Table

Row = Mapping[str, Any]
"""A dataclass of the replay as JSON: see `replay_experiments.Result` and `replay_ranks`."""

SHOWN_EPOCHS = (1, 2, 3, 4, 6)


def tables(result: Result) -> list[Table]:
    """Return all tables of a result of `replay.py`."""
    measured = result["measured"]
    return [
        _recording(measured),
        _agreements(measured["agreements"]),
        _favours(measured["favours"]),
        _halves(measured["pruning"], measured["chosen"]),
        _by_family(measured["pruning"]["all"], measured["chosen"]),
        _equal_epochs(measured["pruning"]["B"], measured["chosen"]),
        _samplers(measured["sampling"]),
    ]


def _recording(measured: Row) -> Table:
    recording = measured["recording"]
    rows = []
    for family, numbers in recording["families"].items():
        noise = measured["noise"][family]
        twice = (
            f"{noise['points']:.2f} points, {noise['spearman']:.2f}" if noise else "not recorded"
        )
        rows.append(
            (
                family,
                str(numbers["n"]),
                str(numbers["n_failed"]),
                f"{100 * numbers['best']:.2f} %",
                f"{100 * numbers['median']:.2f} %",
                f"{numbers['hours']:.1f}",
                twice,
            )
        )
    settings = (
        f"{recording['dataset']}, {recording['n_train']:,} images to train on and "
        f"{recording['n_validation']:,} to validate with, {recording['epochs']} epochs, "
        f"{recording['precision']}"
    )
    return Table(
        title=f"The recorded curves: {settings}",
        columns=(
            *("family", "configurations", "failed", "best final accuracy", "median", "hours"),
            "trained twice: deviation over seeds, rank correlation",
        ),
        rows=rows,
    )


def _agreements(by_family: Mapping[str, Sequence[Row]]) -> Table:
    columns = [
        (family, score, among)
        for family in by_family
        for score in ("accuracy", "loss")
        for among in ("all", "top half")
    ]
    cells = {
        (family, each["score"], each["among"], each["epoch"]): (
            f"{each['spearman']:.2f} ({each['kendall']:.2f})"
        )
        for family, found in by_family.items()
        for each in found
    }
    epochs = sorted({epoch for *_, epoch in cells})
    return Table(
        title="Rank correlation of a score after an epoch with the final accuracy: "
        "Spearman's (Kendall's)",
        columns=("epoch", *(", ".join(column) for column in columns)),
        rows=[(str(epoch), *(cells[*column, epoch] for column in columns)) for epoch in epochs],
    )


def _favours(by_family: Mapping[str, Sequence[Row]]) -> Table:
    rows = []
    for family, found in by_family.items():
        for group in dict.fromkeys(each["group"] for each in found):
            shifts = {each["epoch"]: each for each in found if each["group"] == group}
            cells = [_shift(shifts[epoch]) for epoch in SHOWN_EPOCHS]
            rows.append((family, group, str(shifts[1]["n"]), *cells))
    return Table(
        title="Whom early scores favour: mean rank after an epoch less final rank, in percent of "
        "the ranking, with a 90 % interval",
        columns=("family", "group", "n", *(f"epoch {epoch}" for epoch in SHOWN_EPOCHS)),
        rows=rows,
    )


def _shift(each: Row) -> str:
    shift, low, high = (f"{100 * each[key]:+.0f}" for key in ("shift", "low", "high"))
    return f"{shift} [{low}, {high}]"


def _halves(parts: Mapping[str, Sequence[Row]], chosen: str) -> Table:
    confirmed = {each["policy"]: each for each in _both(parts["B"])}
    rows = [
        (
            _marked(each["policy"], chosen),
            *_cost_and_regret(each),
            *_cost_and_regret(confirmed[each["policy"]]),
        )
        for each in sorted(_both(parts["A"]), key=lambda each: each["epochs_share"]["mean"])
    ]
    return Table(
        title="Every policy under random search, both families: chosen on half A, confirmed on "
        "half B (median and 90 % band; regret in points)",
        columns=(
            "policy",
            *("A: epochs", "A: mean regret", "A: regret"),
            *("B: epochs", "B: mean regret", "B: regret"),
        ),
        rows=rows,
    )


def _cost_and_regret(each: Row) -> tuple[str, str, str]:
    return _percent(each["epochs_share"]), f"{each['regret']['mean']:.2f}", _points(each["regret"])


def _by_family(results: Sequence[Row], chosen: str) -> Table:
    shown = (NO_PRUNING, "Optuna Median, as it comes", "Optuna Hyperband", OPTUNA_HALVING)
    rows = [
        (
            _marked(each["policy"], chosen),
            each["family"],
            str(each["n_trials"]),
            _percent(each["epochs_share"]),
            _percent(each["seconds_share"]),
            _points(each["regret"]),
            f"{100 * each['on_target']:.0f} %",
            f"{each['n_whole']['median']:.0f}",
        )
        for each in results
        if each["policy"] in (*shown, DEFAULT, ROUNDS, chosen) and each["family"] != BOTH
    ]
    return Table(
        title="The default, rounds and others on all configurations, by family",
        columns=(
            *("policy", "family", "trials", "epochs", "time", "regret"),
            *("regret at most 0.5", "whole trials"),
        ),
        rows=rows,
    )


def _equal_epochs(results: Sequence[Row], chosen: str) -> Table:
    budgets = [f"{share:g}" for share in BUDGETS]
    after = {
        each["policy"]: [each["regret_after"][budget]["mean"] for budget in budgets]
        for each in _both(results)
    }
    optunas = [after[name] for name in PRUNERS if name != NO_PRUNING]
    best = [min(column) for column in zip(*optunas, strict=True)]
    rows = {"the best of Optuna's, column by column": best, **after}
    return Table(
        title="At equal epochs, half B: mean regret in points of a search stopped after a share of "
        "its trials' epochs",
        columns=("policy", *(f"{100 * share:g} %" for share in BUDGETS)),
        rows=[
            (_marked(name, chosen), *(f"{value:.2f}" for value in values))
            for name, values in rows.items()
        ],
    )


def _samplers(results: Sequence[Row]) -> Table:
    rows = [
        (
            each["policy"],
            each["sampler"],
            *(str(each["n_trials"]), str(each["n_seeds"])),
            _percent(each["epochs_share"]),
            f"{each['pool_regret']['mean']:.2f}",
            _points(each["pool_regret"]),
        )
        for each in _both(results)
    ]
    return Table(
        title="Samplers that choose among all configurations, both families: regret against the "
        "best of the pool",
        columns=("policy", "sampler", "trials", "seeds", "epochs", "mean regret", "regret"),
        rows=rows,
    )


def _both(results: Sequence[Row]) -> list[Row]:
    return [each for each in results if each["family"] == BOTH]


def _marked(policy: str, chosen: str) -> str:
    name = f"{policy} (chosen)" if policy == chosen else policy
    return f"**{name}**" if policy == DEFAULT else name


def _percent(band: Row) -> str:
    return f"{100 * band['median']:.0f} % [{100 * band['low']:.0f}, {100 * band['high']:.0f}]"


def _points(band: Row) -> str:
    return f"{band['median']:.2f} [{band['low']:.2f}, {band['high']:.2f}]"
