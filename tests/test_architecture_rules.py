"""Who may import what, how long files may be, and what must not be in them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("study", "search_spaces", "analysis")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
MAX_LINES = 300
HEAVY = ("keras", "keras_tuner", "tensorflow", "tf_keras", "jax")
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen"}
UNPICKLERS = {"load", "loads", "Unpickler"}


def files_of(package):
    found = [path for path in FILES if path.is_relative_to(ROOT / package)]
    assert found
    return found


def trees(files):
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in files]


def imported(tree):
    """Return every module that a file imports, `from a import b` as "a" and as "a.b"."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "Imports are absolute."
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_in(name, modules):
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def breaches(files, forbidden):
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, tree in trees(files)
        for name in sorted(imported(tree))
        if forbidden(name)
    ]


def test_this_test_sees_the_files_and_their_imports():
    assert len(FILES) > 50
    names = imported(ast.parse("import a.b\ndef f():\n    from c import d"))
    assert names == {"a.b", "c", "c.d"}


def test_search_spaces_know_neither_the_study_nor_the_analysis_nor_a_tuner():
    others = ("study", "analysis", "optuna", "keras_tuner")
    assert breaches(files_of("search_spaces"), lambda name: is_in(name, others)) == []


def test_analysis_reads_records_and_knows_nothing_else_of_the_study():
    known = (
        "study.records",
        "study.storage",
        "study.winners",
        "study.matching",
        "study.console",
        "study.errors",
        "study.one_line_parser",
        "study.files",
        "study.report_folder",
    )

    def is_forbidden(name):
        if is_in(name, (*HEAVY, "search_spaces")):
            return True
        return is_in(name, ("study",)) and name != "study" and not is_in(name, known)

    assert breaches(files_of("analysis"), is_forbidden) == []


def test_status_is_computed_from_records_without_any_library():
    known = ("study.records", "study.winners", "study.console", "study.status", "__future__")

    def is_forbidden(name):
        return not is_in(name, known) and name.split(".")[0] not in sys.stdlib_module_names - {
            "sqlite3"
        }

    assert (
        breaches(files_of("study/status"), lambda name: name != "study" and is_forbidden(name))
        == []
    )


def test_training_knows_neither_optuna_nor_the_database():
    others = ("optuna", "sqlalchemy", "study.storage", "study.studies", "search_spaces")
    assert breaches(files_of("study/training"), lambda name: is_in(name, others)) == []


def test_keras_is_imported_by_those_who_build_or_train_only():
    trainers = {
        *files_of("study/training"),
        *files_of("study/keras_tuner"),
        *(
            ROOT / "study" / name
            for name in (
                *("attempt.py", "objective.py", "retrain.py", "validate.py"),
                "start_backend.py",
            )
        ),
    }
    others = [path for path in files_of("study") if path not in trainers]
    assert breaches(others, lambda name: is_in(name, HEAVY)) == []


def test_keras_tuner_is_imported_by_its_engine_only():
    engine = set(files_of("study/keras_tuner"))
    others = [path for path in FILES if path not in engine]
    assert breaches(others, lambda name: is_in(name, ("keras_tuner",))) == []


def callers(names):
    """Return the files that call a function or class of one of these names."""
    return {
        str(path.relative_to(ROOT))
        for path, tree in trees(FILES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", None)) in names
    }


def test_only_storage_opens_databases():
    assert callers({"RDBStorage", "JournalStorage", "get_storage", "create_engine"}) == {
        "study/storage/creating.py",
        "study/storage/opening.py",
    }


def test_only_studies_takes_optuna_studies_from_a_database():
    # These make one too, in memory, for Optuna to evaluate or to sample from.
    in_memory = {"analysis/importances.py", "study/proposals.py", "study/validation_runs.py"}
    assert callers({"create_study", "load_study"}) - in_memory == {"study/studies.py"}


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "study", "--help"],
        ["-m", "study", "run", "--help"],
        ["-m", "study", "dashboard", "--help"],
        ["-m", "study", "status", "--storage", f"sqlite:///{ROOT / 'studies.db'}"],
        ["-m", "study", "doctor"],
        ["-m", "analysis", "--help"],
        ["-m", "analysis", "report", "--help"],
        ["-m", "analysis", "compare", "--help"],
        ["-c", "import analysis.report"],
        ["-c", "import argparse, study.dashboard.server, study.dashboard.pages"],
        ["-c", "import search_spaces, study.config, study.arguments, study.cli"],
        # All training is done in processes of their own.
        ["-c", "import argparse, study.job"],
    ],
    ids=" ".join,
)
def test_what_must_answer_quickly_or_stay_small_loads_neither_tensorflow_nor_keras(command):
    loaded = loaded_by(command)
    assert "argparse" in loaded or "analysis" in loaded
    assert not loaded & set(HEAVY)


def test_a_search_begins_without_what_only_reports_and_ablations_need():
    assert loaded_by(["-c", "import study.job"]) & {"sqlalchemy", "sklearn", "pandas"} == {
        "sqlalchemy"
    }


def loaded_by(command: list[str]) -> set[str]:
    """Return the top-level names of all that a run of Python imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "path", [*FILES, *BENCHMARKS], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_file_is_short_documented_and_free_of_what_is_unsafe(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    tree = ast.parse(text)
    if path.name != "__main__.py":
        assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Assert), f"assert in line {node.lineno}"
        if isinstance(node, ast.Call):
            assert_safe(node)


def assert_safe(call):
    where = f"line {call.lineno}"
    if isinstance(call.func, ast.Name):
        assert call.func.id not in UNSAFE_CALLS, where
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        owner, name = call.func.value.id, call.func.attr
        assert not (owner in {"pickle", "dill", "joblib", "marshal"} and name in UNPICKLERS), where
        assert not (owner == "os" and name in UNSAFE_CALLS), where
        if owner in {"np", "numpy"} and name == "load":
            allowed = [word.value for word in call.keywords if word.arg == "allow_pickle"]
            assert [ast.literal_eval(value) for value in allowed] == [False], where
    for word in call.keywords:
        is_true = isinstance(word.value, ast.Constant) and word.value.value is True
        assert not (word.arg == "allow_pickle" and is_true), where
        assert not (word.arg == "shell" and is_true), where
        assert not (word.arg == "safe_mode" and not is_true), where
