import gc

from study.console import open_closed_streams

open_closed_streams()
# Most of what a report is made of lives to its end: looking for garbage as often as Python does
# takes a twentieth of its time and finds next to nothing.
gc.set_threshold(50_000)

from analysis.cli import main  # noqa: E402  What is imported may open files.

raise SystemExit(main())
