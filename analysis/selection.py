"""How much luck there is in the score that a winner was chosen by.

The best of many noisy scores is too good: it is the best partly because its noise was favourable
(Cawley and Talbot 2010, "On over-fitting in model selection and subsequent selection bias in
performance evaluation", Journal of Machine Learning Research 11). The same configuration trained
again from seeds that chose nothing has no such luck, on the same images and for as many epochs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy import special

from analysis.evidence import Evidence
from analysis.labels import count
from analysis.verdict_words import signed
from study.records import WINNER, TrialRecord
from study.winners import fresh_scores

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Selected:
    """A winner's scores side by side; accuracies in [0, 1].

    Attributes:
        family: Its family.
        trial: Its number.
        n_completed: Trials of which it was chosen.
        searched: The validation accuracy that the search saw.
        best: The best that it saw of any of them, which is another's where finalists chose.
        fresh: Validation accuracies from fresh seeds, one a seed.
        tested: Test accuracies by augmentation, means over seeds; absent where there are none.
    """

    family: str
    trial: int
    n_completed: int
    searched: float
    best: float
    fresh: Sequence[float]
    tested: dict[bool, float]

    @property
    def place(self) -> str:
        """Return how its score stands among those of all completed trials, in words."""
        which = "the best of" if self.searched >= self.best else "not the best of"
        return f"{which} {count(self.n_completed, 'completed trial')}"

    @property
    def luck(self) -> float | None:
        """Return by how much the search flattered it; None without fresh seeds."""
        return self.searched - fmean(self.fresh) if self.fresh else None

    def luck_interval(self) -> tuple[float, float] | None:
        """Return where the luck of one more run would lie with 95 %; None where that is not known.

        A prediction interval: the search's run is one draw of the same distribution, were it not
        chosen. If it holds no zero, the search's score cannot pass for an ordinary one. Seeds that
        all scored alike, as few images allow, no more tell how far apart seeds lie than one does.
        """
        if len(set(self.fresh)) < 2 or self.luck is None:
            return None
        n = len(self.fresh)
        quantile = special.stdtrit(n - 1, (1 + CONFIDENCE) / 2)
        half = quantile * stdev(self.fresh) * math.sqrt(1 + 1 / n)
        return self.luck - half, self.luck + half


def selected(evidence: Evidence) -> tuple[Selected, ...]:
    """Return each winner's scores, in the families' order."""
    return tuple(_selected(evidence, family, trial) for family, trial in evidence.winners.items())


def _selected(evidence: Evidence, family: str, trial: TrialRecord) -> Selected:
    completed = [one for one in evidence.family(family).trials if one.state == "COMPLETE"]
    fresh = fresh_scores(evidence.family(family), evidence.study.validated).get(trial.number, {})
    return Selected(
        family=family,
        trial=trial.number,
        n_completed=len(completed),
        searched=trial.value or 0.0,
        best=max((one.value or 0.0 for one in completed), default=0.0),
        fresh=tuple(fresh.values()),
        tested=_tested(evidence, family),
    )


def sentence(found: Selected, label: str) -> str:
    """Say by how much the search flattered a winner, or that it is not known."""
    searched = f"{100 * found.searched:.1f} %"
    if not found.fresh or found.luck is None:
        return (
            f"{label}: by how much the search's {searched}, {found.place}, flatters the winner is "
            "not known; --finalists 1 tells."
        )
    n = len(found.fresh)
    verb = "flattered" if found.luck >= 0 else "underrated"
    seeds = count(n, "fresh seed")
    text = (
        f"{label}: the search saw {searched}, {found.place}; "
        f"{seeds} gave {100 * fmean(found.fresh):.1f} % on the same images, so the search "
        f"{verb} it by {100 * abs(found.luck):.1f} percentage points"
    )
    interval = found.luck_interval()
    if interval is None:
        return f"{text}."
    low, high = (signed(end) for end in interval)
    if interval[0] > 0 or interval[1] < 0:
        judged = "more than chance between seeds explains"
    else:
        judged = "which chance between seeds may explain"
    return f"{text} (95 % interval of one more run: {low} to {high}), {judged}."


def _tested(evidence: Evidence, family: str) -> dict[bool, float]:
    rows = evidence.comparison
    own = rows[(rows["family"] == family) & (rows["configuration"] == WINNER)]
    return {
        bool(row["augmented"]): float(row["test_accuracy"])
        for _, row in own.iterrows()
        if row["n_seeds"] > 0
    }
