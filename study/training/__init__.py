"""Fit one model fast. Nothing in here knows Optuna."""
