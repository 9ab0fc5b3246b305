"""The bound where it can be enumerated: identities, and EM that never loses likelihood."""

import numpy as np
import pytest

from minidl import oracles, tensor
from minidl.autoencoders.elbo import BernoulliMixture, exact_elbo, log_marginal, posterior


def model(k=3, d=5):
    rng = np.random.default_rng(0)
    return BernoulliMixture(rng.dirichlet(np.ones(k)), rng.uniform(0.1, 0.9, (k, d)))


def bits(n=40, d=5):
    return np.random.default_rng(1).integers(0, 2, (n, d)).astype(float)


def test_log_p_is_elbo_plus_divergence_for_any_q():
    x, q = bits(), np.random.default_rng(2).dirichlet(np.ones(3), 40)
    joint = tensor(model().log_joint(x))
    p = posterior(joint).numpy()
    kl = (q * np.log(q / p)).sum(axis=1)
    elbo = exact_elbo(joint, tensor(q)).numpy()
    assert elbo + kl == pytest.approx(log_marginal(joint).numpy(), abs=1e-12)
    assert (kl > 0).all()
    assert exact_elbo(joint, posterior(joint)).numpy() == pytest.approx(elbo + kl, abs=1e-12)


def test_the_mixture_is_a_law_of_all_pictures():
    mixture = model()
    total = oracles.log_sum_over_states(
        lambda x: log_marginal(tensor(mixture.log_joint(x))).numpy(), 5
    )
    assert total == pytest.approx(0, abs=1e-12)


def test_em_never_loses_likelihood_and_closes_the_gap_each_time():
    x, mixture = bits(), model()
    previous = -np.inf
    for _ in range(30):
        joint = tensor(mixture.log_joint(x))
        log_p = log_marginal(joint).numpy().sum()
        assert log_p >= previous - 1e-9
        q = posterior(joint)  # the E step: the gap is 0
        assert exact_elbo(joint, q).numpy().sum() == pytest.approx(log_p, abs=1e-9)
        mixture = mixture.em_step(x, q.numpy())  # the M step raises the bound, and log p with it
        raised = exact_elbo(tensor(mixture.log_joint(x)), q).numpy().sum()
        assert raised >= log_p - 1e-9
        previous = log_p
    assert previous > log_marginal(tensor(model().log_joint(x))).numpy().sum()


def test_a_posterior_that_lags_behind_leaves_a_gap_that_is_its_divergence():
    """Raising the bound with an old q raises log p by at least as much."""
    x, mixture = bits(), model()
    q = posterior(tensor(mixture.log_joint(x)))
    joint = tensor(mixture.em_step(x, q.numpy()).log_joint(x))
    gap = log_marginal(joint).numpy() - exact_elbo(joint, q).numpy()
    kl = (q.numpy() * np.log(q.numpy() / posterior(joint).numpy())).sum(axis=1)
    assert gap == pytest.approx(kl, abs=1e-12) and gap.max() > 1e-3
