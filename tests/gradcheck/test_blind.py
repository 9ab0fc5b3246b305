"""Mistakes by one who had not seen the checker's rules are found, and right backwards pass."""

import numpy as np
import pytest

from .blind import BLIND
from .blind_second import BLIND_SECOND
from .measure import SETS, diagnose_on, failures, trials_of

NAMED = [
    ("leaky_relu", "slope on the wrong side", "sign-part"),
    ("tanh", "plus for minus", "swapped-factor"),
    ("silu", "only the first term", "wrong-formula"),
    ("power", "by logarithms", "not-finite"),
    ("multiply_by_column", "wrong axis", "wrong-axis"),
    ("clip", "outside for inside", "bounds"),
    ("embedding", "mean over the uses", "row-factor"),
    ("embedding", "gradient of the rows", "not-brought-back"),
    ("difference", "plus for minus", "window-weights"),
    ("matmul", "results swapped", "swapped"),
    ("batch_norm", "mean as a constant", "wrong-reduction"),
    ("layer_norm", "statistics as constants", "wrong-statistics"),
    ("conv1d", "kernel flipped", "argument-flipped"),
    ("max_pool", "to both", "not-routed"),
    ("max_pool", "to the smaller", "window"),
    ("recurrent_step", "tanh forgotten for u", "derivative-missing"),
    ("recurrent_step", "u not transposed", "argument-transposed"),
    ("softmax", "wrong axis", "wrong-formula"),
    ("huber", "absolute everywhere", "bounds"),
]


@pytest.mark.parametrize("blind, seeds", [(BLIND, range(3)), (BLIND_SECOND, range(2))], ids=SETS)
def test_all_wrong_backwards_are_found_and_no_right_one_is_flagged(blind, seeds):
    with np.errstate(all="ignore"):
        assert not [*failures(blind, seeds)]


@pytest.mark.parametrize("which, least", [("first", 150), ("second", 100)])
def test_there_are_many_wrong_backwards_and_each_has_its_own_name(which, least):
    blind, misleading = SETS[which]
    names = [f"{name}: {what}" for name, *_, wrongs in blind for what, _ in wrongs]
    assert len(names) >= least and len({*names}) == len(names)
    assert {*names} >= misleading.keys()


@pytest.mark.parametrize("function, what, code", NAMED)
def test_a_reason_is_given(function, what, code):
    forward, samples, _, wrongs = next(rest for name, *rest in BLIND if name == function)
    with np.errstate(all="ignore"):
        found = diagnose_on(trials_of(forward, samples, seed=3), forward, dict(wrongs)[what])
    assert found.code == code and found.findings[0].specific, str(found)
