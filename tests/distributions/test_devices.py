"""Every distribution where CuPy's rules hold: samples, densities, moments, two derivatives."""

import numpy as np
import pytest

import minidl as md
from minidl import autograd
from minidl import distributions as D

from .examples import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_on_a_device(name, device):
    example = EXAMPLES[name]
    parameters = [
        md.tensor(np.asarray(v), device=device, requires_grad=True) for v in example.parameters
    ]
    p = example.make(*parameters)
    x = p.rsample((3,), rng=0) if p.has_rsample else p.sample((3,), rng=0)
    log_p = p.log_prob(x)
    assert x.device.startswith(device) and log_p.device == x.device

    grads = autograd.grad(log_p.sum(), parameters, create_graph=True, allow_unused=True)
    total = sum((g * g).sum() for g in grads if g is not None)
    if total.requires_grad:
        autograd.grad(total, parameters, allow_unused=True)

    divergence = lambda: D.kl_divergence(p, p, samples=10)
    for moment in (lambda: p.mean, lambda: p.variance, p.entropy, divergence):
        try:
            assert moment().device == x.device
        except NotImplementedError as error:
            assert "closed form" in str(error)
