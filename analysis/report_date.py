"""The date that a report states; everything else in it depends on the database alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from study.errors import ConfigError

VARIABLE = "SOURCE_DATE_EPOCH"


def report_date() -> datetime:
    """Return the date of `SOURCE_DATE_EPOCH`, or now where that is not set.

    With it, two reports of one study are the same byte for byte, see
    https://reproducible-builds.org/specs/source-date-epoch/.

    Raises:
        ConfigError: If it is not a number of seconds since 1970.
    """
    text = os.environ.get(VARIABLE)
    if not text:
        return datetime.now(tz=UTC)
    try:
        return datetime.fromtimestamp(int(text), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"{VARIABLE} is {text[:40]!r}; set it to whole seconds since 1970, or unset it."
        ) from None


def settle_report_date() -> None:
    """Check the variable before NumPy reads it, who knows no remedy; call it before slow imports.

    Where it is set to nothing, it is unset, as importing SciPy fails on that, too.

    Raises:
        ConfigError: If it is not a number of seconds since 1970.
    """
    report_date()
    if os.environ.get(VARIABLE) == "":
        del os.environ[VARIABLE]
