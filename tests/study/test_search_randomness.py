"""What a search proposes follows from its seed alone."""

from __future__ import annotations

from dataclasses import replace

from tests.study.quick_search import FAMILIES, SETTINGS, configurations, read, run


def test_equal_seeds_propose_equal_configurations_and_different_ones_do_not(tmp_path):
    proposed = []
    for number, seed in enumerate([0, 0, 1]):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(folder, settings=replace(SETTINGS, seed=seed))
        proposed.append([configurations(trials)[2:] for trials in read(folder).values()])
    assert proposed[0] == proposed[1]
    assert proposed[0] != proposed[2]
    alpha, beta = proposed[0]
    assert not set(alpha) & set(beta)


def test_a_search_in_pieces_proposes_what_a_search_in_one_piece_does(tmp_path):
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    for folder in (whole, pieces):
        folder.mkdir()
    run(whole, settings=replace(SETTINGS, n_trials=6))
    for n_trials in (3, 4, 6):
        run(pieces, settings=replace(SETTINGS, n_trials=n_trials))
    for family in FAMILIES:
        one, other = (configurations(read(folder)[family]) for folder in (whole, pieces))
        assert one == other
        assert len(set(one)) == 6
