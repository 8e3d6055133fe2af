"""The search against what a user would pick instead: Optuna, KerasTuner and Ray Tune.

    pip install -e ".[rivals]"                # once
    python -m benchmarks.rivals --quick       # does everything work?
    python -m benchmarks.rivals --repeats 3   # every contender with three seeds

Every contender searches the same space on the same images with the same number of trials and the
same longest trial, in a process of its own, timed from its launch to the moment it knows its
winner. Every winner is then trained again by one and the same loop and tested. Rivals are set up as
their documentation writes it ("default"), and once more with everything that was found to make them
faster ("best").
"""
