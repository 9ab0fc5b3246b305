"""KL divergences: every closed form against quadrature, the estimate against closed forms."""

import warnings

import numpy as np
import pytest

import minidl as md
from minidl import autograd
from minidl import distributions as D
from minidl.distributions import kl

from .examples import COVARIANCE, MEANS, PI, expectation

PAIRS = {  # of each registered pair one example, and where to integrate
    (D.Uniform, D.Uniform): (D.Uniform(0.2, 0.7), D.Uniform(-1.0, 3.0), None),
    (D.Exponential, D.Exponential): (D.Exponential(1.7), D.Exponential(0.6), "half-line"),
    (D.Laplace, D.Laplace): (D.Laplace(0.3, 1.4), D.Laplace(-0.5, 0.8), "line"),
    (D.Normal, D.Normal): (D.Normal(0.3, 1.4), D.Normal(-0.5, 0.8), "line"),
    (D.MultivariateNormal, D.MultivariateNormal): (
        D.MultivariateNormal(MEANS, COVARIANCE),
        D.MultivariateNormal(-MEANS, np.eye(2)),
        "plane",
    ),
    (D.Gamma, D.Gamma): (D.Gamma(2.3, 0.7), D.Gamma(1.1, 1.9), "half-line"),
    (D.Beta, D.Beta): (D.Beta(2.5, 1.3), D.Beta(0.7, 3.0), "unit interval"),
    (D.Dirichlet, D.Dirichlet): (
        D.Dirichlet(np.array([1.2, 2.5, 0.8])),
        D.Dirichlet(np.array([2.0, 0.9, 3.0])),
        "triangle",
    ),
    (D.Bernoulli, D.Bernoulli): (D.Bernoulli(0.3), D.Bernoulli(logits=1.2), "0 or 1"),
    (D.Binomial, D.Binomial): (D.Binomial(12, 0.3), D.Binomial(12, logits=0.4), "0 to 12"),
    (D.Categorical, D.Categorical): (
        D.Categorical(PI),
        D.Categorical(logits=np.array([2.0, 0.0, 1.0])),
        "0 to 2",
    ),
    (D.Poisson, D.Poisson): (D.Poisson(3.6), D.Poisson(1.5), "counts"),
    (D.Independent, D.Independent): (
        D.Independent(D.Normal(MEANS, 1.5), 1),
        D.Independent(D.Normal(-MEANS, 2.0), 1),
        "plane",
    ),
    (D.Exponential, D.Gamma): (D.Exponential(1.7), D.Gamma(2.2, 0.6), "half-line"),
    (D.Gamma, D.Exponential): (D.Gamma(2.2, 0.6), D.Exponential(1.7), "half-line"),
    (D.Uniform, D.Normal): (D.Uniform(-1.0, 2.5), D.Normal(0.3, 1.4), "interval"),
    (D.Laplace, D.Normal): (D.Laplace(0.3, 1.4), D.Normal(-0.5, 1.8), "line"),
    (D.Gamma, D.Normal): (D.Gamma(2.2, 0.6), D.Normal(1.0, 2.0), "half-line"),
}
named = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(t.__name__ for t in pair))


def test_every_closed_form_has_an_example():
    assert PAIRS.keys() == kl.closed_forms.keys()


@named
def test_closed_forms_agree_with_quadrature(pair):
    p, q, where = PAIRS[pair]
    found = D.kl_divergence(p, q)
    assert found.shape == ()
    if where is None:
        assert found.item() == pytest.approx(np.log(4 / 0.5), rel=1e-6)
        return

    def log_ratio(x):
        a, b = p.log_prob(x).data, q.log_prob(x).data
        return np.where(np.isfinite(a) & np.isfinite(b), a - b, 0)

    assert found.item() == pytest.approx(expectation(p, where, log_ratio), rel=1e-5)


@named
def test_a_distribution_is_at_no_distance_from_itself(pair):
    for one in PAIRS[pair][:2]:
        if (type(one), type(one)) in kl.closed_forms:
            assert D.kl_divergence(one, one).item() == pytest.approx(0, abs=1e-6)


def test_infinite_divergence():
    assert D.kl_divergence(D.Uniform(0.0, 2.0), D.Uniform(0.0, 1.0)).item() == np.inf
    assert D.kl_divergence(D.Bernoulli(0.5), D.Bernoulli(0.0)).item() == np.inf
    some, all_ = D.Categorical(np.array([1.0, 1.0, 0.0])), D.Categorical(np.ones(3))
    assert D.kl_divergence(all_, some).item() == np.inf
    assert D.kl_divergence(some, all_).item() == pytest.approx(np.log(1.5))
    far = D.kl_divergence(D.Categorical(np.ones(2)), D.Categorical(logits=np.array([0.0, -900.0])))
    assert far.item() == pytest.approx(450 - np.log(2))  # q's chance underflows, its logit does not
    with pytest.raises(ValueError, match="Exponential: value must be >= 0"):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Exponential(1.0), samples=100)


def test_batches_broadcast():
    p, q = D.Normal(np.zeros((2, 1)), 1.0), D.Normal(np.zeros(3), 2.0)
    assert D.kl_divergence(p, q).shape == (2, 3)
    p = D.MultivariateNormal(np.zeros((4, 2)), np.eye(2))
    q = D.MultivariateNormal(MEANS, np.stack([np.eye(2)] * 4))
    found = D.kl_divergence(p, q)
    np.testing.assert_allclose(found.data, np.full(4, 0.5 * (MEANS**2).sum()), rtol=1e-12)


def test_a_vae_s_divergence_is_differentiable_twice():
    def divergence(mu, logvar):
        q = D.Independent(D.Normal(mu, md.exp(logvar / 2)), 1)
        return D.kl_divergence(q, D.Independent(D.Normal(np.zeros(3), np.ones(3)), 1))

    rng = np.random.default_rng(0)
    mu, logvar = (md.tensor(v, requires_grad=True) for v in rng.standard_normal((2, 4, 3)))
    expected = -0.5 * (1 + logvar - mu**2 - md.exp(logvar)).sum(axis=1)  # Kingma & Welling, app. B
    np.testing.assert_allclose(divergence(mu, logvar).data, expected.data, rtol=1e-12)
    autograd.gradcheck(divergence, [mu, logvar])
    autograd.gradgradcheck(divergence, [mu, logvar])


# --------------------------------------------------------------------------------- estimates


def test_without_a_closed_form_it_is_estimated_and_says_so():
    p, q = D.StudentT(np.array(5.0), 0.3, 1.0), D.Normal(np.array(0.0), 1.5)
    with pytest.warns(UserWarning, match=r"\(StudentT, Normal\): no closed form, .* 1000 samples"):
        found = D.kl_divergence(p, q, rng=0).item()
    truth = expectation(p, "line", lambda x: p.log_prob(x).data - q.log_prob(x).data)
    # 5 standard errors of the 1000 log ratios: 6 false alarms in 10 million
    error = kl.estimate_terms(p, q, 1000, 0).data.std() / np.sqrt(1000)
    assert abs(found - truth) < 5 * error
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert D.kl_divergence(p, q, samples=50, rng=0).shape == ()


@pytest.mark.parametrize("kind", [D.Normal, D.Categorical])
def test_the_estimates_gradient_is_unbiased_to_second_order(kind):
    """Where samples are functions of the parameters (Normal) and where they are not (Categorical).

    5 standard errors: 6 false alarms in 10 million for each number, had the seed been drawn.
    """
    theta = md.tensor(np.array([0.4, 1.2]), requires_grad=True)
    if kind is D.Normal:
        p, q = D.Normal(theta[0], theta[1]), D.Normal(np.array(0.0), 1.0)
    else:
        p, q = D.Categorical(logits=theta), D.Categorical(np.array([0.8, 0.2]))
    v = md.tensor(np.array([0.7, -0.4]))

    def first_and_second(x):
        (g,) = autograd.grad(x, [theta], create_graph=True)
        return np.concatenate([g.data, autograd.grad((g * v).sum(), [theta])[0].data])

    exact = first_and_second(D.kl_divergence(p, q))
    rng = np.random.default_rng(0)
    estimates = []
    for _ in range(60):
        if kind is D.Normal:
            p = D.Normal(theta[0], theta[1])
        else:
            p = D.Categorical(logits=theta)
        estimates.append(first_and_second(kl.estimate_terms(p, q, 500, rng).mean()))
    error = np.std(estimates, axis=0, ddof=1) / np.sqrt(60)
    assert (abs(np.mean(estimates, axis=0) - exact) < 5 * error).all()


def test_closed_forms_can_be_added():
    class Spike(D.Distribution):
        """All mass at 0."""

    @D.register_kl(Spike, D.Normal)
    def spike_normal(p, q):
        return -q.log_prob(0.0)

    try:
        q = D.Normal(1.0, 2.0)
        assert D.kl_divergence(Spike(), q).item() == -q.log_prob(0.0).item()
    finally:
        del kl.closed_forms[Spike, D.Normal]
