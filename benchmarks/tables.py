"""Write the tables of benchmarks' pages from the results: no number there is typed by hand.

    python -m benchmarks.tables

On a page, a benchmark's tables stand between `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    augmentation,
    augmenters,
    coverage,
    efficiency,
    emulated_search,
    faults,
    gpu,
    memory,
    overhead,
    parallel,
    replay_tables,
    scheduling,
    startup,
    throughput,
    updates,
)
from benchmarks.measuring import RESULTS
from benchmarks.rivals import tables as rivals
from benchmarks.table import Result, Table

README = Path(__file__).parent / "README.md"
PAGES = {README: RESULTS, README.with_name("avx2.md"): RESULTS / "avx2"}
"""Pages with the folders of their results, a page for each machine."""

NOT_MEASURED = "Not measured yet."

TABLES: dict[str, Callable[[Result], list[Table]]] = {
    "throughput": throughput.tables,
    "efficiency": efficiency.tables,
    "updates": updates.tables,
    "augmentation": augmentation.tables,
    "augmenters": augmenters.tables,
    "overhead": overhead.tables,
    "scheduling": scheduling.tables,
    "startup": startup.tables,
    "replay": replay_tables.tables,
    "emulated_search": emulated_search.tables,
    "parallel": parallel.tables,
    "memory": memory.tables,
    "rivals": rivals.tables,
    "gpu": gpu.tables,
    "faults": faults.tables,
    "coverage": coverage.tables,
}
"""How a benchmark's result becomes tables, by its name; a new benchmark is a file and a line."""


def fill(text: str, *, results: Path = RESULTS) -> str:
    """Return a page's text with every benchmark's tables brought up to date.

    Args:
        text: Of the page.
        results: Folder of what was measured.

    Raises:
        ValueError: If a benchmark that was run has no place in the text.
    """
    for name in TABLES:
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
        if begin in text and end in text:
            before, rest = text.split(begin, maxsplit=1)
            after = rest.split(end, maxsplit=1)[1]
            text = f"{before}{begin}{section(name, results=results)}\n{end}{after}"
        elif (results / f"{name}.json").exists():
            raise ValueError(
                f"The page of {results} has no place for {name!r}: add {begin.strip()}, "
                f"{end.strip()}"
            )
    return text


def section(name: str, *, results: Path) -> str:
    """Return a benchmark's tables, and the machine and versions that they were measured on."""
    path = results / f"{name}.json"
    if not path.exists():
        return NOT_MEASURED
    result = json.loads(path.read_text(encoding="utf-8"))
    return "\n\n".join([*(table.markdown() for table in TABLES[name](result)), provenance(result)])


def provenance(result: Result) -> str:
    """Return when and where a result was measured, and with what, in one line."""
    machine = result["machine"]
    where = ", ".join(
        [
            machine["processor"],
            f"{machine['cores']} cores",
            *machine["instruction_sets"],
            f"{machine['memory_gib']} GiB",
            f"load average {machine['load_average_before']} before",
        ]
    )
    libraries = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"Measured on {result['date']}: {where}; {libraries}."


def main() -> int:
    """Rewrite the tables of all pages."""
    texts = {
        page: fill(page.read_text(encoding="utf-8"), results=results)
        for page, results in PAGES.items()
    }
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
