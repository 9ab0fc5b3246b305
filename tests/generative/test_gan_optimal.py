"""Optimal discriminators on eight points, against sums, and what the generator then descends."""

import math

import numpy as np
import pytest
from scipy.stats import entropy

from minidl import autograd, nn, oracles, tensor
from minidl.generative.optimal import (
    criterion,
    jensen_shannon,
    law_value,
    optimal_discriminator,
    phi_value,
)
from minidl.nn import functional as F
from minidl.ops.elementwise import log

from ..autoencoders.exactly import minimise
from .laws import P, Q

JSD = entropy((P + Q) / 2) - entropy(P) / 2 - entropy(Q) / 2


class Logits(nn.Module):
    def __init__(self):
        self.values = nn.Parameter(np.zeros(8))


def test_the_optimised_discriminator_is_the_formulas():
    """The yardstick: V = -1.00543 = -log 4 + 2 JSD, and D is right within 3e-6."""
    model = Logits()
    best = -minimise(model, lambda: -law_value(model.values, tensor(P), tensor(Q)))
    assert best == pytest.approx(-1.00543, abs=5e-6)
    assert best == pytest.approx(2 * JSD - math.log(4), abs=1e-10)
    d = F.sigmoid(model.values).detach().numpy()
    assert d == pytest.approx(P / (P + Q), abs=3e-6)
    assert d == pytest.approx(optimal_discriminator(tensor(P), tensor(Q)).numpy(), abs=3e-6)
    with_d = phi_value(log, optimal_discriminator(tensor(P), tensor(Q)), tensor(P), tensor(Q))
    assert with_d.item() == pytest.approx(best, abs=1e-10)


def test_the_criterion_is_minus_log_4_and_twice_the_divergence():
    assert criterion(tensor(np.log(Q)), tensor(P)).item() == pytest.approx(
        2 * JSD - math.log(4), abs=1e-8
    )
    assert criterion(tensor(np.log(P)), tensor(P)).item() == pytest.approx(-math.log(4), abs=1e-12)
    assert jensen_shannon(tensor(P), tensor(Q)).item() == pytest.approx(JSD, abs=1e-12)
    gone = tensor([0.0, -1000.0])  # a point that the generator never makes
    assert criterion(gone, tensor([0.5, 0.5])).item() == pytest.approx(
        2 * jensen_shannon(tensor([0.5, 0.5]), tensor([1.0, 0.0])).item() - math.log(4)
    )


def test_descending_the_criterion_ends_at_the_data():
    """Steps down the gradient in the generator's logits: total variation from .45 to below 1e-3."""
    assert np.abs(Q - P).sum() / 2 > 0.4
    logits = tensor(np.log(Q), requires_grad=True)
    for _ in range(400):
        (slope,) = autograd.grad(criterion(logits, tensor(P)), logits)
        logits.data = logits.data - 10 * slope.data
    q = F.softmax(logits, dim=0).detach().numpy()
    assert np.abs(q - P).sum() / 2 < 1e-3


@pytest.mark.parametrize("t", [1, 2, 5, 30])
def test_two_points_apart_are_log_2_in_divergence_and_t_in_distance(t):
    points = np.arange(31.0)
    at = lambda i: np.eye(31)[i]
    apart = jensen_shannon(tensor(at(0)), tensor(at(t))).item()
    assert apart == pytest.approx(math.log(2), abs=1e-15)
    assert oracles.wasserstein1_line(points, points, at(0), at(t)) == pytest.approx(t)
    assert jensen_shannon(tensor(at(t)), tensor(at(t))).item() == 0


def test_phi_gives_the_gan_and_the_wasserstein_value():
    d = tensor(np.linspace(0.1, 0.9, 8))
    logits = log(d) - log(1 - d)
    p, q = tensor(P), tensor(Q)
    gan = law_value(logits, p, q).item()
    assert phi_value(log, d, p, q).item() == pytest.approx(gan, abs=1e-14)
    # E_p D + E_q (1 - D) is 1 + the Wasserstein critic's gap
    gap = ((P - Q) * d.numpy()).sum()
    assert phi_value(lambda t: t, d, p, q).item() == pytest.approx(1 + gap, abs=1e-14)
