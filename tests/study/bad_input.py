"""What every mistake of a user comes to: one line on stderr, exit code 2, nothing changed."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.command_line import CommandLine

RUN = ("study", "run", "--dataset", "digits", "--quiet")
LONGEST_MESSAGE = 700


def snapshot(folder: Path) -> dict[str, str]:
    """Return what lies below a folder: the digest of every file, the kind of everything else."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest()
            if stat.S_ISREG(path.lstat().st_mode)
            else stat.filemode(path.lstat().st_mode)
        )
        for path in sorted(folder.rglob("*"))
    }


@dataclass(frozen=True)
class Here:
    """A current folder, and how commands are run in it."""

    folder: Path
    command_line: CommandLine

    def refused(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Check that a command is refused as a user's mistake, and return what it says."""
        before = snapshot(self.folder)
        # The user's own cache is not for tests to read.
        data = {"STUDY_DATA_DIR": str(self.folder / "data")}
        code, out, err = self.command_line.run(
            command[0],
            command[1:],
            folder=self.folder,
            environment={**data, **(environment or {})},
            seconds=30,
        )
        assert (code, out) == (2, ""), err[-2000:]
        assert err.startswith("error: ")
        assert err.count("\n") == 1, err
        assert err.endswith("\n")
        assert err[:-1].isprintable()
        assert len(err) <= LONGEST_MESSAGE, len(err)
        assert "secret" not in err
        assert "Traceback" not in err
        assert snapshot(self.folder) == before
        return err
