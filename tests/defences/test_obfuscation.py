"""Defences that hide the gradient: PGD finds little, and the attack that sees through finds all.

Everywhere epsilon is .15 in l-inf, PGD has 10 steps, and the undefended network keeps .09 to .20 of
100 digits for three seeds.
"""

import numpy as np
import pytest
from scipy import special

from minidl import nn, tensor
from minidl.attacks import Goal, Threat, fgsm, margin, pgd
from minidl.defences.obfuscation import (
    Quantised,
    Rippled,
    Steep,
    log_mean_softmax,
    straight_through,
)
from minidl.reverse import grad

from .digits import accuracy, trained

THREAT = Threat(np.inf, 0.15)


def after_attack(defended, attacked, x, y, rng=0, **how):
    """The defended model's accuracy on what PGD makes of x against `attacked`."""
    found = pgd(attacked, x, Goal(y), THREAT, 10, rng=rng, **how).adversarial
    return accuracy(defended, found.numpy(), y, times=5)


def test_rounding_the_input_stops_pgd_but_not_bpda():
    """For three seeds .93 to .97 of eight-level digits are left by PGD, .14 to .27 by BPDA."""
    net, x, y = trained(seed=0)
    defended = Quantised(net, 8)
    assert accuracy(defended, x, y) > 0.9
    by_pgd = after_attack(defended, defended, x, y)
    by_bpda = after_attack(defended, defended.seen_through(), x, y)
    assert by_pgd - by_bpda > 0.3


def test_randomness_stops_pgd_but_not_the_expectation():
    """Ripples of height .01: for three seeds PGD leaves .81 to .92, with the mean over 100 draws
    .13 to .22."""
    net, x, y = trained(seed=0)
    defended = Rippled(net, 0.01, 500.0, np.random.default_rng(0))
    assert accuracy(defended, x, y) > 0.9
    by_pgd = after_attack(defended, defended, x, y)
    by_expectation = after_attack(defended, defended.seen_through(100), x, y)
    assert by_pgd - by_expectation > 0.3


def test_steepness_stops_the_cross_entropy_but_not_the_margin():
    """For three seeds PGD on the cross-entropy leaves .95 or .96, on the margin .11 to .22; and one
    step, which should be weaker than ten, is as strong: a sign that gradients are hidden."""
    net, x, y = trained(seed=0)
    defended = Steep(net, 1000.0)
    by_pgd = after_attack(defended, defended, x, y)
    by_margin = after_attack(defended, defended, x, y, objective=margin)
    assert by_pgd - by_margin > 0.3
    assert fgsm(defended, x, Goal(y), THREAT).success.mean() > 0.9 * (1 - by_pgd)


def test_a_straight_through_step_has_the_gradient_of_the_identity():
    rng = np.random.default_rng(0)
    net, x = nn.Linear(4, 3, rng=rng).double(), tensor(rng.uniform(size=(5, 4)), requires_grad=True)
    quantised = Quantised(net, 6)
    rounded = quantised.rounded(x)
    assert set(np.unique((5 * rounded.detach().numpy()).round(9))) <= {0, 1, 2, 3, 4, 5}
    through = straight_through(quantised.rounded, x)
    assert through.detach().numpy() == pytest.approx(rounded.detach().numpy(), abs=1e-15)
    weights = rng.normal(size=(5, 4))
    (g,) = grad((through * weights).sum(), x)
    assert g.numpy() == pytest.approx(weights, abs=1e-15)
    (g,) = grad((quantised(x)).sum(), x)
    assert (g.numpy() == 0).all()


def test_the_mean_of_the_gradients_of_ripples_is_the_gradient_without():
    """4,000 draws of a ripple whose slope is 1 + 5 cos: of each entry the mean is within 5 standard
    errors, 5 x 5 / sqrt(2 x 4000) = .28 of it; a false alarm in 100,000 for 20 entries."""
    rng = np.random.default_rng(1)
    net = nn.Linear(4, 1, bias=False, rng=rng).double()
    defended = Rippled(net, 0.01, 500.0, rng)
    x = tensor(rng.uniform(size=(5, 4)), requires_grad=True)
    copies = x.reshape(1, 5, 4) + tensor(np.zeros((4000, 1, 1)))
    (g,) = grad(defended(copies.reshape(-1, 4)).sum() / 4000, x)
    assert g.numpy() / net.weight.data == pytest.approx(np.ones((5, 4)), abs=0.28)
    (single,) = grad(defended(x).sum(), x)
    assert (np.sign(single.numpy()) != np.sign(net.weight.data)).mean() > 0.2


def test_log_mean_softmax_is_what_it_says():
    logits = np.random.default_rng(2).normal(size=(7, 3, 4))
    found = log_mean_softmax(tensor(logits)).numpy()
    assert np.exp(found) == pytest.approx(special.softmax(logits, 2).mean(axis=0), rel=1e-12)
