"""The results file: written after every step, so that a run that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.measuring import machine, same_machine, versions
from benchmarks.rivals.outcome import Outcome
from benchmarks.rivals.setting import Setting
from benchmarks.worker import ROOT
from study.errors import ConfigError
from study.files import replaced

RIVALS = ("keras-tuner", "tensorboard", "optuna-integration", "ray")
MEASURED_CODE = ("benchmarks/rivals", "search_spaces", "study")
"""Folders of what is measured: outcomes of another state of it are those of another program."""


@dataclass(frozen=True, kw_only=True)
class ResultsFile:
    """All outcomes of one setting on one machine, as `benchmarks.measuring.save` lays results out.

    Attributes:
        path: Of the file; it need not exist.
        setting: The task.
    """

    path: Path
    setting: Setting

    def read(self) -> dict[tuple[str, int], Outcome]:
        """Return the outcomes by contender and seed.

        Raises:
            ConfigError: If the file belongs to another setting.
        """
        return _outcomes(self._fields()) if self.path.exists() else {}

    def check_same(self) -> None:
        """Raise a ConfigError if another machine, program or version of a library was measured."""
        if not self.path.exists():
            return
        fields = self._fields()
        stored = fields["machine"]
        if not same_machine(stored, machine()):
            raise ConfigError(
                f"{self.path} was measured on {stored['processor']!r} with {stored['cores']} cores,"
                " which does not compare with this machine; move it away to begin anew."
            )
        now = {"program": program(), "versions": versions(_rivals_versions())}
        for what, current in now.items():
            if fields.get(what) != current:
                raise ConfigError(
                    f"{self.path} was measured with another state of this program or of its "
                    f"libraries ({what}: {fields.get(what)}); move it away to begin anew."
                )

    def add(self, outcome: Outcome) -> None:
        """Put an outcome in, in place of an earlier one of the same contender and seed.

        Raises:
            ConfigError: As from `check_same`: the program may have been edited meanwhile.
        """
        self.check_same()
        outcomes = self.read() | {(outcome.contender, outcome.seed): outcome}
        head = {
            "date": _dates(outcomes.values()),
            "machine": self._fields()["machine"] if self.path.exists() else machine(),
            "versions": versions(_rivals_versions()),
            "program": program(),
            "settings": asdict(self.setting),
        }
        lines = ",\n".join(json.dumps(outcomes[key].to_fields()) for key in sorted(outcomes))
        # One line an outcome: with one a number, the file would have ten thousands.
        text = json.dumps(head, indent=1).removesuffix("\n}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(self.path) as file:
            file.write(f'{text},\n "measured": {{"outcomes": [\n{lines}\n]}}\n}}\n'.encode())

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        if fields["settings"] != asdict(self.setting):
            raise ConfigError(
                f"{self.path} holds results of another setting, {fields['settings']}; move it away "
                "to begin anew."
            )
        return fields


def program() -> str:
    """Return a digest of the code that is measured: SHA-256, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for folder in MEASURED_CODE:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def _dates(outcomes: Iterable[Outcome]) -> str:
    """Return the day of the searches, or the first and the last."""
    days = sorted(datetime.fromtimestamp(one.launched_at, tz=UTC).date() for one in outcomes)
    return " to ".join(dict.fromkeys((days[0].isoformat(), days[-1].isoformat())))


def outcomes_of(result: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """Return the outcomes that a results file's JSON holds."""
    return tuple(_outcomes(result).values())


def _outcomes(fields: Mapping[str, Any]) -> dict[tuple[str, int], Outcome]:
    outcomes = [Outcome.from_fields(one) for one in fields["measured"]["outcomes"]]
    return {(outcome.contender, outcome.seed): outcome for outcome in outcomes}


def _rivals_versions() -> dict[str, str]:
    found = {}
    for library in RIVALS:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found
