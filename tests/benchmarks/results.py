"""Small results of the benchmarks, with numbers that are easy to check by hand."""

from __future__ import annotations

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


def throughput(**seconds):
    """Every contender takes 2 s in both rounds, but for those given."""
    by_name = {name: seconds.get(name, [2.0, 2.0]) for name in CONTENDERS}
    facts = {name: {"precision": "float32"} for name in CONTENDERS}
    family = {"n_images": 1000, "batch_size": 10, "facts": facts, "seconds": by_name}
    return result({"custom_cnn": family, "alexnet_lite": family})


def augmentation(*, augmented):
    ours = {"ours": [10.0, 20.0], "ours_augmented": augmented}
    return result({"custom_cnn": {"precision": dict.fromkeys(ours, "float32"), "seconds": ours}})


def startup(*, help_seconds):
    return result({"python -m study --help": help_seconds, "python -c pass": [0.1, 0.1]})


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
