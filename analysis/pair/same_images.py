"""Whether two studies tested on the same images; only then is a difference a difference."""

from __future__ import annotations

from study.records import StudyRecord


def why_not_the_same(first: StudyRecord, second: StudyRecord) -> str:
    """Return why two studies' test images are not known to be the same; empty where they are.

    The same labels in the same order are proof enough, and so is the same SHA-256 of each array of
    the test split that both recorded.
    """
    a, b = first.dataset, second.dataset
    if a.name != b.name:
        return f"They were tested on different datasets, {a.name} and {b.name}."
    if None not in (a.n_test, b.n_test) and a.n_test != b.n_test:
        return f"They were tested on {a.n_test:,} and {b.n_test:,} images."
    if first.test_labels and second.test_labels and first.test_labels != second.test_labels:
        return "The classes of their test images, in order, are not the same."
    arrays = [name for name in sorted(a.digests.keys() & b.digests.keys()) if "test" in name]
    if unlike := [name for name in arrays if a.digests[name] != b.digests[name]]:
        return f"Their test images are not the same: the SHA-256 of {unlike[0]} differs."
    if arrays or (first.test_labels and second.test_labels):
        return ""
    return "Whether they were tested on the same images is not recorded."
