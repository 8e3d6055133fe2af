"""The attributes that docs/records.md documents, read from its tables."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")


def keys_in(text):
    return re.findall(r"`([a-z0-9_]+)`", text)


def documented_tables():
    """Return the keys of each table of attributes, in their order."""
    tables, inside = [], False
    for line in DOCS.splitlines():
        if line.startswith("| key |"):
            tables.append([])
        inside = line.startswith("|") and (inside or line.startswith("| key |"))
        if inside and not line.startswith(("| key |", "| ---")):
            tables[-1] += keys_in(line.split("|")[1])
    return [set(table) for table in tables]


SEARCH, TRIAL, VALIDATION, VALIDATED, RETRAINED, RESULT = documented_tables()
FAILED = set(keys_in(DOCS.partition("A FAIL trial has ")[2].partition(" alone.")[0]))
COMMON = {"schema_version", "dataset"}
DATASET = set(keys_in(DOCS.partition("The `dataset` object:")[2].partition(".\n")[0]))
SETTINGS = set(keys_in(DOCS.partition("what was asked for:")[2].partition("|")[0])) - {
    "float32",
    "bfloat16",
    "optuna",
}
