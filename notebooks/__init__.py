"""The study as a notebook, and the program that renews its outputs."""
