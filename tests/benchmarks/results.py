"""Small results of the benchmarks, with numbers that are easy to check by hand."""

from __future__ import annotations

from benchmarks.coverage import N_SEEDS
from benchmarks.throughput import CONTENDERS

MACHINE = {
    "processor": "Abacus",
    "cores": 2,
    "instruction_sets": ["avx2"],
    "memory_gib": 8.0,
    "system": "Linux x86_64",
    "load_average_before": 0.0,
}


def result(measured):
    return {
        "date": "2026-01-02",
        "machine": MACHINE,
        "versions": {"python": "3.11"},
        "settings": {},
        "measured": measured,
    }


def throughput(*, contenders=CONTENDERS, **seconds):
    """Every contender takes 2 s in both rounds, but for those given."""
    by_name = {name: seconds.get(name, [2.0, 2.0]) for name in contenders}
    facts = {name: {"precision": "float32"} for name in contenders}
    family = {"n_images": 1000, "batch_size": 10, "facts": facts, "seconds": by_name}
    return result({"custom_cnn": family, "alexnet_lite": family})


def augmentation(*, augmented):
    ours = {"ours": [10.0, 20.0], "ours_augmented": augmented}
    return result({"custom_cnn": {"precision": dict.fromkeys(ours, "float32"), "seconds": ours}})


def startup(*, help_seconds):
    return result({"python -m study --help": help_seconds, "python -c pass": [0.1, 0.1]})


def coverage(*, covered):
    """Two settings of equals, in the first of which intervals hold the truth too seldom."""
    verdicts = [
        {"seeds": seeds, "gap": gap, "covered": share, "better": better}
        for seeds in N_SEEDS
        for gap, share, better in (
            (0.0, 0.9, 0.05),
            (0.0, covered, 0.04),
            (0.02, covered, 0.5),
        )
    ]
    normal = {"seeds_by_draw": [3, 3], "draw_spread": 0.5, "seed_covered": 0.9, "draw_covered": 0.9}
    found = result(
        {
            "verdicts": verdicts,
            "found": [{"seed_spread": 0.1, "taste": 0.5, "studies": 50, "better": 0.62}],
            "normal": [normal],
            "hits": {"seed": {"mean_share_of_truth": 1.0, "covered": 0.9}},
        }
    )
    return found | {"settings": {"repeats": 2, "studies_a_repeat": 10}}


def overhead(*, training, storage):
    trials = [
        {
            "family": family,
            "epochs": 3,
            "seconds": {"training and validating": training, "storage and pruner": storage},
        }
        for family in ("custom_cnn", "alexnet_lite")
    ]
    return result({"trials": trials})


def efficiency():
    rates = {
        "2048 x 2048 product": [100.0, 200.0],
        "4096 x 4096 product": [90.0, 110.0],
        "custom_cnn": [50.0, 50.0],
        "alexnet_lite": [75.0, 75.0],
    }
    profile = {"convolutions, forward": 0.03, "between operations": 0.01}
    return result(
        {
            "rates": {"float32": rates},
            "profiles": {"custom_cnn": profile, "alexnet_lite": profile},
        }
    )
