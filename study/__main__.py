from study.cli import main
from study.interruption import interrupt_at_signals

interrupt_at_signals()
raise SystemExit(main())
