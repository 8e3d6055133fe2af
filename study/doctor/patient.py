"""What checks are given and what they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from optuna.storages import RDBStorage
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial
from sqlalchemy import Executable

from study.errors import ConfigError
from study.report_folder import default_folder
from study.storage import check_study_name


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong.

    Attributes:
        where: The Optuna study or table.
        problem: What is wrong, in a few words.
        remedy: What `--fix` would do, or else what the user can do.
        statements: What repairs it in the database, in this order.
        files: Files that repairing deletes.
    """

    where: str
    problem: str
    remedy: str
    statements: tuple[Executable, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def is_repairable(self) -> bool:
        """Whether `--fix` can repair it."""
        return bool(self.statements or self.files)


@dataclass(frozen=True)
class Patient:
    """A database that is examined, and the folders that its runs wrote to.

    Attributes:
        storage: The open database.
        name: Whose records are checked; of all studies where it is None.
        out: Folder of that study's report; `reports/NAME` of each where it is None.
        database: The database's file; None where a server has it.
    """

    storage: RDBStorage
    name: str | None = None
    out: Path | None = None
    database: Path | None = None
    _trials: dict[int, Sequence[FrozenTrial]] = field(default_factory=dict, init=False)

    @cached_property
    def studies(self) -> Mapping[str, FrozenStudy]:
        """The Optuna studies `NAME/MEMBER` by their whole names."""
        return {
            study.study_name: study
            for study in self.storage.get_all_studies()
            if "/" in study.study_name and self.name in (None, study.study_name.rpartition("/")[0])
        }

    def trials(self, study_name: str) -> Sequence[FrozenTrial]:
        """Return all trials of one of the studies."""
        study_id = self.studies[study_name]._study_id
        if study_id not in self._trials:
            self._trials[study_id] = self.storage.get_all_trials(study_id, deepcopy=False)
        return self._trials[study_id]

    def folder(self, study_name: str) -> Path | None:
        """Return where runs of a study keep checkpoints and models; None for what no run makes.

        The name is the database's, and what is found in the folder may be deleted: one that no run
        takes could lead anywhere, and one that is not the folder's own could name another study's.
        """
        name = study_name.rpartition("/")[0]
        try:
            check_study_name(name)
        except ConfigError:
            return None
        folder = default_folder(name)
        if folder.name != name:
            return None
        return self.out or folder


def numbers(trials: Sequence[FrozenTrial]) -> str:
    """Return which trials, as "trial 3" or "trials 3, 4, 7 and 12 more"."""
    shown = ", ".join(str(trial.number) for trial in trials[:10])
    more = f" and {len(trials) - 10} more" if len(trials) > 10 else ""
    return f"trial{'s' if len(trials) > 1 else ''} {shown}{more}"
