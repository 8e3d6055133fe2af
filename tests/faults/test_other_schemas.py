"""Databases of other versions: read as documented, or refused with the remedy; none is changed."""

from __future__ import annotations

import pytest

from study.cli import main
from study.storage import open_for_writing, read_study
from tests.study.databases import add_study, contents, error_of, execute, url_of, write


@pytest.fixture
def url(tmp_path):
    url = url_of(tmp_path / "studies.db")
    with open_for_writing(url) as storage:
        add_study(storage, "first/custom_cnn")
    return url


@pytest.mark.parametrize("version", [2, 0, -1, True, "1", None])
def test_a_study_of_another_schema_of_ours_is_refused_by_its_number(url, version):
    with open_for_writing(url) as storage:
        add_study(storage, "other/custom_cnn", schema_version=version)
    message = error_of(read_study, url, "other")
    assert repr(version) in message
    assert "update the program" in message
    # The others of the same database are read all the same.
    assert read_study(url, "first").name == "first"


@pytest.mark.parametrize(
    ("revision", "schema"), [("v3.0.0.a", 12), ("v99.0.0.a", 99)], ids=["older", "newer"]
)
def test_another_schema_of_optunas_is_refused_with_the_remedy(
    tmp_path, url, capsys, revision, schema
):
    execute(
        tmp_path / "studies.db",
        f"UPDATE alembic_version SET version_num = '{revision}'",  # noqa: S608
        f"UPDATE version_info SET schema_version = {schema}",  # noqa: S608
    )
    before = contents(tmp_path)
    for message in (error_of(write, url), error_of(read_study, url, "first")):
        assert "optuna storage upgrade" in message
        assert "update Optuna" in message
    assert main(["doctor", "--storage", url]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert contents(tmp_path) == before
