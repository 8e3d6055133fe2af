"""What the evidence lacks, in plain sentences, so that no reader mistakes silence for a result."""

from __future__ import annotations

from collections import Counter

from analysis import follow_up
from analysis.evidence import Evidence
from analysis.labels import augmentation_label, family_label, joined
from analysis.statistics.nested import MIN_DRAWS
from study.records import FINISHED, MEASURED, WINNER, FamilyRecord

N_MEASURED = 20
"""What a follow-up command asks for."""

MAX_REASONS = 10
MAX_REASON_CHARACTERS = 200

OPTIONAL_TRIAL_FIELDS = {
    "n_parameters": "number of parameters",
    "forward_flops": "floating-point operations",
    "training_seconds": "training time",
}
OPTIONAL_RESULT_FIELDS = {
    "training_accuracy": "training accuracy",
    "n_parameters": "number of parameters",
    "model_bytes": "model size",
    "training_seconds": "training time",
    "milliseconds_per_image": "time per image",
}


def gaps(evidence: Evidence) -> tuple[str, ...]:
    """Return one sentence for each thing that is missing."""
    sentences = [
        *_of_families(evidence),
        *_of_retraining(evidence),
        *_of_fields(evidence),
        *_of_further_runs(evidence),
    ]
    for family in evidence.study.families:
        sentences += _of_search(evidence, family)
    return tuple(sentences)


def failures(evidence: Evidence) -> tuple[tuple[str, str, int], ...]:
    """Return (family, reason, number of failed trials), the most frequent first in a family."""
    rows = []
    for family in evidence.study.families:
        reasons = Counter(
            _one_line(trial.failure) for trial in family.trials if trial.state == "FAIL"
        )
        listed = reasons.most_common(MAX_REASONS)
        rows += [(family.family, reason, count) for reason, count in listed]
        if rest := sum(reasons.values()) - sum(count for _, count in listed):
            rows.append((family.family, "other reasons", rest))
    return tuple(rows)


def _of_families(evidence: Evidence) -> list[str]:
    if len(evidence.families) > 1:
        return []
    return [f"Only one family was searched: {family_label(evidence.families[0])}."]


def _of_search(evidence: Evidence, family: FamilyRecord) -> list[str]:
    label = family_label(family.family)
    sentences = []
    unfinished = sum(trial.state not in FINISHED for trial in family.trials)
    if unfinished:
        sentences.append(f"{label}: trials waiting or still running: {unfinished}.")
    account = next(one for one in evidence.ledger if one.family == family.family)
    wanted, had = family.settings.get("trials"), account.n_trials
    if isinstance(wanted, int) and had < wanted:
        sentences.append(f"{label}: {had} of the {wanted} trials asked for have finished.")
    if not any(trial.state == "COMPLETE" for trial in family.trials):
        sentences.append(f"{label}: no trial has completed, so there is no winner to retrain.")
    if not family.roles:
        sentences.append(f"{label}: which hyperparameters are scientific is not recorded.")
    return sentences


def _of_retraining(evidence: Evidence) -> list[str]:
    sentences = []
    rows = evidence.comparison[evidence.comparison["configuration"] == WINNER]
    most = int(rows["n_seeds"].max()) if len(rows) else 0
    for _, row in rows.iterrows():
        if row["family"] not in evidence.winners:
            continue
        run = f"{family_label(row['family'])} {augmentation_label(row['augmented'])}"
        if row["n_seeds"] == 0:
            sentences.append(f"The winner of {run} has not been retrained yet.")
        elif row["n_seeds"] < most:
            sentences.append(f"{run} has {row['n_seeds']} of {most} seeds so far.")
    if most == 1:
        sentences.append("Winners were retrained with one seed, so the spread is not known.")
    if evidence.n_former_results:
        sentences.append(
            "Retrained models of earlier winners, which newer trials have overtaken, are left out: "
            f"{evidence.n_former_results}."
        )
    return sentences


def _of_fields(evidence: Evidence) -> list[str]:
    finished = evidence.trials[evidence.trials["state"].isin(["COMPLETE", "PRUNED"])]
    sentences = []
    for frame, fields, what in (
        (finished, OPTIONAL_TRIAL_FIELDS, "trials"),
        (evidence.retrained, OPTIONAL_RESULT_FIELDS, "retrained models"),
    ):
        lacking = [
            f"{name} ({missing} of {len(frame)})"
            for column, name in fields.items()
            if (missing := int(frame[column].isna().sum()))
        ]
        if lacking:
            sentences.append(f"Some {what} lack {joined(lacking)}.")
    without_curve = int((finished["epochs"] == 0).sum())
    if without_curve:
        sentences.append(f"Trials without a learning curve: {without_curve} of {len(finished)}.")
    n_classes = len(evidence.study.dataset.classes)
    scored = sum(len(result.f1) == n_classes for result in evidence.results)
    if scored < len(evidence.results):
        lacking_scores = f"{len(evidence.results) - scored} of {len(evidence.results)}"
        sentences.append(f"Retrained models without scores by class: {lacking_scores}.")
    return sentences


def _of_further_runs(evidence: Evidence) -> list[str]:
    """Say which questions take a run of their own that has not been made."""
    study = evidence.study
    if not evidence.winners:
        return []
    sentences = []
    if not any(one.purpose == MEASURED for one in study.validated):
        command = follow_up.same(evidence, measure_trials=N_MEASURED)
        sentences.append(f"What a larger budget would find has not been measured: {command}")
    if not study.ablations:
        command = follow_up.ablate(evidence)
        sentences.append(f"What made the winners better has not been studied: {command}")
    # All of the images cannot be drawn otherwise.
    if evidence.results and not evidence.redrawn and study.dataset.fraction != 1:
        command = follow_up.same(evidence, draws=MIN_DRAWS)
        sentences.append(
            "How much scores owe to the sample of training images that was drawn has not been "
            f"measured: {command}"
        )
    return sentences


def _one_line(reason: str | None) -> str:
    text = " ".join((reason or "no reason recorded").split())
    if len(text) <= MAX_REASON_CHARACTERS:
        return text
    return text[: MAX_REASON_CHARACTERS - 1] + "…"
