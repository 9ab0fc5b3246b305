"""Gamma variables as functions of their concentration: the derivative at a fixed quantile."""

import numpy as np
import pytest
from scipy import integrate, special

import minidl as md
from minidl import autograd
from minidl import distributions as D
from minidl.distributions.gamma import log_gamma_variable, path_derivative

# concentrations, and quantiles that do not underflow
QUANTILES = [
    (a, u)
    for a in (0.01, 0.3, 1.0, 2.5, 20.0, 1000.0)
    for u in (0.01, 0.3, 0.9, 0.9999)
    if special.gammaincinv(a, u) > 1e-200
]


@pytest.mark.parametrize("a,u", QUANTILES)
def test_the_path_derivative(a, u):
    """dz/da = -(dP/da)/p(z), with dP/da = int_0^z t^(a-1) e^-t (log t - psi(a)) dt / Gamma(a)."""
    z = special.gammaincinv(a, u)
    # with s = log t the integrand is smooth at the lower end
    f = lambda s: np.exp(a * s - np.exp(s) - special.gammaln(a)) * (s - special.digamma(a))
    below = np.log(z) - 40 / min(a, 1)
    points = [np.log(z) - 40 / np.sqrt(a), np.log(z) - 4 / np.sqrt(a)]
    slope, _ = integrate.quad(f, below, np.log(z), points=points, epsrel=1e-11, limit=500)
    density = np.exp((a - 1) * np.log(z) - z - special.gammaln(a))
    found = z * path_derivative(np.array(a), np.log(np.array(z)))
    assert found == pytest.approx(-slope / density, rel=1e-7)


def test_concentration_one():
    """Gamma(1) is Exponential: by the closed form of dP/da at a = 1, through E1."""
    z = np.linspace(0.01, 12, 50)
    # int_0^z e^-t log t dt = -(gamma + E1(z) + e^-z log z),  psi(1) = -gamma
    slope = -(np.euler_gamma + special.exp1(z) + np.exp(-z) * np.log(z))
    slope = slope + np.euler_gamma * (1 - np.exp(-z))
    expected = -slope / np.exp(-z) / z
    np.testing.assert_allclose(path_derivative(np.ones(50), np.log(z)), expected, rtol=1e-10)


@pytest.mark.parametrize("a", [0.3, 2.5, 20.0])
def test_second_and_third_derivative(a):
    """Derivatives of the quantile function by differences, against the graph's."""
    u = np.array([0.05, 0.5, 0.95])
    quantile = lambda a: special.gammaincinv(a, u)
    concentration = md.tensor(np.full(3, a), requires_grad=True)
    z = md.exp(log_gamma_variable(concentration, np.log(quantile(a))))
    first, second, third = derivatives(z, concentration, 3)
    h = 1e-2 * a
    stencil = np.array([quantile(a + k * h) for k in range(-4, 5)])
    # central differences of eighth, eighth and sixth order
    weights = [
        np.array([3, -32, 168, -672, 0, 672, -168, 32, -3]) / 840 / h,
        np.array([-9, 128, -1008, 8064, -14350, 8064, -1008, 128, -9]) / 5040 / h**2,
        np.array([-7, 72, -338, 488, 0, -488, 338, -72, 7]) / 240 / h**3,
    ]
    for found, w, rtol in zip((first, second, third), weights, (1e-9, 1e-6, 1e-3)):
        np.testing.assert_allclose(found.data, w @ stencil, rtol=rtol)


def derivatives(y, x, order):
    found = []
    for _ in range(order):
        (y,) = autograd.grad(y.sum(), [x], create_graph=True)
        found.append(y)
    return found


def test_small_concentrations_do_not_underflow():
    """At a = 0.001 half of all gamma variables are below the smallest float; no ratio is 0/0.

    Beta(a, a) is then 0 or 1 but for a share of about 2 a log(1/eps) = 7 %, and its mean 1/2.
    """
    a = md.tensor(np.full(2000, 1e-3), requires_grad=True)
    x = D.Beta(a, 1e-3).rsample(rng=0)
    assert np.isfinite(x.data).all()
    assert ((x.data < 1e-6) | (x.data > 1 - 1e-6)).mean() > 0.9
    assert abs(x.data.mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)
    (g,) = autograd.grad(x.sum(), [a])
    assert np.isfinite(g.data).all()

    rows = D.Dirichlet(np.full((500, 4), 1e-3)).sample(rng=0).data
    np.testing.assert_allclose(rows.sum(-1), 1, rtol=1e-12)


def test_float32():
    a = md.tensor(np.array([0.5, 3.0, 50.0]), dtype="float32", requires_grad=True)
    z = D.Gamma(a, 1.0).rsample((4,), rng=0)
    (g,) = autograd.grad(z.sum(), [a])
    assert z.dtype == g.dtype == np.float32
    wide = md.tensor(a.data.astype(float), requires_grad=True)
    (expected,) = autograd.grad(D.Gamma(wide, 1.0).rsample((4,), rng=0).sum(), [wide])
    np.testing.assert_allclose(g.data, expected.data, rtol=1e-5)
