"""What two studies have in common and where they differ: images, settings, spaces, versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.evidence import Evidence
from analysis.labels import family_label, joined
from study.records import FamilyRecord


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that is known of one study or both.

    Attributes:
        what: As "Search: epochs".
        values: As a reader sees them; None where it is not recorded.
    """

    what: str
    values: tuple[str | None, str | None]


def compared_facts(first: Evidence, second: Evidence) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """Return what is the same of both studies, and what is not."""
    ranges = _of_spaces(first, second)
    a, b = {**_facts(first), **ranges[0]}, {**_facts(second), **ranges[1]}
    facts = [Fact(what=what, values=(a.get(what), b.get(what))) for what in {**a, **b}]
    return (
        tuple(fact for fact in facts if fact.values[0] == fact.values[1]),
        tuple(fact for fact in facts if fact.values[0] != fact.values[1]),
    )


def _facts(known: Evidence) -> dict[str, str]:
    return {
        **_of_dataset(known),
        "Families": joined([family_label(family) for family in known.families]),
        **_of_search(known),
        **_of_retraining(known),
        **_of_versions(known),
    }


def _of_dataset(known: Evidence) -> dict[str, str]:
    dataset = known.study.dataset
    fraction, seed = dataset.fraction, dataset.sample_seed
    counts = {
        "Images to train": dataset.n_train,
        "Images to score trials": dataset.n_validation,
        "Images to test": dataset.n_test,
    }
    return {
        "Dataset": dataset.name,
        "Classes": joined(list(dataset.classes)),
        **({"Shape of an image": str(dataset.image_shape)} if dataset.image_shape else {}),
        **({} if fraction is None else {"Share of the training split": f"{100 * fraction:g} %"}),
        **({} if seed is None else {"Seed of the sample": str(seed)}),
        **{what: f"{count:,}" for what, count in counts.items() if count is not None},
        **{f"SHA-256 of {array}": digest for array, digest in sorted(dataset.digests.items())},
    }


def _of_search(known: Evidence) -> dict[str, str]:
    by_family = {
        family.family: _flat(family.settings, "Search: ") for family in known.study.families
    }
    return _by_family(by_family)


def _of_retraining(known: Evidence) -> dict[str, str]:
    facts = _flat(known.study.retraining_settings, "Retraining: ")
    if seeds := sorted({result.seed for result in known.results}):
        facts["Retraining: seeds of the models"] = ", ".join(map(str, seeds))
    return facts


def _of_spaces(first: Evidence, second: Evidence) -> tuple[dict[str, str], dict[str, str]]:
    """Return the ranges that were searched, those alike of a family as one fact."""
    facts: tuple[dict[str, str], dict[str, str]] = {}, {}
    for family in first.families:
        if family not in second.families:
            continue
        label = family_label(family)
        ranges = [_ranges(known.family(family)) for known in (first, second)]
        unlike = [name for name in {**ranges[0], **ranges[1]} if len(_each(ranges, name)) > 1]
        for of_study, found in zip(facts, ranges, strict=True):
            if unlike and all(ranges):
                of_study.update(
                    {f"Range of {name} ({label})": found[name] for name in unlike if name in found}
                )
            elif found:
                of_study[f"Ranges searched ({label})"] = f"of {', '.join(found)}"
    return facts


def _each(ranges: list[dict[str, str]], name: str) -> set[str | None]:
    return {found.get(name) for found in ranges}


def _of_versions(known: Evidence) -> dict[str, str]:
    by_family = {
        family.family: {
            f"Version of {name}": str(version) for name, version in family.versions.items()
        }
        for family in known.study.families
    }
    return _by_family(by_family)


def _by_family(facts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return facts that are the same of all families once, others with the families' names."""
    merged = {}
    for what in dict.fromkeys(what for of_family in facts.values() for what in of_family):
        values = {family: of_family.get(what, "") for family, of_family in facts.items()}
        if len(set(values.values())) == 1:
            merged[what] = next(iter(values.values()))
        else:
            merged[what] = joined(
                [f"{value} ({family_label(family)})" for family, value in values.items() if value]
            )
    return merged


def _flat(settings: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return settings as texts; of a group its members, and none that were not set."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        # Two runs are never started by the same words; the report shows these apart.
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}, ")
        elif value is not None and name != "command":
            flat[f"{prefix}{name}"] = _whole(value)
    return flat


def _ranges(family: FamilyRecord) -> dict[str, str]:
    texts = {name: text for trial in family.trials for name, text in trial.distributions.items()}
    return {name: _range(json.loads(text)["attributes"]) for name, text in sorted(texts.items())}


def _range(attributes: Mapping[str, Any]) -> str:
    """Return what was searched: "a, b" of choices, else "0.001 to 0.1, logarithmic"."""
    if "choices" in attributes:
        return ", ".join(map(_whole, attributes["choices"]))
    step = attributes.get("step")
    ends = f"{_whole(attributes['low'])} to {_whole(attributes['high'])}"
    steps = "" if step is None or attributes.get("log") else f" in steps of {_whole(step)}"
    return f"{ends}{steps}{', logarithmic' if attributes.get('log') else ''}"


def _whole(value: Any) -> str:
    """Return a value's text, not shortened: what is cut off may be what differs."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
