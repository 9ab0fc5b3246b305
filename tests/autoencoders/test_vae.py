"""The pieces of the ELBO in closed form, and what a VAE gives back."""

import math

import numpy as np
import pytest
from scipy.stats import bernoulli, norm

from minidl import data, no_grad, optim, tensor
from minidl.autoencoders.autoencoder import descend
from minidl.autoencoders.vae import (
    VAE,
    BernoulliVAE,
    bernoulli_log_density,
    elbo,
    gaussian_kl,
    gaussian_log_density,
    interpolate,
    log_weights,
    mlp_vae,
    reparameterise,
    train_step,
)
from minidl.oracles import gaussians

MU, LOGVAR = np.random.default_rng(0).normal(size=(2, 6, 3))


# -------------------------------------------------------------------------------------- the pieces


def test_gaussian_kl_is_the_general_closed_form_and_zero_only_at_the_prior():
    expected = [
        gaussians.kl(mu, np.diag(np.exp(logvar)), np.zeros(3), np.eye(3))
        for mu, logvar in zip(MU, LOGVAR)
    ]
    assert gaussian_kl(tensor(MU), tensor(LOGVAR)).numpy() == pytest.approx(expected, abs=1e-12)
    assert min(expected) > 0
    assert gaussian_kl(tensor(np.zeros((1, 3))), tensor(np.zeros((1, 3)))).item() == 0


def test_gaussian_kl_is_the_mean_of_log_ratios_of_draws():
    """100,000 draws an example: within 4 standard errors, a false alarm in 2,600 seeds; and with
    this seed within .7% of the KL, where 1% is asked for."""
    rng = np.random.default_rng(0)
    mu, logvar = tensor(MU), tensor(LOGVAR)
    z = reparameterise(mu, logvar, tensor(rng.standard_normal((100_000, 6, 3))))
    ratios = (gaussian_log_density(z, mu, logvar) - gaussian_log_density(z, 0.0, 0.0)).numpy()
    exact = gaussian_kl(mu, logvar).numpy()
    error = ratios.std(axis=0) / math.sqrt(len(ratios))
    assert (np.abs(ratios.mean(axis=0) - exact) < 4 * error).all()
    assert ratios.mean(axis=0) == pytest.approx(exact, rel=0.01)


def test_log_densities_are_scipys():
    rng = np.random.default_rng(1)
    x, logits = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    expected = norm(MU[:4], np.exp(LOGVAR[:4] / 2)).logpdf(x).sum(axis=1)
    found = gaussian_log_density(tensor(x), tensor(MU[:4]), tensor(LOGVAR[:4])).numpy()
    assert found == pytest.approx(expected, abs=1e-12)
    found = gaussian_log_density(tensor(x), tensor(MU[:4]), 2 * math.log(0.3)).numpy()
    assert found == pytest.approx(norm(MU[:4], 0.3).logpdf(x).sum(axis=1), abs=1e-11)
    bits = (x > 0).astype(float)
    expected = bernoulli(1 / (1 + np.exp(-logits))).logpmf(bits).sum(axis=1)
    assert bernoulli_log_density(tensor(bits), tensor(logits)).numpy() == pytest.approx(expected)


def test_reparameterised_draws_have_the_moments_and_their_gradients_those_of_the_expectation():
    """E z^2 = mu^2 + sigma^2 has slopes 2 mu and 2 sigma; within 4 standard errors."""
    rng = np.random.default_rng(2)
    n, mu, sigma = 100_000, 0.7, 1.3
    noise = rng.standard_normal((n, 1))
    m = tensor(np.full((n, 1), mu), requires_grad=True)
    v = tensor(np.full((n, 1), 2 * math.log(sigma)), requires_grad=True)
    (reparameterise(m, v, tensor(noise)) ** 2).sum().backward()
    by_sigma = v.grad.numpy() * 2 / sigma  # d logvar / d sigma = 2 / sigma
    for slopes, expected in ((m.grad.numpy(), 2 * mu), (by_sigma, 2 * sigma)):
        assert abs(slopes.mean() - expected) < 4 * slopes.std() / math.sqrt(n)


# -------------------------------------------------------------------------------------- the bound


def test_the_squared_error_is_the_bound_for_its_own_sigma():
    """-ELBO = |x - x_hat|^2 / (2 s^2) + D/2 log(2 pi s^2) + KL, summed over pixels and code."""
    rng = np.random.default_rng(3)
    sigma, d = 0.4, 7
    vae = mlp_vae(VAE, d, 9, 2, rng=1, sigma=sigma).double()
    x, noise = tensor(rng.standard_normal((5, d))), tensor(rng.standard_normal((5, 2)))
    pieces = elbo(vae, x, noise)
    mu, logvar = vae.encode(x)
    x_hat = vae.decode(reparameterise(mu, logvar, noise))
    squares = ((x - x_hat) ** 2).sum(axis=1).detach().numpy()
    loss = squares / (2 * sigma**2) + d / 2 * math.log(2 * math.pi * sigma**2)
    loss += gaussian_kl(mu, logvar).detach().numpy()
    assert -pieces.value().detach().numpy() == pytest.approx(loss, abs=1e-10)


def test_several_draws_are_averaged_and_their_mean_weight_is_the_bound():
    """The bound with the KL estimated from the draws agrees within 4 standard errors."""
    rng = np.random.default_rng(4)
    vae = mlp_vae(VAE, 7, 9, 2, rng=1).double()
    x, noise = tensor(rng.standard_normal((3, 7))), tensor(rng.standard_normal((20_000, 3, 2)))
    with no_grad():
        each = np.stack([elbo(vae, x, e).log_likelihood.numpy() for e in noise[:4]])
        several = elbo(vae, x, noise[:4]).log_likelihood.numpy()
        weights = log_weights(vae, x, noise).numpy()
        exact = elbo(vae, x, noise).value().numpy()
    assert several == pytest.approx(each.mean(axis=0), abs=1e-12)
    error = weights.std(axis=0) / math.sqrt(len(weights))
    assert (np.abs(weights.mean(axis=0) - exact) < 8 * error).all()


def test_beta_weighs_the_kl_alone():
    rng = np.random.default_rng(5)
    vae = mlp_vae(BernoulliVAE, 6, 8, 2, rng=2).double()
    pieces = elbo(
        vae, tensor(rng.integers(0, 2, (4, 6)).astype(float)), tensor(rng.standard_normal((4, 2)))
    )
    ll, kl = pieces.log_likelihood.detach().numpy(), pieces.kl.detach().numpy()
    for beta in (0.0, 1.0, 4.0):
        assert pieces.value(beta).detach().numpy() == pytest.approx(ll - beta * kl, abs=1e-12)
    assert (pieces.value(4.0).data < pieces.value(1.0).data).all()


def test_noise_that_units_or_draws_would_share_is_refused():
    """Broadcast, it would give a number that looks right: one number for all units of a code, or
    the examples taken for the draws of one."""
    vae = mlp_vae(VAE, 6, 8, 2, rng=2).double()
    x, rng = tensor(np.zeros((4, 6))), np.random.default_rng(9)
    for shape in ((4, 1), (2,), (3, 4, 1)):
        with pytest.raises(ValueError, match=r"noise .* for mu \(4, 2\)"):
            elbo(vae, x, tensor(rng.standard_normal(shape)))
    with pytest.raises(ValueError, match=r"\(4, 2\) should be \(draws, examples, code\)"):
        log_weights(vae, x, tensor(rng.standard_normal((4, 2))))


# -------------------------------------------------------------------------------------- the models


def test_samples_have_the_moments_of_the_model():
    """A decoder with constant output m: x ~ N(m, s^2), and bits of mean sigmoid(m); 4 SE."""
    rng = np.random.default_rng(6)
    n, z = 50_000, tensor(np.zeros((50_000, 2)))
    vae = mlp_vae(VAE, 3, 4, 2, rng=3, sigma=0.5).double()
    x = vae.sample(z, tensor(rng.standard_normal((n, 3)))).detach().numpy()
    mean = vae.decode(z[:1]).detach().numpy()[0]
    assert (np.abs(x.mean(axis=0) - mean) < 4 * 0.5 / math.sqrt(n)).all()
    assert x.std(axis=0) == pytest.approx(0.5, rel=4 / math.sqrt(2 * n))
    bits = mlp_vae(BernoulliVAE, 3, 4, 2, rng=3).double()
    x = bits.sample(z, tensor(rng.uniform(size=(n, 3)))).detach().numpy()
    p = bits.decode(z[:1]).detach().numpy()[0]
    assert set(np.unique(x)) == {0.0, 1.0}
    assert (np.abs(x.mean(axis=0) - p) < 4 * np.sqrt(p * (1 - p) / n)).all()


def test_an_interpolation_begins_and_ends_with_reconstructions():
    rng = np.random.default_rng(7)
    vae = mlp_vae(VAE, 6, 8, 2, rng=4).double()
    x, y = tensor(rng.standard_normal((3, 6))), tensor(rng.standard_normal((3, 6)))
    path = interpolate(vae, x, y, 5)
    assert path.shape == (5, 3, 6)
    for end, images in ((path[0], x), (path[-1], y)):
        assert end.data == pytest.approx(vae.decode(vae.encode(images)[0]).data)
    half = (vae.encode(x)[0] + vae.encode(y)[0]) / 2
    assert path[2].data == pytest.approx(vae.decode(half).data)


def test_sigma_is_learned_only_if_asked_for():
    rng = np.random.default_rng(8)
    x = tensor(rng.normal(size=(8, 6)).astype(np.float32))
    noise = tensor(rng.standard_normal((8, 2)).astype(np.float32))
    fixed = mlp_vae(VAE, 6, 8, 2, rng=5, sigma=3.0)
    learned = mlp_vae(VAE, 6, 8, 2, rng=5, sigma=3.0, learn_sigma=True)
    assert {"logvar"} == learned.state_dict().keys() - fixed.state_dict().keys()
    before = learned.logvar.item()
    train_step(learned, optim.Adam(learned.parameters(), lr=0.1), x, noise)
    assert learned.logvar.item() < before == pytest.approx(2 * math.log(3))


# ------------------------------------------------------------------------------------ the training


def test_an_amortised_encoder_loses_to_a_posterior_fitted_to_each_example():
    """The gap is never negative, up to the fit's own convergence; 1.5 nats on average here."""
    images, rng = data.digits()[0].reshape(-1, 64), np.random.default_rng(0)
    vae = mlp_vae(VAE, 64, 64, 4, rng=rng, sigma=0.2)
    optimiser = optim.Adam(vae.parameters(), lr=3e-3)
    for _ in range(200):
        x = tensor(images[rng.integers(0, len(images), 100)])
        train_step(vae, optimiser, x, tensor(rng.standard_normal((100, 4)).astype(np.float32)))
    x, noise = tensor(images[:20]), tensor(rng.standard_normal((50, 20, 4)).astype(np.float32))
    with no_grad():
        amortised = elbo(vae, x, noise).value().numpy()
        mu, logvar = vae.encode(x)
    mu, logvar = (tensor(t, requires_grad=True) for t in (mu, logvar))

    def value():
        log_likelihood = vae.log_likelihood(x, reparameterise(mu, logvar, noise))
        return log_likelihood.mean(axis=0) - gaussian_kl(mu, logvar)

    optimiser = optim.Adam([mu, logvar], lr=0.05)
    for _ in range(200):
        descend(optimiser, -value().sum())
    gap = value().detach().numpy() - amortised
    assert gap.min() > -1e-3 and gap.mean() > 0.1
