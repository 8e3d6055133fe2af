"""The report's own words, for a reader who has never seen one."""

from __future__ import annotations

from analysis.document import Table
from analysis.evidence import Evidence
from analysis.labels import family_label, joined

WORDS = {
    "family": "Networks of one kind that differ in what can be chosen, as how many filters "
    "they have.",
    "configuration": "One network of a family, with all that was chosen of it and of its training.",
    "hyperparameter": "Something that can be chosen. The scientific ones make the network, and are "
    "compared; the nuisance ones, as the learning rate, are tuned along for a fair comparison.",
    "trial": "One configuration trained once in the search. A pruned one was stopped early, as "
    "others did better after as many epochs.",
    "epoch": "One pass through the training images.",
    "training, validation and test images": "Those that a network learns from; those that score "
    "trials and choose winners; those of the final scores alone, by which nothing was chosen.",
    "winner": "The configuration of a family that did best on the validation images.",
    "seed": "Where chance begins: other seeds give other initial weights and another order of "
    "images, and so another score of the same configuration.",
    "fresh seeds": "Seeds that had no part in the search. Where several finalists were trained "
    "from them, they chose the winner among these.",
    "finalist": "A trial among the best of its search, trained again from fresh seeds.",
    "augmentation": "Training images are turned, shifted, zoomed and mirrored at random.",
    "percentage point": "The difference of 87 % and 86 %.",
    "95 % interval": "It holds the true value in 95 of 100 such studies.",
}
NAMED = "Configurations that people had named before the search: {}."


def table(evidence: Evidence) -> Table:
    """Return the words and what they mean here."""
    rows = list(WORDS.items())
    named = [
        f"{joined(list(family.baselines))} of {family_label(family.family)}"
        for family in evidence.study.families
        if family.baselines
    ]
    if named:
        rows.append(("named configuration", NAMED.format("; ".join(named))))
    return Table(
        caption="What the words of this report mean.",
        columns=("Word", "Meaning"),
        rows=tuple(rows),
        stacks=True,
    )
