"""What runs in a process of its own: `python -m benchmarks.rivals.child TASK < INPUT > OUTPUT`.

TASK is `search` (an assignment in, what was found out), `retrain` (an assignment and a winner in,
test accuracies out) or `precision` (nothing in, the faster arithmetic out).
"""

from __future__ import annotations

import json
import os
import sys

from benchmarks.kernels import leave_kernels_to_tensorflow
from benchmarks.rivals.setting import Assignment
from study.start_backend import import_backend


def main(task: str) -> None:
    """Do the task; libraries that print to stdout do not spoil the output."""
    leave_kernels_to_tensorflow()
    given = sys.stdin.read()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)
        output.write(TASKS[task](given))


def _search(given: str) -> str:
    from benchmarks.rivals.contenders import CONTENDERS

    assignment = Assignment.from_json(given)
    return json.dumps(CONTENDERS[assignment.contender].search(assignment).to_fields())


def _retrain(given: str) -> str:
    import_backend()
    from benchmarks.rivals.retraining import test_accuracies

    fields = json.loads(given)
    assignment = Assignment.from_json(fields["assignment"])
    return json.dumps(test_accuracies(assignment, fields["winner"]))


def _precision(_given: str) -> str:
    import_backend()
    from study.training import precision

    return precision.resolve("auto")


TASKS = {"search": _search, "retrain": _retrain, "precision": _precision}

if __name__ == "__main__":
    main(sys.argv[1])
