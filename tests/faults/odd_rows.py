"""Values that are not what their columns should hold, one at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing

DEEP = "[" * 100_000 + "]" * 100_000
TRIAL = (
    "trial_id = (SELECT trial_id FROM trials JOIN studies USING (study_id) "
    "WHERE study_name LIKE '%/custom_cnn' AND state = 'COMPLETE' ORDER BY number LIMIT 1)"
)
STUDY = "study_id = (SELECT study_id FROM studies WHERE study_name LIKE '%/alexnet_lite')"

UNREADABLE = {
    "a state that is none": ("trials", "state", "FLYING", TRIAL),
    "a time that is none": ("trials", "datetime_start", "yesterday", TRIAL),
    "a number as a time": ("trials", "datetime_complete", 99999999999999, TRIAL),
    "bytes as a time": ("trials", "datetime_start", b"\xff", TRIAL),
    "a text as a trial's number": ("trials", "number", "abc", TRIAL),
    "no number of a trial": ("trials", "number", None, TRIAL),
    "a distribution that is no JSON": ("trial_params", "distribution_json", "nope", TRIAL),
    "a distribution of no kind": (
        "trial_params",
        "distribution_json",
        '{"name": "os.system", "attributes": {}}',
        TRIAL,
    ),
    "a distribution of an empty range": (
        "trial_params",
        "distribution_json",
        '{"name": "IntDistribution", "attributes": {"low": 5, "high": 1}}',
        TRIAL,
    ),
    "a list as a distribution": ("trial_params", "distribution_json", "[]", TRIAL),
    "a deep distribution": ("trial_params", "distribution_json", DEEP, TRIAL),
    "a text as a hyperparameter": ("trial_params", "param_value", "x", TRIAL),
    "a text as a value": ("trial_values", "value", "x", TRIAL),
    "no value that is finite": ("trial_values", "value", None, TRIAL),
    "a kind of value that is none": ("trial_values", "value_type", "ODD", TRIAL),
    "an infinite value that is one": ("trial_values", "value_type", "INF_POS", TRIAL),
    "a second value without a first": ("trial_values", "objective", 7, TRIAL),
    "a text as a score": ("trial_intermediate_values", "intermediate_value", "x", TRIAL),
    "a kind of score that is none": (
        "trial_intermediate_values",
        "intermediate_value_type",
        "ODD",
        TRIAL,
    ),
    "bytes as an attribute": ("trial_user_attributes", "value_json", b"\xff\0\xfe", TRIAL),
    "no attribute": ("trial_user_attributes", "value_json", None, TRIAL),
    "a deep attribute": ("trial_user_attributes", "value_json", DEEP, TRIAL),
    "a number too long to read": ("trial_user_attributes", "value_json", "9" * 5000, TRIAL),
    "a deep attribute of a study": (
        "study_user_attributes",
        "value_json",
        DEEP,
        f"{STUDY} AND key = 'settings'",
    ),
    "no version of a study": (
        "study_user_attributes",
        "value_json",
        "{",
        f"{STUDY} AND key = 'schema_version'",
    ),
    "bytes as a study's name": ("studies", "study_name", b"\xff/a", STUDY),
    "a direction that is none": ("study_directions", "direction", "SIDEWAYS", STUDY),
}
"""What Optuna or whoever computes with it cannot read: table, column, value, which rows."""

READABLE = {
    "half a character": ("trial_user_attributes", "value_json", r'"\ud800 \u0000 \u202e"', TRIAL),
    "a huge number": ("trial_user_attributes", "value_json", "9" * 400, TRIAL),
    "an infinite score": ("trial_intermediate_values", "intermediate_value", 1e308, TRIAL),
    "an empty name": ("studies", "study_name", "", STUDY),
}
"""What reads as absent, or as it is."""

NOT_UTF_8 = f"UPDATE studies SET study_name = CAST(x'ff2f61' AS TEXT) WHERE {STUDY}"  # noqa: S608


def harm(path, table, column, value, where):
    with closing(sqlite3.connect(path)) as connection, connection:
        changed = connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", [value])  # noqa: S608
        assert changed.rowcount
