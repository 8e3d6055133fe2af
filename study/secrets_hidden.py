"""What opens a database is shown to nobody: passwords in texts that may hold a storage URL.

It may stand where none is expected, as after a mistyped option, and be quoted by any message.
Where a text can be read in two ways, more of it is hidden rather than less.
"""

from __future__ import annotations

import re

HIDDEN = "***"

_PLAIN_WORDS = "pass|pwd|secret|token"
_WORDS = f"{_PLAIN_WORDS}|key|cred|connect"
_SECRET_OPTION = re.compile(_WORDS, re.IGNORECASE)
"""Options of a URL, whatever the driver, that may hold what opens the database."""

# A closing quote ends what it quotes; one within a password has more of it behind.
_CLOSING = r"(?<!\\)['\"][^\w\s]*(?:\s|$)"
_PATTERNS = (
    # scheme://user:password@host, where the password may hold spaces and more of '@', ':', '/'.
    # Without quotes it may end at any '@': taken is the last of the line, or before the next URL.
    # As a file's path a URL has one slash.
    re.compile(
        r"(?P<shown>(?:(?P<quote>['\"])[^\s'\"]{0,100}?)?:/{1,2}[^\s:/]*:)"
        r"(?!\*\*\*@[^\s@/]*(?:[/\s]|$))"
        rf"(?(quote)(?:(?!{_CLOSING}).)*|\S*(?:[^\S\n]+(?:(?!://)\S)+)*)@",
        re.DOTALL,
    ),
    # ?option=value, and &option=value.
    re.compile(
        rf"(?P<shown>[?&;][^\s=&]{{0,60}}(?:{_WORDS})[^\s=&]{{0,60}}=)"
        rf"(?:(?!{_CLOSING})[^&\n])+",
        re.IGNORECASE,
    ),
    # Such options outside of a URL, as drivers show them and ODBC has them within another option.
    re.compile(rf"(?P<shown>(?:{_PLAIN_WORDS})\w*(?:=|%3D))(?!\*\*\*)[^\s&;'\"]+", re.IGNORECASE),
)
_REPLACEMENTS = (rf"\g<shown>{HIDDEN}@", rf"\g<shown>{HIDDEN}", rf"\g<shown>{HIDDEN}")


def without_passwords(text: str) -> str:
    """Return the text with `***` in place of each password of a URL."""
    for pattern, replacement in zip(_PATTERNS, _REPLACEMENTS, strict=True):
        text = pattern.sub(replacement, text)
    return text


def is_secret(option: str) -> bool:
    """Return whether an option of a URL, by its name, may hold what opens the database."""
    return _SECRET_OPTION.search(option) is not None
