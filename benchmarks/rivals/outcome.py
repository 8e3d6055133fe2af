"""What a contender's search gave, and what its winner is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One configuration that a search tried.

    Attributes:
        params: Hyperparameters by name.
        accuracies: Validation accuracy after each epoch that was trained, in [0, 1].
    """

    params: Mapping[str, Any]
    accuracies: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a contender tells of its search.

    Attributes:
        tried: Every configuration, in the order of their beginnings.
        winner: Hyperparameters of the one that the contender calls the best.
        winner_accuracy: The validation accuracy by which it chose, in [0, 1].
        first_trial_at: When training began, in seconds since 1970.
        ended_at: When the winner was known, in seconds since 1970.
        remarks: What else is worth knowing, as the arithmetic.
    """

    tried: tuple[Tried, ...]
    winner: Mapping[str, Any]
    winner_accuracy: float
    first_trial_at: float
    ended_at: float
    remarks: Mapping[str, Any]

    @property
    def n_epochs(self) -> int:
        """Epochs trained in all."""
        return sum(len(tried.accuracies) for tried in self.tried)

    def to_fields(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return what `to_fields` gave, perhaps by way of a file."""
        tried = tuple(
            Tried(params=one["params"], accuracies=tuple(one["accuracies"]))
            for one in fields["tried"]
        )
        return cls(**{**fields, "tried": tried})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One contender's search with one seed, and the tests of its winner.

    Attributes:
        contender: Key of `benchmarks.rivals.contenders.CONTENDERS`.
        seed: Of the sample, the search and the models.
        found: What it told.
        launched_at: When its process was launched, in seconds since 1970.
        peak_memory_bytes: Most memory that its processes held at once; None where unknown.
        test_accuracies: Of the winner's retrained models, in [0, 1]; empty until they are trained.
    """

    contender: str
    seed: int
    found: Found
    launched_at: float
    peak_memory_bytes: int | None
    test_accuracies: tuple[float, ...] = ()

    @property
    def search_seconds(self) -> float:
        """Wall time from launch to winner."""
        return self.found.ended_at - self.launched_at

    @property
    def start_up_seconds(self) -> float:
        """Its first part: wall time from launch to the first trial."""
        return self.found.first_trial_at - self.launched_at

    def to_fields(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return what `to_fields` gave, perhaps by way of a file."""
        return cls(
            **{
                **fields,
                "found": Found.from_fields(fields["found"]),
                "test_accuracies": tuple(fields["test_accuracies"]),
            }
        )
