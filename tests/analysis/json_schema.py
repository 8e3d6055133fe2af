"""The part of JSON Schema 2020-12 that `comparison.schema.json` uses, and nothing else.

An object may hold only what its schema names, which is stricter than the standard: what is written
is to be documented.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
ANNOTATIONS = {"$schema", "$defs", "title", "description"}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """Return what is wrong with a value, each with its place; nothing if it is as the schema says.

    Raises:
        NotImplementedError: If the schema uses a keyword that is not known here.
    """
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword in {"oneOf", "anyOf"}:
            found += _of_choices(value, wanted, root, at)
        elif keyword == "$ref":
            found += problems(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, at)
        elif keyword in {"properties", "additionalProperties", "items"}:
            found += _of_members(value, keyword, schema, root, at)
        elif not _holds(value, keyword, wanted):
            found.append(f"{at}: {json.dumps(value)[:60]} breaks {keyword} {wanted}")
    return found


def _of_choices(value: Any, schemas: list[Any], root: dict[str, Any], at: str) -> list[str]:
    tried = [problems(value, schema, root, at) for schema in schemas]
    matched = [found for found in tried if not found]
    return [] if len(matched) == 1 else min(tried, key=len) or [f"{at}: {len(matched)} match"]


def _of_members(
    value: Any, keyword: str, schema: dict[str, Any], root: dict[str, Any], at: str
) -> Iterator[str]:
    if keyword == "items" and isinstance(value, list):
        for place, item in enumerate(value):
            yield from problems(item, schema["items"], root, f"{at}[{place}]")
    elif keyword == "additionalProperties" and isinstance(value, dict):
        for name, item in value.items():
            yield from problems(item, schema[keyword], root, f"{at}.{name}")
    elif keyword == "properties" and isinstance(value, dict):
        for name, item in value.items():
            if name in schema["properties"]:
                yield from problems(item, schema["properties"][name], root, f"{at}.{name}")
            else:
                yield f"{at}.{name} is not documented"


def _holds(value: Any, keyword: str, wanted: Any) -> bool:
    """Return whether a value keeps one rule; a rule for another type of value is kept."""
    is_number, is_list = _is_of_type(value, "number"), isinstance(value, list)
    rules: dict[str, Callable[[], bool]] = {
        "type": lambda: any(_is_of_type(value, name) for name in _listed(wanted)),
        "const": lambda: bool(value == wanted and type(value) is type(wanted)),
        "enum": lambda: value in wanted,
        "required": lambda: not isinstance(value, dict) or set(wanted) <= set(value),
        "minimum": lambda: not is_number or value >= wanted,
        "maximum": lambda: not is_number or value <= wanted,
        "minItems": lambda: not is_list or len(value) >= wanted,
        "maxItems": lambda: not is_list or len(value) <= wanted,
    }
    if keyword not in rules:
        raise NotImplementedError(keyword)
    return rules[keyword]()


def _is_of_type(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def _listed(wanted: Any) -> list[str]:
    return wanted if isinstance(wanted, list) else [wanted]
