"""KL and JSD: bounds, symmetry, infinities, and independent numbers."""

import math

import numpy as np
import pytest
from scipy.stats import entropy

from minidl import tensor
from minidl.autoencoders.divergences import jensen_shannon, kl_divergence

P, Q = np.random.default_rng(0).dirichlet(
    np.ones(5), size=(2, 50)
)  # fifty pairs of laws on five points


def test_kl_is_scipys_relative_entropy_never_negative_and_not_symmetric():
    kl = kl_divergence(tensor(P), tensor(Q)).numpy()
    assert kl == pytest.approx(entropy(P.T, Q.T), abs=1e-12)
    assert (kl > 0).all() and kl_divergence(tensor(P), tensor(P)).numpy() == pytest.approx(0)
    fair, loaded = tensor([0.5, 0.5], dtype="float64"), tensor([0.9, 0.1], dtype="float64")
    assert kl_divergence(fair, loaded).item() == pytest.approx(0.5108256)  # log(5/3)
    assert kl_divergence(loaded, fair).item() == pytest.approx(0.3680642)


def test_kl_is_infinite_only_where_q_is_zero_and_p_is_not():
    p, q = tensor([0.5, 0.5, 0.0]), tensor([0.5, 0.0, 0.5])
    assert kl_divergence(p, q).item() == math.inf
    assert kl_divergence(tensor([1.0, 0.0]), tensor([0.5, 0.5])).item() == pytest.approx(
        math.log(2)
    )


def test_jsd_is_symmetric_and_between_zero_and_log_2():
    p, q = tensor(P), tensor(Q)
    jsd = jensen_shannon(p, q).numpy()
    assert jsd == pytest.approx(jensen_shannon(q, p).numpy(), abs=1e-15)
    assert (jsd > 0).all() and (jsd < math.log(2)).all()
    assert jensen_shannon(p, p).numpy() == pytest.approx(0, abs=1e-15)


def test_jsd_is_the_information_of_a_draw_about_its_source():
    information = entropy((P + Q).T / 2) - entropy(P.T) / 2 - entropy(Q.T) / 2
    assert jensen_shannon(tensor(P), tensor(Q)).numpy() == pytest.approx(information, abs=1e-12)


def test_jsd_of_laws_without_a_common_point_is_log_2():
    p, q = tensor([0.3, 0.7, 0.0, 0.0]), tensor([0.0, 0.0, 0.6, 0.4])
    assert jensen_shannon(p, q).item() == pytest.approx(math.log(2))
