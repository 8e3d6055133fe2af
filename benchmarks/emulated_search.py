"""Which sampler finds the best configuration, where an emulator answers in place of training?

    python -m benchmarks.emulated_search     # a quarter of an hour: trains nothing

The search is the program's own: its schedulers, its way to ask a sampler, the named configurations
first. A repeat is a search of each family by each sampler, from another seed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
from optuna.distributions import json_to_distribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from benchmarks import measuring
from benchmarks.curve_table import read_table
from benchmarks.curves import RECORDING
from benchmarks.emulator import Emulator, known_curves, learn
from benchmarks.replay_measures import Band, band
from benchmarks.table import Result, Table
from search_spaces import SPACES, SearchSpace
from search_spaces.base import Params
from study.config import SearchConfig
from study.proposals import propose
from study.samplers import N_STARTUP_TRIALS, SAMPLERS
from study.schedulers import TrialProgress, default_rungs, make_scheduler
from study.storage import read_study

STORAGE, STUDY = "sqlite:///studies.db", "reference-cifar10"
CHOSEN = f"TPE after {N_STARTUP_TRIALS} trials"
RANDOM_SHARE = 1 / 3


def _mixed(seed: int) -> BaseSampler:
    if np.random.default_rng(seed).random() < RANDOM_SHARE:
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed)


CONTENDERS: dict[str, Callable[[int], BaseSampler]] = {
    "random": lambda seed: RandomSampler(seed=seed),
    "TPE, as it comes": lambda seed: TPESampler(seed=seed),
    CHOSEN: lambda seed: SAMPLERS["tpe"](seed, SearchConfig.n_trials),
    "TPE, a third at random (as BOHB)": _mixed,
    "TPE, one parameter at a time": lambda seed: TPESampler(seed=seed, multivariate=False),
    f"the same after {N_STARTUP_TRIALS} trials": lambda seed: TPESampler(
        seed=seed, multivariate=False, n_startup_trials=N_STARTUP_TRIALS
    ),
}
"""Makes a sampler from a seed; made anew for each trial, as the program does."""


def main() -> int:
    """Search, store and print."""
    options = measuring.options(measuring.parser(__doc__, repeats=100).parse_args())
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    machine = measuring.machine()
    settings = SearchConfig()
    table, record = read_table(RECORDING), read_study(STORAGE, STUDY)
    found: list[dict[str, Any]] = []
    emulators: dict[str, Any] = {}
    for family, ranges in table.header["spaces"].items():
        known = known_curves(table, record, family)
        distributions = {
            name: json_to_distribution(json.dumps(as_json)) for name, as_json in ranges.items()
        }
        rungs = (*default_rungs(settings.epochs), settings.epochs)
        emulator = learn(known, distributions, rungs=rungs)
        emulators[family] = {
            "n": len(known),
            "best": emulator.best,
            "correlation": emulator.correlation,
        }
        for name, make_sampler in CONTENDERS.items():
            searches = [
                search(emulator, SPACES[family], make_sampler, settings=settings, seed=seed)
                for seed in range(options.repeats)
            ]
            found.append({"family": family, "sampler": name, "searches": searches})
            print(family, name, band([one["chosen"] for one in searches]), file=sys.stderr)
    measuring.finish(
        "emulated_search",
        options,
        machine=machine,
        settings={"trials": settings.n_trials, "epochs": settings.epochs, "study": STUDY},
        measured={"emulators": emulators, "found": found},
        tables=tables,
    )
    return 0


def search(
    emulator: Emulator,
    space: SearchSpace,
    make_sampler: Callable[[int], BaseSampler],
    *,
    settings: SearchConfig,
    seed: int,
) -> dict[str, float]:
    """Return what one search came to, with one worker.

    Args:
        emulator: Of the family.
        space: The family.
        make_sampler: Makes a sampler from a seed.
        settings: Number of trials, epochs and pruner.
        seed: Of the sampler, and of the noise of scores.

    Returns:
        Noiseless final accuracies in [0, 1] of the configuration that was `chosen` and of the
        `best` that was begun; `epochs`, as a share of those without pruning.
    """
    rng = np.random.default_rng(seed)
    scheduler = make_scheduler(settings.pruner, n_trials=settings.n_trials, epochs=settings.epochs)
    configurations: list[Params] = []
    answers: list[np.ndarray] = []
    trials: list[TrialProgress] = []
    epochs = np.arange(1, settings.epochs + 1)
    while task := scheduler.next_task(trials):
        number = task.trial
        if number is None:
            number = len(trials)
            params = _proposed(space, make_sampler, configurations, trials, emulator, seed=seed)
            configurations.append(params)
            answers.append(emulator.scores(params))
            trials.append(TrialProgress(number=number, scores=()))
        # Drawn from the same seed again: a trial that goes on keeps the scores it had.
        noise = np.random.default_rng([seed, number]).normal(0, emulator.noise)
        curve = np.interp(epochs, emulator.rungs, answers[number] + noise)
        trials[number] = replace(trials[number], scores=curve[: task.until_epoch].tolist())
    whole = [one for one in trials if len(one.scores) == settings.epochs]
    chosen = max(whole, key=lambda one: (one.scores[-1], rng.random()))
    return {
        "chosen": float(answers[chosen.number][-1]),
        "best": float(max(answer[-1] for answer in answers)),
        "epochs": sum(len(one.scores) for one in trials) / (len(trials) * settings.epochs),
    }


def _proposed(
    space: SearchSpace,
    make_sampler: Callable[[int], BaseSampler],
    configurations: Sequence[Params],
    trials: Sequence[TrialProgress],
    emulator: Emulator,
    *,
    seed: int,
) -> Params:
    named = list(space.baselines.values())
    if len(trials) < len(named):
        return named[len(trials)]
    seen = [
        _as_stored(params, trial, emulator)
        for params, trial in zip(configurations, trials, strict=True)
    ]
    return propose(seen, space, make_sampler(1_000 * seed + len(trials)))


def _as_stored(params: Params, trial: TrialProgress, emulator: Emulator) -> FrozenTrial:
    is_whole = len(trial.scores) == emulator.rungs[-1]
    return create_trial(
        state=TrialState.COMPLETE if is_whole else TrialState.PRUNED,
        value=trial.scores[-1] if is_whole else None,
        params=dict(params),
        distributions=dict(emulator.distributions),
        intermediate_values=dict(enumerate(trial.scores, start=1)),
    )


def tables(result: Result) -> list[Table]:
    """Return what the emulators know, and what each sampler found."""
    measured = result["measured"]
    return [
        Table(
            title="The emulators",
            columns=(
                "family",
                "whole curves known",
                "best final accuracy",
                "correlation of predicted and true ones, left out",
            ),
            rows=[
                (family, str(one["n"]), f"{one['best']:.2%}", f"{one['correlation']:.2f}")
                for family, one in measured["emulators"].items()
            ],
        ),
        Table(
            title=f"{result['settings']['repeats']} searches of {result['settings']['trials']} "
            "trials each: final accuracy without noise (mean, median and 90 % band)",
            columns=("family", "sampler", "chosen: mean", "chosen", "best begun: mean", "epochs"),
            rows=[_row(one) for one in measured["found"]],
        ),
    ]


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    def over(name: str) -> Band:
        return band([one[name] for one in found["searches"]])

    chosen = over("chosen")
    name = f"**{found['sampler']}**" if found["sampler"] == CHOSEN else found["sampler"]
    return (
        found["family"],
        name,
        f"{chosen.mean:.2%}",
        f"{chosen.median:.2%} [{chosen.low:.2%}, {chosen.high:.2%}]",
        f"{over('best').mean:.2%}",
        f"{over('epochs').median:.0%}",
    )


if __name__ == "__main__":
    raise SystemExit(main())
