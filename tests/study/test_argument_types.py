"""The parsers of single arguments, over texts of all kinds: a value in range, or a mistake."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.cli import _points
from search_spaces import SPACES
from study.argument_types import duration, families, number, whole_number, workers
from study.config import SearchConfig
from study.errors import ConfigError
from study.one_line_parser import folder
from study.storage.urls import is_same, parse_url, redacted, sqlite_path

PARSERS = {
    "duration": (duration, lambda value: value >= 0 and math.isfinite(value)),
    "families": (families, lambda value: value and set(value) <= set(SPACES)),
    "whole number": (whole_number, lambda value: isinstance(value, int)),
    "workers": (workers, lambda value: value is None or isinstance(value, int)),
    "number": (number, lambda value: isinstance(value, float)),
    "points": (_points, lambda value: 0 < value < 1),
    "folder": (folder, lambda value: isinstance(value, Path)),
}
PIECES = [
    *("1", "0", "9" * 50, "h", "m", "s", ".", "-", "+", "e", "_", ",", " ", "auto", "nan", "inf"),
    *("custom_cnn", "alexnet_lite", "/", "..", "~", "\0", "\n", "\udcff", "²", "%", "<b>"),
]
TEXTS = st.text(max_size=20) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@pytest.mark.parametrize(("parse", "is_right"), PARSERS.values(), ids=PARSERS)
@given(text=TEXTS)
def test_a_text_is_a_value_in_range_or_a_mistake(parse, is_right, text):
    try:
        value = parse(text)
    except argparse.ArgumentTypeError as error:
        assert str(error)
    else:
        assert is_right(value)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_duration_is_the_sum_of_its_parts(hours, minutes, seconds):
    expected = 3600 * hours + 60 * minutes + seconds
    assert duration(f"{hours}h{minutes}m{seconds}s") == expected
    assert duration(f" {hours}h{minutes}m{seconds}s ") == expected


@given(
    st.lists(st.sampled_from(sorted(SPACES)), min_size=1, max_size=6), st.sampled_from(["", " "])
)
def test_a_list_of_families_keeps_their_order_and_drops_repetitions(names, blank):
    assert families(f"{blank},{blank}".join(names)) == tuple(dict.fromkeys(names))


@given(st.floats())
def test_a_fraction_is_in_range_or_a_mistake(fraction):
    try:
        config = SearchConfig(fraction=number(repr(fraction)))
    except ConfigError as error:
        assert "--fraction" in str(error)
        assert not 0 < fraction <= 1
    else:
        assert 0 < config.fraction <= 1


URL_PIECES = [
    *("sqlite", "postgresql", "mysql+pymysql", "://", ":", "/", "///", "@", "?", "&", "=", "host"),
    *("me", "secret", "5432", "x.db", "file:", "%00", "%", "[", "]", "::1", "\n", "#", ":memory:"),
    *("mode", "uri", "password", "*", " ", "\udcff"),
]


@given(st.lists(st.sampled_from(URL_PIECES), max_size=10).map("".join) | st.text(max_size=30))
def test_a_storage_url_is_read_shown_and_compared_or_a_mistake(text):
    try:
        parsed = parse_url(text)
        shown = redacted(text)
        path = sqlite_path(text)
        assert is_same(text, text)
    except ConfigError as error:
        assert "\n" not in str(error)
    else:
        # SQLAlchemy's own URLs hide it as asterisks.
        if parsed.password and set(parsed.password) != {"*"}:
            assert f":{parsed.password}@" not in shown
        assert (path is None) == (parsed.get_backend_name() != "sqlite")
