import ast
import json
import subprocess
import sys
from pathlib import Path

import search_spaces

PACKAGE = Path(search_spaces.__file__).parent


def imported_packages(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_importing_the_spaces_loads_no_keras_no_optuna_and_no_sibling():
    code = "import json, sys, search_spaces; print(json.dumps(sorted(sys.modules)))"
    listing = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, check=True
    ).stdout
    loaded = {name.partition(".")[0] for name in json.loads(listing)}
    assert "search_spaces" in loaded
    assert not loaded & {"keras", "tensorflow", "optuna", "numpy", "study", "analysis"}


def test_no_file_imports_a_sibling_or_optuna():
    files = sorted(PACKAGE.glob("**/*.py"))
    assert {"base.py", "custom_cnn.py", "alexnet_lite.py"} <= {file.name for file in files}
    for file in files:
        assert not set(imported_packages(file)) & {"study", "analysis", "optuna"}, file
