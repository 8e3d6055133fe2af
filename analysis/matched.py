"""Families compared at equally many parameters, beside their winners as they are.

All models are trained anew from the same fresh seeds and scored on the validation images, so the
two differences are alike in all but the size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from analysis.ablations import paired_difference
from analysis.evidence import Evidence
from analysis.statistics.verdict import Verdict, judge
from study.matching import SizeMatch, size_matches
from study.records import TrialRecord, ValidatedResult, validation_key

_Key = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trial trained anew, with its family."""

    family: str
    trial: TrialRecord


@dataclass(frozen=True, kw_only=True)
class FreshDifference:
    """Two configurations from the same fresh seeds.

    Attributes:
        first: One of them.
        second: The other one.
        seeds: Those that both were trained with.
        differences: Validation accuracy of the first less the second's, in [-1, 1], one a seed.
        verdict: On the first less the second.
    """

    first: Trained
    second: Trained
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What size has to do with the difference of two families.

    Attributes:
        match: Which trials.
        unmatched: The family whose winner is ahead less the other one, winners as they are; None if
            they were not trained from a common fresh seed.
        matched: The same families in the same order, with the larger winner's place taken by the
            trial of matched size; None as above, or if there is no such trial.
    """

    match: SizeMatch
    unmatched: FreshDifference | None
    matched: FreshDifference | None


def matched(evidence: Evidence) -> tuple[Matched, ...]:
    """Return the comparison of each pair of families whose winners' sizes are known."""
    study = evidence.study
    results = {one.key: one for one in study.validated}
    labels = np.frombuffer(study.validation_labels, np.uint8)
    return tuple(
        _matched(match, results, labels, margin=evidence.margin)
        for match in size_matches(study.families, study.validated)
    )


def _matched(
    match: SizeMatch,
    results: Mapping[_Key, ValidatedResult],
    labels: np.ndarray,
    *,
    margin: float,
) -> Matched:
    smaller = Trained(family=match.smaller.family, trial=match.smaller.trial)
    larger = Trained(family=match.larger.family, trial=match.larger.trial)
    unmatched = _difference((larger, smaller), results, labels, margin=margin)
    is_ahead = unmatched is None or fmean(unmatched.differences) >= 0
    if not is_ahead:
        unmatched = _difference((smaller, larger), results, labels, margin=margin)
    at_size = None
    if match.trial is not None:
        rival = Trained(family=match.larger.family, trial=match.trial)
        pair = (rival, smaller) if is_ahead else (smaller, rival)
        at_size = _difference(pair, results, labels, margin=margin)
    return Matched(match=match, unmatched=unmatched, matched=at_size)


def _difference(
    pair: tuple[Trained, Trained],
    results: Mapping[_Key, ValidatedResult],
    labels: np.ndarray,
    *,
    margin: float,
) -> FreshDifference | None:
    first, second = (_by_seed(one, results) for one in pair)
    seeds = tuple(sorted(first.keys() & second.keys()))
    if not seeds:
        return None
    a, b = ([runs[seed] for seed in seeds] for runs in (first, second))
    return FreshDifference(
        first=pair[0],
        second=pair[1],
        seeds=seeds,
        differences=tuple(
            one.validation_accuracy - other.validation_accuracy
            for one, other in zip(a, b, strict=True)
        ),
        verdict=judge(paired_difference(a, b, labels), margin=margin),
    )


def _by_seed(one: Trained, results: Mapping[_Key, ValidatedResult]) -> dict[int, ValidatedResult]:
    # Its key but for the seed, to look up all seeds at once.
    family, params, _ = validation_key(one.family, one.trial.params, 0)
    return {
        seed: result
        for (of, with_params, seed), result in results.items()
        if (of, with_params) == (family, params)
    }
