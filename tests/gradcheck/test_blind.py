"""Mistakes by one who had not seen the checker's rules are found, and right backwards pass."""

import numpy as np
import pytest

from .blind import BLIND
from .blind_second import BLIND_SECOND
from .blind_third import BLIND_THIRD
from .measure import SETS, diagnose_on, failures, trials_of

NAMED = [
    ("leaky_relu", "slope on the wrong side", "condition-inverted"),
    ("tanh", "plus for minus", "swapped-factor"),
    ("silu", "only the first term", "path-missing"),
    ("power", "by logarithms", "not-finite"),
    ("multiply_by_column", "wrong axis", "wrong-axis"),
    ("clip", "outside for inside", "bounds"),
    ("embedding", "mean over the uses", "row-factor"),
    ("embedding", "gradient of the rows", "not-brought-back"),
    ("difference", "plus for minus", "path-sign"),
    ("matmul", "results swapped", "swapped"),
    ("batch_norm", "mean as a constant", "path-missing"),
    ("layer_norm", "statistics as constants", "path-missing"),
    ("conv1d", "kernel flipped", "argument-flipped"),
    ("max_pool", "to both", "derivative-missing"),
    ("max_pool", "to the smaller", "choice-replaced"),
    ("recurrent_step", "tanh forgotten for u", "derivative-missing"),
    ("recurrent_step", "u not transposed", "argument-transposed"),
    ("softmax", "wrong axis", "wrong-formula"),
    ("huber", "absolute everywhere", "bounds"),
    ("huber", "branches swapped", "condition-inverted"),
    ("average_pool", "windows overwrite", "overwritten"),
    ("conv1d", "last position left out", "one-missing"),
    ("quadratic_form", "as if symmetric", "path-twice"),
    ("cumsum", "wrong axis", "axis-replaced"),
]
NAMED_SECOND = [
    ("linear", "last time step only", "only-one"),
    ("bce", "second term's inner sign", "path-sign"),
    ("dropout", "divided by p", "constant-factor"),
    ("multiclass_hinge", "margin of 1 forgotten in the mask", "operand-replaced"),
    ("huber", "kink at 1, not at delta", "condition-replaced"),
    ("conv2d", "kernel not flipped", "operand-flipped"),
    ("causal_attention", "softmax skipped", "derivatives-missing"),
    ("lstm_gates", "the state's own gradient forgotten", "output-missing"),
    ("lstm_gates", "tanh's slope forgotten", "derivative-missing"),
    ("lstm_gates", "gates in another order", "exchanged"),
    ("lstm_gates", "sigmoid's slope on the candidate", "wrong-derivative"),
]


@pytest.mark.parametrize(
    "blind, seeds",
    [(BLIND, range(3)), (BLIND_SECOND, range(2)), (BLIND_THIRD, range(1))],
    ids=SETS,
)
def test_all_wrong_backwards_are_found_and_no_right_one_is_flagged(blind, seeds):
    with np.errstate(all="ignore"):
        assert not [*failures(blind, seeds)]


@pytest.mark.parametrize("which, least", [("first", 150), ("second", 100), ("third", 300)])
def test_there_are_many_wrong_backwards_and_each_has_its_own_name(which, least):
    blind, misleading = SETS[which]
    names = [f"{name}: {what}" for name, *_, wrongs in blind for what, _ in wrongs]
    assert len(names) >= least and len({*names}) == len(names)
    assert {*names} >= misleading.keys()


@pytest.mark.parametrize(
    "blind, function, what, code",
    [(BLIND, *named) for named in NAMED] + [(BLIND_SECOND, *named) for named in NAMED_SECOND],
)
def test_a_reason_is_given(blind, function, what, code):
    forward, samples, _, wrongs = next(rest for name, *rest in blind if name == function)
    with np.errstate(all="ignore"):
        found = diagnose_on(trials_of(forward, samples, seed=3), forward, dict(wrongs)[what])
    assert found.code == code and found.findings[0].specific, str(found)
