"""Which sampler and which scheduler find the best, where an emulator answers in place of training?

    python -m benchmarks.emulated_search     # twenty minutes on two cores: trains nothing

The search is the program's own: its schedulers, its way to ask a sampler, the named configurations
first. A repeat is a search of each family by each contender, from another seed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import optuna
from optuna.distributions import json_to_distribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from benchmarks import measuring
from benchmarks.curve_table import read_table
from benchmarks.curves import RECORDING
from benchmarks.emulated_contenders import (
    CONTENDERS,
    DEFAULT_SAMPLER,
    DEFAULT_SCHEDULER,
    SAMPLERS,
    SCHEDULERS,
    MakeSampler,
)
from benchmarks.emulator import Emulator, known_curves, learn
from benchmarks.replay_measures import Band, band
from benchmarks.table import Result, Table
from search_spaces import SPACES, SearchSpace
from search_spaces.base import Params
from study.config import SearchConfig
from study.proposals import propose
from study.schedulers import Scheduler, TrialProgress, default_rungs
from study.storage import read_study

STORAGE, STUDY = "sqlite:///studies.db", "reference-cifar10"


def main() -> int:
    """Search, a family a process; store and print."""
    options = measuring.options(measuring.parser(__doc__, repeats=100).parse_args())
    machine = measuring.machine()
    settings = SearchConfig()
    families = list(read_table(RECORDING).header["spaces"])
    # Its products are small: threads would only get into each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(families), mp_context=context) as workers:
        measured = list(workers.map(partial(measure, repeats=options.repeats), families))
    measuring.finish(
        "emulated_search",
        options,
        machine=machine,
        settings={"trials": settings.n_trials, "epochs": settings.epochs, "study": STUDY},
        measured={
            "emulators": dict(zip(families, [one["emulator"] for one in measured], strict=True)),
            "found": [found for one in measured for found in one["found"]],
        },
        tables=tables,
    )
    return 0


def measure(family: str, *, repeats: int) -> dict[str, Any]:
    """Learn a family's emulator, and search on it with each contender."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    settings = SearchConfig()
    table, record = read_table(RECORDING), read_study(STORAGE, STUDY)
    known = known_curves(table, record, family)
    distributions = {
        name: json_to_distribution(json.dumps(as_json))
        for name, as_json in table.header["spaces"][family].items()
    }
    rungs = (*default_rungs(settings.epochs), settings.epochs)
    emulator = learn(known, distributions, rungs=rungs)
    found = []
    for sampler, scheduler in CONTENDERS:
        searches = [
            search(
                *(emulator, SPACES[family], SAMPLERS[sampler]),
                scheduler=SCHEDULERS[scheduler](settings.n_trials, settings.epochs),
                seed=seed,
            )
            for seed in range(repeats)
        ]
        one = {"family": family, "sampler": sampler, "scheduler": scheduler, "searches": searches}
        found.append(one)
        chosen = band([each["chosen"] for each in searches])
        print(family, sampler, scheduler, chosen, file=sys.stderr, flush=True)
    about = {"n": len(known), "best": emulator.best, "correlation": emulator.correlation}
    return {"emulator": about, "found": found}


def search(
    emulator: Emulator,
    space: SearchSpace,
    make_sampler: MakeSampler,
    *,
    scheduler: Scheduler,
    seed: int,
) -> dict[str, float]:
    """Return what one search came to, with one worker.

    Args:
        emulator: Of the family.
        space: The family.
        make_sampler: Makes who proposes from a seed.
        scheduler: Says which trial goes on, and until when.
        seed: Of the sampler, and of the noise of scores.

    Returns:
        Noiseless final accuracies in [0, 1] of the configuration that was `chosen` and of the
        `best` that was begun; `epochs`, as a share of those of all trials in full.
    """
    rng = np.random.default_rng(seed)
    epochs = emulator.rungs[-1]
    configurations: list[Params] = []
    answers: list[np.ndarray] = []
    trials: list[TrialProgress] = []
    axis = np.arange(1, epochs + 1)
    while task := scheduler.next_task(trials):
        number = task.trial
        if number is None:
            number = len(trials)
            sampler = make_sampler(1_000 * seed + number)
            params = _proposed(space, sampler, configurations, trials, emulator)
            configurations.append(params)
            answers.append(emulator.scores(params))
            trials.append(TrialProgress(number=number, scores=()))
        # Drawn from the same seed again: a trial that goes on keeps the scores it had.
        noise = np.random.default_rng([seed, number]).normal(0, emulator.noise)
        curve = np.interp(axis, emulator.rungs, answers[number] + noise)
        trials[number] = replace(trials[number], scores=curve[: task.until_epoch].tolist())
    whole = [one for one in trials if len(one.scores) == epochs]
    chosen = max(whole, key=lambda one: (one.scores[-1], rng.random()))
    return {
        "chosen": float(answers[chosen.number][-1]),
        "best": float(max(answer[-1] for answer in answers)),
        "epochs": sum(len(one.scores) for one in trials) / (len(trials) * epochs),
    }


def _proposed(
    space: SearchSpace,
    sampler: BaseSampler,
    configurations: Sequence[Params],
    trials: Sequence[TrialProgress],
    emulator: Emulator,
) -> Params:
    named = list(space.baselines.values())
    if len(trials) < len(named):
        return named[len(trials)]
    seen = [
        _as_stored(params, trial, emulator)
        for params, trial in zip(configurations, trials, strict=True)
    ]
    return propose(seen, space, sampler)


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
        _found(result, "sampler", scheduler=DEFAULT_SCHEDULER),
        _found(result, "scheduler", sampler=DEFAULT_SAMPLER),
    ]


def _found(result: Result, what: str, **other: str) -> Table:
    """Return the searches that differ in what this is, with the other as it is by default."""
    settings = result["settings"]
    (beside,) = other.values()
    return Table(
        title=f"Each {what} in {settings['repeats']} searches of {settings['trials']} trials, with "
        f"{beside}: final accuracy without noise (mean, median and 90 % band)",
        columns=("family", what, "chosen: mean", "chosen", "best begun: mean", "epochs"),
        rows=[
            _row(one, one[what])
            for one in result["measured"]["found"]
            if other.items() <= one.items()
        ],
    )


def _row(found: Mapping[str, Any], name: str) -> tuple[str, ...]:
    def over(measure: str) -> Band:
        return band([one[measure] for one in found["searches"]])

    chosen = over("chosen")
    return (
        found["family"],
        f"**{name}**" if name in (DEFAULT_SAMPLER, DEFAULT_SCHEDULER) else name,
        f"{chosen.mean:.2%}",
        f"{chosen.median:.2%} [{chosen.low:.2%}, {chosen.high:.2%}]",
        f"{over('best').mean:.2%}",
        f"{over('epochs').median:.0%}",
    )


if __name__ == "__main__":
    raise SystemExit(main())
