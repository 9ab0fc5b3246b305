"""Mistakes by one who had not seen the checker's rules are found, and right backwards pass."""

import numpy as np

from .blind import BLIND
from .measure import MISLEADING, failures


def test_all_wrong_backwards_are_found_and_no_right_one_is_flagged():
    with np.errstate(all="ignore"):
        assert not [*failures(range(3))]


def test_there_are_at_least_150_wrong_backwards_and_each_has_its_own_name():
    names = [f"{name}: {what}" for name, *_, wrongs in BLIND for what, _ in wrongs]
    assert len(names) >= 150 and len({*names}) == len(names)
    assert {*names} >= MISLEADING.keys()
