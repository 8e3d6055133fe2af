"""The errors that are the user's to mend; each becomes one line on stderr and an exit code.

StudyError
├── ConfigError     an argument, an environment variable or a combination of them
├── DatasetError    images that cannot be had, are cut off, or are not what they claim to be
│   └── DatasetUnavailableError    no source has them; another data set may still serve
├── FolderError     a folder of models or checkpoints that cannot be written
├── StorageError    a database that cannot be opened, read or written
│   ├── StudyTakenError    a study that another run is at
│   └── UnreadableError    a record that is none; the doctor names it
├── WorkerError     processes that die where they should work
└── FamilyFailedError    no trial of a family could be trained; all else was done
"""

from __future__ import annotations

import re

from study.secrets_hidden import without_passwords

LONGEST_WORD = 200
LONGEST_LINE = 2_000
"""Characters of an error: what is typed or read may be of any length."""

_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")


def one_line(text: str) -> str:
    """Return a message as one printable line without passwords, what is too long shortened.

    A storage URL may stand where none is expected, as after a mistyped option.
    """
    line = without_passwords(" ".join(text.split()))
    # Else a name in a database could move the cursor or colour the terminal.
    line = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)
    line = _WORD.sub(lambda word: f"{word[0][:60]}...{word[0][-20:]}", line)
    if len(line) <= LONGEST_LINE:
        return line
    # Spaces, or the words on both sides of the gap would become one that is too long itself.
    return f"{line[:1_000].rstrip()} ... {line[-400:].lstrip()}"


class StudyError(Exception):
    """Base of the errors a user can mend: one line that gives subject, value and remedy."""

    exit_code = 2


class ConfigError(StudyError):
    """An argument, an environment variable or a combination of them is not usable."""


class DatasetError(StudyError):
    """Images cannot be had, are cut off, or are not what they claim to be."""


class DatasetUnavailableError(DatasetError):
    """No source has the images, and none of them is damaged: another data set may still serve."""


class FolderError(StudyError):
    """A folder of models or checkpoints cannot be written."""


class StorageError(StudyError):
    """A database cannot be opened, read or written."""


class StudyTakenError(StorageError):
    """Another run of the same study is alive: what two begin at once would be done twice."""


class UnreadableError(StorageError):
    """A database holds a record that is none; the doctor names it, and repairs it with --fix."""


class WorkerError(StudyError):
    """Worker processes die where they should work: killed for want of memory, most likely."""


class FamilyFailedError(StudyError):
    """No trial of a family could be trained; the others were, and their report is written."""

    exit_code = 3
