"""How far studies are: computed from records of progress, then shown as text or as JSON."""

from study.status.compute import status_of
from study.status.model import Failures, FamilyStatus, Phase, Running, Score, StudyStatus

__all__ = [
    "Failures",
    "FamilyStatus",
    "Phase",
    "Running",
    "Score",
    "StudyStatus",
    "status_of",
]
