"""Which contenders have the kernels that this project asks for."""

from __future__ import annotations

import os

import pytest

from benchmarks.kernels import PREFERRED, SHIPPED, leave_kernels_to_tensorflow
from benchmarks.rivals.styles import choose_kernels
from benchmarks.throughput import CONTENDERS, WITHOUT_BFLOAT16
from study.start_backend import ONEDNN


@pytest.mark.parametrize(("configuration", "asked"), [("default", None), ("best", "1")])
@pytest.mark.parametrize("told", ["0", "1", None])
def test_rivals_at_their_best_alone_have_them_whatever_the_shell_says(
    configuration, asked, told, monkeypatch
):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setenv(ONEDNN, told or "")
    if told is None:
        monkeypatch.delenv(ONEDNN)
    leave_kernels_to_tensorflow()
    choose_kernels(configuration)
    assert os.environ.get(ONEDNN) == asked


def test_keras_as_shipped_lacks_them_and_keras_tuned_has_them():
    shipped = {
        name
        for name, contender in (CONTENDERS | WITHOUT_BFLOAT16).items()
        if contender.spec.get("kernels", PREFERRED) == SHIPPED
    }
    assert shipped == {"keras", "keras_bfloat16", "ours_shipped"}
