"""Methods behind the report's words, each from a paper and free of Optuna; see `docs/method.md`."""
