"""The commands of `python -m study`, one file each: what it takes, and what it does."""
