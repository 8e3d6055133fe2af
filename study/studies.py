"""Create or continue the Optuna studies of a comparison; refuse to mix what does not compare."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import RandomSampler
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from search_spaces import SearchSpace
from study.attributes import space_attrs
from study.config import StudyConfig
from study.environment import this_process
from study.errors import ConfigError
from study.heartbeat import claim
from study.pruners import PRUNERS
from study.records import INTERRUPTED, NO_FAMILIES
from study.schedulers import SCHEDULERS
from study.space_changes import check_baselines, check_space, stored_space
from study.storage.reading import check_schema_version


def open_search_study(
    storage: RDBStorage, config: StudyConfig, space: SearchSpace, *, attrs: Mapping[str, Any]
) -> optuna.Study:
    """Return the Optuna study `{name}/{family}`, created where it is not there.

    The named configurations that were never tried are queued: they come first.

    Raises:
        ConfigError: If it was begun with other images or other settings of training.
        StudyTakenError: If another run of it is alive.
    """
    attrs = {**attrs, **space_attrs(space)}
    name = f"{config.name}/{space.name}"
    optuna_study = open_study(storage, name, attrs=attrs, metric="validation accuracy")
    claim(storage, name)
    optuna_study.pruner = _pruner(config)
    # Every trial is queued with all of its parameters: there is nothing left to sample.
    optuna_study.sampler = RandomSampler()
    _queue_untried_baselines(optuna_study, space)
    return optuna_study


def load_search_study(storage: RDBStorage, config: StudyConfig, family: str) -> optuna.Study:
    """Return the Optuna study `{name}/{family}` as it is, for a worker that trains its trials."""
    return optuna.load_study(
        storage=storage,
        study_name=f"{config.name}/{family}",
        pruner=_pruner(config),
        sampler=RandomSampler(),
    )


def load_as_is(storage: RDBStorage, name: str) -> optuna.Study:
    """Return the Optuna study of this whole name, unchanged, for who adds no trials to it."""
    return optuna.load_study(storage=storage, study_name=name, sampler=RandomSampler())


def open_study(
    storage: RDBStorage, name: str, *, attrs: Mapping[str, Any], metric: str
) -> optuna.Study:
    """Return the named Optuna study with these attributes, created where it is not there.

    Args:
        storage: Where to look for it.
        name: Its whole name, as "cifar10/custom_cnn".
        attrs: Its user attributes, those of `docs/records.md`.
        metric: What its trials' values are, for the dashboard's axes.

    Raises:
        ConfigError: If it is there with another dataset, sample or training settings, and scores.
    """
    optuna_study = optuna.create_study(
        storage=storage, study_name=name, direction="maximize", load_if_exists=True
    )
    _check_stored(optuna_study, attrs)
    with warnings.catch_warnings():
        # Naming a metric is still marked as experimental, which is no news to the user.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna_study.set_metric_names([metric])
    stored = optuna_study.user_attrs
    # The schema's version comes last: a study that has one has everything else too.
    for key, value in sorted(attrs.items(), key=lambda item: item[0] == "schema_version"):
        if stored.get(key) != value and (key != "versions" or key not in stored):
            optuna_study.set_user_attr(key, value)
    return optuna_study


def find_study(storage: RDBStorage, name: str, *, attrs: Mapping[str, Any]) -> optuna.Study | None:
    """Return what `open_study` would, unchanged, or None where it is not there.

    Raises:
        ConfigError: If it is there with another dataset, sample or training settings.
    """
    if all(study.study_name != name for study in storage.get_all_studies()):
        return None
    optuna_study = optuna.load_study(storage=storage, study_name=name)
    _check_stored(optuna_study, attrs)
    return optuna_study


def stored_precision(storage: RDBStorage, config: StudyConfig) -> str | None:
    """Return the precision that the study's first trials were trained in; None for a new study."""
    for study in storage.get_all_studies():
        name, _, member = study.study_name.rpartition("/")
        if name == config.name and member not in NO_FAMILIES:
            settings = study.user_attrs.get("settings")
            precision = settings.get("precision") if isinstance(settings, dict) else None
            return precision if isinstance(precision, str) else None
    return None


def _pruner(config: StudyConfig) -> BasePruner:
    # A scheduler lets trials wait, as KerasTuner does; within a task, nothing is pruned.
    pruner = config.search.method["pruner"]
    name = "none" if pruner is None or pruner in SCHEDULERS else pruner
    return PRUNERS[name](config.search.epochs)


def _queue_untried_baselines(optuna_study: optuna.Study, space: SearchSpace) -> None:
    trials = optuna_study.get_trials(deepcopy=False)
    # Where none has a score, what kept them from it may have been mended since.
    any_scored = any(trial.intermediate_values for trial in trials)
    tried = {
        trial.user_attrs.get("baseline")
        for trial in trials
        if trial.user_attrs.get("failure") != INTERRUPTED
        and (any_scored or not trial.state.is_finished())
    }
    for name, params in space.baselines.items():
        if name not in tried:
            attrs = {"baseline": name, "sampler": "baseline", "worker": this_process()}
            optuna_study.enqueue_trial(dict(params), user_attrs=attrs)


COMPARED = {
    "dataset": ("name", "digests", "fraction", "sample_seed"),
    "setting": ("epochs", "augmentation", "test_time_flip", "precision"),
}
"""What must stay the same for trials to be comparable."""


def _check_stored(optuna_study: optuna.Study, attrs: Mapping[str, Any]) -> None:
    name, stored = optuna_study.study_name, optuna_study.user_attrs
    if "schema_version" in stored:
        check_schema_version(name, stored)
        try:
            _check_same("dataset", name, stored.get("dataset"), attrs["dataset"])
            _check_same("setting", name, stored.get("settings"), attrs["settings"])
        except ConfigError:
            if _has_scores(optuna_study):
                raise
        _check_space(optuna_study, attrs)
    elif optuna_study.get_trials(deepcopy=False):
        raise ConfigError(
            f"Study {name!r} holds trials that this program did not make; "
            "give --name for a new study."
        )


def _has_scores(optuna_study: optuna.Study) -> bool:
    """Return whether anything was trained of it that others would have to compare with."""
    return any(
        trial.intermediate_values or trial.state == TrialState.COMPLETE
        for trial in optuna_study.get_trials(deepcopy=False)
    )


def _check_space(optuna_study: optuna.Study, attrs: Mapping[str, Any]) -> None:
    name, stored = optuna_study.study_name, optuna_study.user_attrs
    if "space" in attrs:
        trials = optuna_study.get_trials(deepcopy=False)
        before = stored_space(stored.get("space"), trials)
        check_space(name, before, stored_space(attrs["space"], ()))
    if "baselines" in attrs:
        check_baselines(name, stored.get("baselines"), attrs["baselines"])


def _check_same(what: str, name: str, stored: Any, wanted: Mapping[str, Any]) -> None:
    for key in COMPARED[what]:
        before = stored.get(key) if isinstance(stored, dict) else None
        if before != wanted.get(key):
            raise ConfigError(
                f"Study {name!r} was begun with {key} {before!r}, not {wanted.get(key)!r}: "
                "their scores do not compare; give --name for a new study or the former value."
            )
