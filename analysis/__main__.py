from study.console import open_closed_streams

open_closed_streams()

from analysis.cli import main  # noqa: E402  What is imported may open files.

raise SystemExit(main())
