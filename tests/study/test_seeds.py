from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from study.seeds import derive_seed

PARTS = st.lists(st.one_of(st.integers(), st.text(max_size=8)), max_size=4)


@given(st.integers(0, 2**31 - 1), PARTS)
def test_a_seed_fits_every_library_and_is_the_same_each_time(base, path):
    seed = derive_seed(base, *path)
    assert 0 <= seed < 2**31
    assert seed == derive_seed(base, *path)


def test_seeds_stay_what_they_were_so_that_old_runs_can_be_repeated():
    digest = hashlib.sha256(b"0/custom_cnn/trial/3").digest()
    assert derive_seed(0, "custom_cnn", "trial", 3) == int.from_bytes(digest[:4], "big") // 2


def test_neighbouring_bases_numbers_families_and_purposes_give_different_seeds():
    seeds = [
        derive_seed(base, family, purpose, number)
        for base in range(5)
        for family in ("custom_cnn", "alexnet_lite")
        for purpose in ("trial", "sampler", "retrained")
        for number in range(50)
    ]
    assert len(set(seeds)) == len(seeds)
