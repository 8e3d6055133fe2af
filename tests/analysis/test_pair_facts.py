"""What two studies have in common and what differs between them, as the page lists it."""

from __future__ import annotations

import dataclasses

from analysis.pair import evidence
from tests.analysis.pairs import BETTER_RUN, A


def test_facts_are_in_common_or_differ():
    family = A.families[0]
    longer = dataclasses.replace(
        family,
        settings={**family.settings, "epochs": 99, "pruner": "asha"},
        versions={**family.versions, "keras": "9.9"},
    )
    other = dataclasses.replace(
        BETTER_RUN,
        families=(longer, *BETTER_RUN.families[1:]),
        retraining_settings={"augmentation": {"zoom": 0.1}, "command": "x"},
    )
    pair = evidence.from_studies(A, other)
    different = {fact.what: fact.values for fact in pair.different}
    in_common = {fact.what: fact.values[0] for fact in pair.in_common}
    assert different == {
        "Search: epochs": ("16", "99 (AlexNet-lite) and 16 (custom CNN)"),
        "Search: pruner": ("median", "asha (AlexNet-lite) and median (custom CNN)"),
        "Retraining: augmentation, zoom": (None, "0.1"),
        "Retraining: seeds of the models": ("0, 1, 2", "10, 11, 12, 13"),
        "Version of keras": ("3.15.1", "9.9 (AlexNet-lite) and 3.15.1 (custom CNN)"),
    }
    assert in_common["Dataset"] == "cifar10"
    assert in_common["Images to train"] == "10,000"
    assert in_common["Version of optuna"] == "5.0.0"
    assert "Ranges searched (custom CNN)" in in_common


def test_a_range_that_differs_is_named_and_the_others_are_not():
    family = A.families[1]
    wider = tuple(
        dataclasses.replace(
            trial,
            distributions={
                name: text.replace('"high": 0.6', '"high": 0.7') if name == "dropout" else text
                for name, text in trial.distributions.items()
            },
        )
        for trial in family.trials
    )
    other = dataclasses.replace(
        BETTER_RUN,
        families=(BETTER_RUN.families[0], dataclasses.replace(family, trials=wider)),
    )
    pair = evidence.from_studies(A, other)
    ranges = [fact for fact in pair.different if "ange" in fact.what]
    assert [fact.what for fact in ranges] == ["Range of dropout (custom CNN)"]
    assert ranges[0].values == ("0 to 0.6", "0 to 0.7")


def test_what_differs_beyond_what_a_page_shows_elsewhere_differs():
    long = [{"note": "x" * 60 + end, "zoom": zoom} for end, zoom in (("a", 0.1), ("b", 0.1000001))]
    studies = [
        dataclasses.replace(one, retraining_settings=settings)
        for one, settings in zip((A, BETTER_RUN), long, strict=True)
    ]
    different = {fact.what: fact.values for fact in evidence.from_studies(*studies).different}
    assert different["Retraining: note"] == (long[0]["note"], long[1]["note"])
    assert different["Retraining: zoom"] == ("0.1", "0.1000001")
