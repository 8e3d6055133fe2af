"""What a study knows, free of Optuna and Keras: what storage returns and analysis reads.

`docs/records.md` says how each field is stored in the database.
"""

from study.records.mistake import Mistake
from study.records.params import may_be_of, params_text, same_value
from study.records.retrained import WINNER, RetrainedResult
from study.records.study import (
    NO_FAMILIES,
    RETRAINED,
    SCHEMA_VERSION,
    VALIDATED,
    DatasetRecord,
    StudyRecord,
)
from study.records.trial import FINISHED, INTERRUPTED, FamilyRecord, TrialRecord, Winner
from study.records.validated import (
    ABLATION,
    FINALIST,
    MATCHED,
    MEASURED,
    AblationPath,
    AblationStep,
    ValidatedResult,
    ValidationKey,
    validation_key,
)

__all__ = [
    "ABLATION",
    "FINALIST",
    "FINISHED",
    "INTERRUPTED",
    "MATCHED",
    "MEASURED",
    "NO_FAMILIES",
    "RETRAINED",
    "SCHEMA_VERSION",
    "VALIDATED",
    "WINNER",
    "AblationPath",
    "AblationStep",
    "DatasetRecord",
    "FamilyRecord",
    "Mistake",
    "RetrainedResult",
    "StudyRecord",
    "TrialRecord",
    "ValidatedResult",
    "ValidationKey",
    "Winner",
    "may_be_of",
    "params_text",
    "same_value",
    "validation_key",
]
