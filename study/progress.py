"""Progress of a run, told on stderr: bars on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from study.records import INTERRUPTED, RetrainedResult, TrialRecord, ValidatedResult

logger = logging.getLogger(__name__)
FINISHED = ("COMPLETE", "PRUNED", "FAIL")


@dataclass(kw_only=True)
class _Tally:
    target: int
    trials: dict[int, TrialRecord] = field(default_factory=dict)

    def add(self, trial: TrialRecord) -> None:
        # A trial that waits counts, too: most of those that pause never go on.
        if trial.failure != INTERRUPTED and (trial.state in FINISHED or trial.validation_accuracy):
            self.trials[trial.number] = trial

    @property
    def n_tried(self) -> int:
        return len(self.trials)

    def __str__(self) -> str:
        values = [trial.value for trial in self.trials.values() if trial.value is not None]
        best = f"{max(values):.2%}" if values else "none yet"
        return f"best {best}, {len(values)} trained to the end"


@dataclass(kw_only=True)
class Progress:
    """Shows how far a run is.

    Attributes:
        console: Where the bars are drawn.
        quiet: Whether to show nothing.
    """

    console: Console
    quiet: bool = False
    _bars: Bars = field(init=False)
    _tallies: dict[str, _Tally] = field(init=False, default_factory=dict)
    _tasks: dict[str, TaskID] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[status]}"),
            TextColumn("time left"),
            TimeRemainingColumn(),
            console=self.console,
            # A file or a pipe gets the log's lines instead.
            disable=self.quiet or not self.console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def family_started(self, family: str, trials: Iterable[TrialRecord], *, target: int) -> None:
        """Show a family's bar with the trials it already has."""
        tally = self._tallies[family] = _Tally(target=target)
        for trial in trials:
            tally.add(trial)
        self._tasks[family] = self._bars.add_task(
            f"search {family}", total=target, completed=tally.n_tried, status=str(tally)
        )

    def trial_told(self, family: str, trial: TrialRecord) -> None:
        """Tell of a trial that has ended or paused."""
        tally = self._tallies[family]
        tally.add(trial)
        self._bars.update(self._tasks[family], completed=tally.n_tried, status=str(tally))
        last = trial.validation_accuracy[-1] if trial.validation_accuracy else None
        score = f"{last[1]:.2%} after epoch {last[0]}" if last else trial.failure or "no score"
        state = "paused" if trial.state == "RUNNING" else trial.state.lower()
        logger.info(
            "%s trial %d %s: %s (%d of %d; %s)",
            *(family, trial.number, state, score, tally.n_tried, tally.target, tally),
            extra={"family": family, "trial": trial.number},
        )

    def validation_started(self, n_done: int, *, target: int) -> None:
        """Show the bar of the configurations that are trained anew for validation."""
        self._tasks["validate"] = self._bars.add_task(
            "validate", total=target, completed=n_done, status=""
        )

    def validated(self, result: ValidatedResult) -> None:
        """Move the bar of the configurations that are trained anew on by one."""
        self._bars.update(
            self._tasks["validate"], advance=1, status=f"last {result.validation_accuracy:.2%}"
        )
        source = "" if result.source_trial is None else f" {result.source_trial}"
        logger.info(
            "%s %s%s, seed %d: validation accuracy %.2f%%",
            *(result.family, result.purpose, source, result.seed),
            100 * result.validation_accuracy,
            extra={"family": result.family, "seed": result.seed},
        )

    def retraining_started(self, n_done: int, *, target: int) -> None:
        """Show the bar of the runs that are tested."""
        self._tasks["retrain"] = self._bars.add_task(
            "retrain", total=target, completed=n_done, status=""
        )

    def retrained(self, result: RetrainedResult) -> None:
        """Move the bar of the runs that are tested on by one."""
        self._bars.update(
            self._tasks["retrain"], advance=1, status=f"last {result.test_accuracy:.2%}"
        )
        logger.info(
            "%s %s, %s%s, seed %d: test accuracy %.2f%%",
            *(result.family, result.configuration),
            "augmented" if result.augmented else "not augmented",
            *(f", draw {result.draw}" if result.draw else "", result.seed),
            100 * result.test_accuracy,
            extra={"family": result.family, "seed": result.seed},
        )
