"""Winners that a configuration drawn at random outdid: the search missed something better."""

from __future__ import annotations

from statistics import fmean

from analysis.evidence import Evidence
from analysis.labels import family_label, percent
from analysis.selection import selected
from study.records import MEASURED


def warnings(evidence: Evidence) -> tuple[str, ...]:
    """Return a sentence for each family whose winner is not the best that was seen of it.

    The configurations of `--measure-trials` are drawn at random and trained as long as the winner,
    on the same images. Theirs is the best of several scores, the winner's a mean over fresh seeds
    where there are such: only a lead above the margin counts.
    """
    found = []
    for winner in selected(evidence):
        drawn = [
            result.validation_accuracy
            for result in evidence.study.validated
            if result.family == winner.family and result.purpose == MEASURED
        ]
        score = fmean(winner.fresh) if winner.fresh else winner.searched
        if drawn and max(drawn) > score + evidence.margin:
            whence = "from fresh seeds" if winner.fresh else "in the search"
            found.append(
                f"One of {len(drawn)} configurations of {family_label(winner.family)} drawn at "
                f"random scored {percent(max(drawn))} on the validation images, the winner "
                f"{percent(score)} {whence}: the search missed better ones, and what is compared "
                f"is not the best of this family."
            )
    return tuple(found)
