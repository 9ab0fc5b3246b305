"""Losses at their edges: against closed forms, and against the errors that they should raise."""

import math

import numpy as np
import pytest
from scipy import stats

import minidl
from minidl import nn
from minidl.nn import functional as F


def real(*shape, seed=0):
    return minidl.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def constant(*values, dtype=float):
    return minidl.tensor(np.array(values, dtype))


def classes(*values):
    return minidl.tensor(np.array(values))


# --------------------------------------------------------------------------- cross-entropy


def test_equal_logits_give_log_of_the_number_of_classes():
    x, t = minidl.tensor(np.full((4, 10), 3.0)), classes(0, 3, 9, 9)
    assert F.cross_entropy(x, t).item() == pytest.approx(math.log(10), rel=1e-15)


def test_gradient_is_p_minus_onehot():
    x, t = real(5, 4), classes(0, 1, 3, 3, 2)
    F.cross_entropy(x, t, reduction="sum").backward()
    p = np.exp(x.data) / np.exp(x.data).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(x.grad.data, p - np.eye(4)[t.data], atol=1e-15)


def test_indices_are_certain_probabilities():
    x, t = real(5, 4), classes(0, 1, 3, 3, 2)
    q = minidl.tensor(np.eye(4)[t.data])
    for e in (0.0, 0.3, 1.0):
        a, b = F.cross_entropy(x, t, label_smoothing=e), F.cross_entropy(x, q, label_smoothing=e)
        assert a.item() == pytest.approx(b.item(), rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_neither_overflow_nor_lose_the_gradient(dtype):
    x = minidl.tensor(np.array([[1e4, 0, -1e4], [-1e4, 1e4, 1e4]], dtype), requires_grad=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss = F.cross_entropy(x, classes(0, 0), reduction="none")
        loss.sum().backward()
    np.testing.assert_allclose(loss.data, [0, 2e4 + math.log(2)], rtol=1e-6)
    np.testing.assert_allclose(x.grad.data, [[0, 0, 0], [-1, 0.5, 0.5]], atol=1e-6)


def test_a_hidden_class_costs_nothing_unless_it_is_the_right_one():
    x = constant([0.0, 1.0, -np.inf], [0.0, 1.0, -np.inf])
    loss = F.cross_entropy(x, classes(1, 2), reduction="none").data
    np.testing.assert_allclose(loss, [math.log(1 + math.exp(-1)), np.inf], rtol=1e-15)


def test_what_is_ignored_counts_for_nothing():
    x, weight = real(4, 3), constant(1.0, 2.0, 5.0)
    t, few = classes(2, -100, 0, -100), classes(2, 0)
    smooth = {"label_smoothing": 0.2}
    for options in ({}, {"weight": weight}, smooth, {"weight": weight, **smooth}):
        x.grad = None
        loss = F.cross_entropy(x, t, **options)
        alone = F.cross_entropy(x[::2], few, **options)
        assert loss.item() == pytest.approx(alone.item(), rel=1e-14)
        loss.backward()
        assert not x.grad.data[1::2].any() and x.grad.data[::2].all()


def test_nothing_counted_is_no_number():
    with np.errstate(invalid="ignore", divide="ignore"):
        loss = F.cross_entropy(real(2, 3), classes(-100, -100))
    assert np.isnan(loss.item())
    assert F.cross_entropy(real(2, 3), classes(-100, -100), reduction="sum").item() == 0


def test_nll_of_log_softmax_is_cross_entropy():
    x, t, weight = real(3, 4, 2), minidl.tensor([[0, 1], [3, 3], [2, 0]]), constant(1.0, 2, 3, 4)
    a = F.nll_loss(F.log_softmax(x, 1), t, weight)
    assert a.item() == pytest.approx(F.cross_entropy(x, t, weight).item(), rel=1e-14)


# ----------------------------------------------------------------------- against distributions


def test_losses_are_negative_log_likelihoods():
    """Each against SciPy's density."""
    rng = np.random.default_rng(0)
    x, t, v = rng.standard_normal(6), rng.standard_normal(6), rng.uniform(0.5, 2, 6)
    gaussian = F.gaussian_nll_loss(*map(minidl.tensor, (x, t, v)), full=True, reduction="none")
    np.testing.assert_allclose(gaussian.data, -stats.norm(x, v**0.5).logpdf(t), rtol=1e-13)

    k = rng.integers(0, 2, 6)
    bernoulli = F.binary_cross_entropy_with_logits(constant(*x), constant(*k), reduction="none")
    expected = -stats.bernoulli(1 / (1 + np.exp(-x))).logpmf(k)
    np.testing.assert_allclose(bernoulli.data, expected, rtol=1e-13)

    n = np.array([50.0, 200.0, 1000.0])
    log_rate = constant(4.0, 5.0, 7.0)
    poisson = F.poisson_nll_loss(log_rate, minidl.tensor(n), full=True, reduction="none")
    expected = -stats.poisson(np.exp(log_rate.data)).logpmf(n)
    # Stirling's series stops before 1 / (12 n)
    assert (np.abs(poisson.data - expected) < 1 / (11 * n)).all()


def test_kl_of_a_distribution_from_itself_is_0_and_0_log_0_is_0():
    q = constant([0.5, 0.5, 0.0], [0.2, 0.3, 0.5])
    p = constant([0.25, 0.5, 0.25], [0.2, 0.3, 0.5])
    kl = F.kl_div(minidl.log(p), q, reduction="batchmean").item()
    assert kl == pytest.approx(0.5 * math.log(2) / 2, rel=1e-14)
    assert stats.entropy([0.5, 0.5, 0.0], [0.25, 0.5, 0.25]) / 2 == pytest.approx(kl, rel=1e-14)


def test_certainty_costs_nothing_if_right_and_100_if_wrong():
    p, t = minidl.tensor(np.array([0.0, 1, 0, 1]), requires_grad=True), constant(0.0, 1, 1, 0)
    loss = F.binary_cross_entropy(p, t, reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 0, 100, 100])
    loss.sum().backward()
    np.testing.assert_array_equal(p.grad.data, [0, 0, -1e12, 1e12])


def test_logits_lose_no_digits():
    x = minidl.tensor(np.array([-800.0, -40.0, 40.0, 800.0]), requires_grad=True)
    with np.errstate(over="raise"):
        loss = F.binary_cross_entropy_with_logits(x, constant(0.0, 0, 1, 1), reduction="none")
        loss.sum().backward()
    np.testing.assert_allclose(loss.data, [0, math.exp(-40), math.exp(-40), 0], rtol=1e-14)
    np.testing.assert_allclose(x.grad.data[:3], [0, math.exp(-40), 0], rtol=1e-14, atol=1e-16)


def test_a_variance_below_eps_still_learns():
    var = minidl.tensor(np.array([1e-9]), requires_grad=True)
    F.gaussian_nll_loss(constant(1.0), constant(0.0), var, eps=1e-2).backward()
    # d/dv (log v + d^2 / v) / 2 at v = eps
    assert var.grad.item() == pytest.approx((1 / 1e-2 - 1 / 1e-4) / 2, rel=1e-12)


# ------------------------------------------------------------------------------- sequences


def test_ctc_of_one_step_is_cross_entropy():
    x, t = real(1, 4, 5), classes(1, 4, 2, 2)
    loss = F.ctc_loss(F.log_softmax(x, -1), t[:, None], classes(1, 1, 1, 1), classes(1, 1, 1, 1))
    assert loss.item() == pytest.approx(F.cross_entropy(x[0], t).item(), rel=1e-14)


def test_a_repeated_label_needs_a_blank_and_so_a_step():
    x = F.log_softmax(real(3, 1, 3), -1)
    p = np.exp(x.data[:, 0])
    loss = F.ctc_loss(x, classes([1, 1]), classes(3), classes(2), reduction="sum")
    assert loss.item() == pytest.approx(-np.log(p[0, 1] * p[1, 0] * p[2, 1]), rel=1e-14)


def test_a_target_too_long_has_no_gradient_or_counts_for_nothing():
    for zero, value in ((False, np.inf), (True, 0.0)):
        x = real(2, 1, 3)
        loss = F.ctc_loss(x, classes([1, 1]), classes(2), classes(2), zero_infinity=zero)
        loss.backward()
        assert loss.item() == value
        assert np.isnan(x.grad.data).any() if not zero else not x.grad.data.any()


def test_all_targets_of_a_length_share_the_probability():
    """Over two steps and labels 1, 2 the targets (), 1, 2, 11 (impossible), 12, 21 sum to 1."""
    x = F.log_softmax(real(2, 1, 3), -1)
    total = 0.0
    for target in ([], [1], [2], [1, 2], [2, 1]):
        padded = minidl.tensor(np.array([target + [1] * (2 - len(target))]))
        loss = F.ctc_loss(x, padded, classes(2), classes(len(target)), reduction="sum")
        total += math.exp(-loss.item())
    assert total == pytest.approx(1, rel=1e-13)


# ------------------------------------------------------------------------------------ shapes


def test_huber_is_smooth_l1_times_beta_and_bounded_by_both():
    x, t = real(50), real(50, seed=1)
    huber = F.huber_loss(x, t, delta=0.6, reduction="none").data
    np.testing.assert_allclose(huber, 0.6 * F.smooth_l1_loss(x, t, beta=0.6, reduction="none").data)
    d = np.abs(x.data - t.data)
    assert (huber <= d**2 / 2 + 1e-15).all() and (huber <= 0.6 * d).all()


def test_equal_points_have_a_finite_triplet_gradient():
    a = minidl.tensor(np.ones((2, 3)), requires_grad=True)
    F.triplet_margin_loss(a, a.detach(), a.detach() + 5.0, margin=20.0).backward()
    assert np.isfinite(a.grad.data).all()
    zero = minidl.tensor(np.zeros((2, 3)), requires_grad=True)
    F.normalize(zero, p=3.0).sum().backward()
    F.normalize(zero).sum().backward()
    assert np.isfinite(zero.grad.data).all()


@pytest.mark.parametrize("call, kind, message", [
    (lambda: F.mse_loss(real(4, 1), real(4)), ValueError, r"\(4, 1\) and target \(4,\) must"),
    (lambda: F.l1_loss(real(3), real(4)), ValueError, "l1_loss"),
    (lambda: F.mse_loss(real(3), real(3), reduction="avg"), ValueError, "'none', 'mean' or 'sum'"),
    (lambda: F.mse_loss(real(3), real(3), None, None, "sum"), TypeError, "positional"),
    (lambda: F.cross_entropy(real(3, 4), classes(0, 1)), ValueError, r"shape \(3,\), not \(2,\)"),
    (lambda: F.cross_entropy(real(2, 2), classes([1, 0], [0, 1])), ValueError, "one-hot"),
    (lambda: F.cross_entropy(real(2, 3), classes(0, 3)), IndexError, "class 3 does not"),
    (lambda: F.cross_entropy(real(2, 3), classes(0, -1)), IndexError, "class -1 does not"),
    (lambda: F.cross_entropy(real(1, 3), classes(0), label_smoothing=2.0), ValueError, "2.0"),
    (lambda: F.nll_loss(real(2, 3), classes(0, 7)), IndexError, "class 7 does not"),
    (lambda: F.binary_cross_entropy(constant(1.5), constant(1.0)), ValueError, "from 0 to 1"),
    (lambda: F.huber_loss(real(2), real(2), delta=0.0), ValueError, "delta must be positive"),
    (lambda: F.smooth_l1_loss(real(2), real(2), beta=-1.0), ValueError, "must not be negative"),
    (lambda: F.gaussian_nll_loss(real(2), real(2), constant(1.0, -1.0)), ValueError, "negative"),
    (lambda: F.gaussian_nll_loss(real(2), real(2), constant(1.0, 2, 3)), ValueError, r"var \(3,\)"),
    (lambda: F.multi_margin_loss(real(2, 3), classes(0, 1), p=3), ValueError, "p must be"),
    (lambda: F.ctc_loss(real(3, 1, 4), classes([1]), classes(4), classes(1)), ValueError, "1 to 3"),
    (lambda: F.ctc_loss(real(3, 1, 4), classes([1]), classes(3), classes(2)), ValueError, "0 to 1"),
    (lambda: F.ctc_loss(real(3, 1, 4), classes([5]), classes(3), classes(1)), IndexError, "have 5"),
    (lambda: F.cosine_embedding_loss(real(2, 3), real(2, 3), constant(1.0)), ValueError, "one for"),
])  # fmt: skip
def test_errors(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_modules_keep_their_weights_as_buffers():
    loss = nn.CrossEntropyLoss(weight=constant(1.0, 2.0), label_smoothing=0.1)
    assert [*loss.state_dict()] == ["weight"]
    shown = "CrossEntropyLoss(ignore_index=-100, reduction='mean', label_smoothing=0.1)"
    assert repr(loss) == shown
    assert nn.BCEWithLogitsLoss().state_dict() == {}


def test_the_gradient_of_a_confident_row_keeps_its_digits():
    """p - 1 for p nearly 1, times what arrives: not p g - g, which is rounding."""
    logits = np.array([[14.0, 0.0], [15.0, 1.5], [0.3, 13.0]], np.float32)

    def gradient(scale):
        x = minidl.tensor(logits, requires_grad=True)
        loss = nn.functional.cross_entropy(x, minidl.tensor([0, 0, 1]), reduction="sum")
        (scale * loss).backward()
        return x.grad.numpy()

    np.testing.assert_allclose(gradient(0.3), 0.3 * gradient(1.0), rtol=1e-6)
