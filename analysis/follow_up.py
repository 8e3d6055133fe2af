"""Commands that a reader can run next: the study's own, with some of its options set anew."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from analysis.evidence import Evidence
from analysis.statistics.verdict import DEFAULT_MARGIN
from study.storage.urls import DEFAULT_STORAGE_URL

RUN = ["python", "-m", "study", "run"]
ABLATE = ["python", "-m", "study", "ablate"]


def same(evidence: Evidence, **options: object) -> str:
    """Return the study's command with these options set anew; `_` in a name stands for `-`."""
    return _command(evidence, _recorded(evidence), options)


def another(evidence: Evidence, suffix: str = "again", **options: object) -> str:
    """Return the same for a new study, whose name ends in the suffix, in a folder of its own."""
    words = _without(_recorded(evidence), "--out")
    return _command(evidence, words, {**options, "name": f"{evidence.study.name}-{suffix}"})


def _command(evidence: Evidence, words: list[str], options: Mapping[str, object]) -> str:
    if not words:
        words = list(RUN)
        options = {"dataset": evidence.study.dataset.name, "name": evidence.study.name, **options}
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        words = [*_without(words, option), option, str(value)]
    return shlex.join(words)


def ablate(evidence: Evidence) -> str:
    """Return the command that shows what each of the winner's hyperparameters was worth."""
    storage = _given(_recorded(evidence), "--storage")
    return shlex.join([*ABLATE, *storage, "--name", evidence.study.name])


def report(evidence: Evidence) -> str:
    """Return the command that makes this report again."""
    margin = evidence.margin
    return shlex.join(
        [
            *("python", "-m", "analysis", "report"),
            *_given(_recorded(evidence), "--storage"),
            *("--name", evidence.study.name),
            *(() if margin == DEFAULT_MARGIN else ("--margin", f"{100 * margin:g}")),
        ]
    )


def compare(first: Evidence, second: Evidence) -> str:
    """Return the command that lays two studies side by side."""
    margin = first.margin
    storages = [_given(_recorded(one), "--storage") for one in (first, second)]
    return shlex.join(
        [
            *("python", "-m", "analysis", "compare", first.study.name, second.study.name),
            *storages[0],
            *(() if storages[0] == storages[1] else _renamed(storages[1])),
            *(() if margin == DEFAULT_MARGIN else ("--margin", f"{100 * margin:g}")),
        ]
    )


def _renamed(storage: list[str]) -> list[str]:
    if not storage:
        return ["--storage-b", DEFAULT_STORAGE_URL]
    return [word.replace("--storage", "--storage-b", 1) for word in storage]


def all_of(evidence: Evidence) -> tuple[str, ...]:
    """Return the commands that make what is known anew, and the report of it, in their order.

    Those that were recorded are told as they are, whatever they say.
    """
    settings = [family.settings for family in evidence.study.families]
    recorded = sorted({str(one.get("command") or "") for one in settings} - {""})
    ablated = (ablate(evidence),) if evidence.study.ablations else ()
    return (*recorded, *ablated, report(evidence)) if recorded else ()


def _recorded(evidence: Evidence) -> list[str]:
    """Return the words of the command that was recorded; none where it is not one of ours.

    A database is read as it comes: nobody is to be told to run whatever stands in it.
    """
    families = evidence.study.families
    known = [str(family.settings.get("command") or "") for family in families]
    try:
        words = shlex.split(max(known, key=len, default=""))
    except ValueError:
        return []
    return words if words[: len(RUN)] == RUN else []


def _given(words: list[str], option: str) -> list[str]:
    for place, word in enumerate(words):
        if word == option:
            return words[place : place + 2]
        if word.startswith(f"{option}="):
            return [word]
    return []


def _without(words: list[str], option: str) -> list[str]:
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word != option and not word.startswith(f"{option}="):
            kept.append(word)
        skip = word == option
    return kept
