from study.console import open_closed_streams

open_closed_streams()

from study.cli import main  # noqa: E402  What is imported may open files.
from study.interruption import interrupt_at_signals  # noqa: E402

interrupt_at_signals()
raise SystemExit(main())
