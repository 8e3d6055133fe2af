"""The fuzzed process: `python -m tests.fuzz.child TARGET LIBFUZZER_OPTION...`, see `__main__`."""

from __future__ import annotations

import resource
import sys

import atheris

MAX_MEMORY_BYTES = 3 * 2**30
"""Of address space, of which the libraries alone take a part."""

READERS = ["study", "tarfile", "zipfile", "gzip", "PIL.PngImagePlugin", "numpy.lib._format_impl"]

with atheris.instrument_imports(include=READERS):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until libFuzzer ends the process: at a finding, or when its time is up."""
    _, name, *options = sys.argv
    # A reader that takes what a header claims gets a MemoryError, which none may raise.
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    atheris.Setup([name, *options], TARGETS[name].read)
    atheris.Fuzz()


main()
