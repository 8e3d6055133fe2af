"""The only package that opens an Optuna storage; it turns databases into records."""

from study.storage.failures import translated
from study.storage.opening import (
    check_writable,
    open_for_reading,
    open_for_showing,
    open_for_writing,
)
from study.storage.reading import (
    check_readable,
    check_study_name,
    newest_study_name,
    read_study,
    study_names,
)
from study.storage.urls import (
    DEFAULT_STORAGE_URL,
    default_storage_url,
    is_same,
    redacted,
    sqlite_path,
)

__all__ = [
    "DEFAULT_STORAGE_URL",
    "check_readable",
    "check_study_name",
    "check_writable",
    "default_storage_url",
    "is_same",
    "newest_study_name",
    "open_for_reading",
    "open_for_showing",
    "open_for_writing",
    "read_study",
    "redacted",
    "sqlite_path",
    "study_names",
    "translated",
]
