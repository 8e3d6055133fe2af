"""What no file may do, whatever for: unpickle, evaluate, unpack archives, listen to everybody."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("study", "search_spaces", "analysis", "benchmarks")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BATCHES = ROOT / "study/datasets/batches.py"
"""Reads CIFAR-10's official pickles, with an unpickler that imports nothing."""

UNPICKLERS = {"pickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "__import__"),
    *("extractall", "extract", "unpack_archive"),  # paths of an archive's choice
    *("read_pickle", "to_pickle", "enable_unsafe_deserialization"),
    *("getoutput", "getstatusoutput", "system", "popen"),  # through a shell
    *("urlopen", "urlretrieve"),  # unverified; see study/datasets
}
FOREIGN = {"re", "model", "platform", "torch"}
"""Whose `compile` and `system` run nothing: patterns, models, the machine's name."""


def trees(paths):
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def owner_and_name(call: ast.Call) -> tuple[str, str]:
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return owner, name
        case ast.Attribute(attr=name):
            return "", name
        case ast.Name(id=name):
            return "", name
    return "", ""


@cache
def calls():
    return [
        (path.relative_to(ROOT), node, *owner_and_name(node))
        for path, tree in trees(FILES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


def test_these_tests_see_the_calls_of_all_packages():
    seen = {str(path).partition("/")[0] for path, *_ in calls()}
    assert seen == set(PACKAGES)
    tree = ast.parse("tarfile.open(x).extractall(); a.b.eval(1)")
    names = {owner_and_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert names == {("", "extractall"), ("tarfile", "open"), ("", "eval")}


def test_nothing_evaluates_unpacks_or_goes_through_a_shell():
    found = [
        f"{path}:{node.lineno} {name}"
        for path, node, owner, name in calls()
        if name in FORBIDDEN_CALLS and owner not in FOREIGN
    ]
    assert found == []


def test_only_the_reader_of_official_batches_imports_an_unpickler():
    importers = {
        path
        for path, tree in trees(FILES)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
        if name.partition(".")[0] in UNPICKLERS
    }
    assert importers == {BATCHES}


def test_subprocesses_take_lists_of_arguments():
    started = [
        (path, node)
        for path, node, owner, name in calls()
        if owner == "subprocess" and name in {"run", "Popen", "check_output", "check_call", "call"}
    ]
    assert len(started) >= 3
    for path, node in started:
        assert not isinstance(node.args[0], (ast.Constant, ast.JoinedStr)), (path, node.lineno)
        assert "shell" not in {word.arg for word in node.keywords}, (path, node.lineno)


def test_arrays_are_read_and_written_without_pickle():
    for path, node, owner, name in calls():
        if owner in {"np", "numpy"} and name in {"load", "savez", "savez_compressed"}:
            values = [word.value for word in node.keywords if word.arg == "allow_pickle"]
            assert [ast.literal_eval(value) for value in values] == [False], (path, node.lineno)


def test_models_are_loaded_in_safe_mode_wherever_and_also_in_what_is_recommended():
    for path, node, _, name in calls():
        if name in {"load_model", "deserialize_keras_object"}:
            modes = [word.value for word in node.keywords if word.arg == "safe_mode"]
            assert [ast.literal_eval(mode) for mode in modes] == [True], (path, node.lineno)
    loads = re.findall(r"load_model\((.*)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert loads
    assert all("safe_mode=True" in arguments for arguments in loads)


def test_servers_listen_to_this_machine_alone_if_not_told_otherwise():
    from study.config import DashboardConfig

    assert DashboardConfig(storage_url="sqlite:///studies.db").host == "127.0.0.1"
    for path, tree in trees(FILES):
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert "0.0.0.0" not in texts, path  # noqa: S104 - looked for
        assert "::" not in texts, path


@pytest.mark.parametrize("code", ["S104", "S108", "S301", "S307", "S310", "S602", "S605", "S608"])
def test_no_rule_against_what_is_dangerous_is_switched_off(code):
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lint = configuration["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not any(code.startswith(prefix) for prefix in lint["ignore"])
    for pattern, ignored in lint["per-file-ignores"].items():
        # Tests look for what is dangerous, and make it.
        assert pattern == "tests/**" or not any(code.startswith(prefix) for prefix in ignored)
    switched_off = re.compile(rf"#\s*(ruff:\s*)?noqa(:.*\b{code}\b|\s*$)", re.MULTILINE)
    for path in FILES:
        assert not switched_off.search(path.read_text(encoding="utf-8")), path
