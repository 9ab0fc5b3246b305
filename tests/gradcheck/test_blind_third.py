"""The third blind set is what it says, by central differences that the checker has no part in."""

import numpy as np
import pytest

from minidl.gradcheck.draws import DRAWS, incoming, inputs_of_draw

from .blind_third import BLIND_THIRD

STEP = 1e-5


def outputs_of(forward, inputs):
    y = forward(**inputs)
    return [np.array(a, dtype=float) for a in (y if isinstance(y, tuple) else (y,))]


def differences(forward, inputs, g):
    """Central differences of sum(g y) by every array of floats: an error of about 1e-9."""
    gradients = []
    for a in inputs.values():
        if not (isinstance(a, np.ndarray) and a.dtype == float):
            continue
        slopes = np.zeros_like(a)
        for i in np.ndindex(a.shape):
            before = a[i]
            sums = []
            for moved in (before + STEP, before - STEP):
                a[i] = moved
                sums.append(sum((u * v).sum() for u, v in zip(g, outputs_of(forward, inputs))))
            a[i] = before
            slopes[i] = (sums[0] - sums[1]) / (2 * STEP)
        gradients.append(slopes)
    return gradients


def copies(a):
    return a.copy() if isinstance(a, np.ndarray) else a


def is_right(forward, backward, inputs, g, true):
    """Whether the gradients are right and the arrays are left as they were."""
    ys = outputs_of(forward, inputs)
    passed = {name: copies(a) for name, a in inputs.items()}
    gs = [a.copy() for a in g]
    one = len(ys) == 1
    try:
        found = backward(gs[0] if one else gs, ys[0] if one else ys, *passed.values())
    except (ValueError, IndexError):
        return False
    found = found if isinstance(found, tuple) else (found,)
    return (
        all(np.array_equal(u, v) for u, v in zip(g, gs))
        and all(np.array_equal(u, v) for u, v in zip(inputs.values(), passed.values()))
        and len(found) == len(true)
        and all(np.shape(u) == v.shape for u, v in zip(found, true))
        and all(np.allclose(u, v, rtol=1e-5, atol=1e-7) for u, v in zip(found, true))
    )


@pytest.mark.parametrize("entry", BLIND_THIRD, ids=[name for name, *_ in BLIND_THIRD])
def test_the_right_one_is_right_and_each_wrong_one_is_wrong(entry):
    name, forward, samples, right, wrongs = entry
    accepted = {what: 0 for what, _ in wrongs}
    for draw in range(DRAWS):
        inputs, _ = inputs_of_draw(samples, draw, seed=1)
        g = incoming([a.shape for a in outputs_of(forward, inputs)], draw, seed=1)
        true = differences(forward, inputs, g)
        assert is_right(forward, right, inputs, g, true), draw
        with np.errstate(all="ignore"):
            for what, wrong in wrongs:
                accepted[what] += is_right(forward, wrong, inputs, g, true)
    assert all(count < DRAWS for count in accepted.values()), accepted


def test_there_are_many_and_each_has_its_own_name():
    names = [f"{name}: {what}" for name, *_, wrongs in BLIND_THIRD for what, _ in wrongs]
    assert len(names) >= 300 and len({*names}) == len(names)
    assert len({name for name, *_ in BLIND_THIRD}) == len(BLIND_THIRD) >= 50
