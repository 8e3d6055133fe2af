"""What is known of two studies and of what lies between them."""

from __future__ import annotations

from dataclasses import dataclass

from analysis import evidence
from analysis.evidence import Evidence
from analysis.pair.facts import Fact, compared_facts
from analysis.pair.orders import Order, compare_orders
from analysis.pair.runs import Runs, compare_runs, count_same_models
from analysis.pair.same_images import why_not_the_same
from analysis.statistics.verdict import DEFAULT_MARGIN
from study.errors import ConfigError
from study.records import StudyRecord


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two studies and what may be said of them together.

    Attributes:
        studies: The first and the second.
        labels: What they are called, unlike each other.
        families: Of either, in alphabetical order; a family keeps its colour by its place here.
        in_common: Facts that are the same of both.
        different: Facts that are not, or are recorded of one alone.
        why_not_judged: Why their test images are not known to be the same; empty where they are.
        n_same_models: Models of both that are repeats of each other, not samples.
        runs: Each family's winner in one study against that in the other.
        orders: Which of two families wins in each.
        margin: Differences of accuracy up to this do not matter.
    """

    studies: tuple[Evidence, Evidence]
    labels: tuple[str, str]
    families: tuple[str, ...]
    in_common: tuple[Fact, ...]
    different: tuple[Fact, ...]
    why_not_judged: str
    n_same_models: int
    runs: tuple[Runs, ...]
    orders: tuple[Order, ...]
    margin: float

    def named(self) -> tuple[tuple[str, Evidence], ...]:
        """Return each study with what it is called."""
        return tuple(zip(self.labels, self.studies, strict=True))


def from_studies(
    first: StudyRecord, second: StudyRecord, *, margin: float = DEFAULT_MARGIN
) -> Pair:
    """Derive what is known of two studies.

    Args:
        first: The records as they were read.
        second: Those of the other study.
        margin: Differences of accuracy up to this do not matter, above 0.

    Raises:
        ConfigError: If both are the same study.
        StorageError: If no trial of one of them has finished.
    """
    if first == second:
        raise ConfigError(f"Both studies are {first.name!r}, record by record; name two.")
    studies = (
        evidence.from_study(first, margin=margin),
        evidence.from_study(second, margin=margin),
    )
    in_common, different = compared_facts(*studies)
    why_not = why_not_the_same(first, second)
    return Pair(
        studies=studies,
        labels=_labels(first.name, second.name),
        families=tuple(sorted({name for known in studies for name in known.families})),
        in_common=in_common,
        different=different,
        why_not_judged=why_not,
        n_same_models=count_same_models(*studies),
        runs=() if why_not else compare_runs(*studies, margin=margin),
        orders=compare_orders(*studies),
        margin=margin,
    )


def _labels(first: str, second: str) -> tuple[str, str]:
    # The same name may stand in two databases.
    return (first, second) if first != second else (f"{first} (first)", f"{second} (second)")
