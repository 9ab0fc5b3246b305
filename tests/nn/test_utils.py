"""Vectors of parameters, clipping, functional_call, averages, parametrizations."""

import numpy as np
import pytest

import minidl
from minidl import autograd, nn
from minidl.nn.utils import parametrizations, parametrize


@pytest.fixture
def net():
    minidl.seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()


X = minidl.tensor(np.linspace(-1, 1, 15).reshape(5, 3))


def weights(model):
    return nn.utils.parameters_to_vector(model.parameters()).data.copy()


def gradients(model):
    return np.concatenate([p.grad.data.ravel() for p in model.parameters()])


# -------------------------------------------------------------------------- vectors and clipping


def test_vector_round_trip(net):
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (26,) and vector.requires_grad
    before = net(X).data
    nn.utils.vector_to_parameters(vector * 2, net.parameters())
    np.testing.assert_array_equal(weights(net), 2 * vector.data)
    nn.utils.vector_to_parameters(vector, net.parameters())
    np.testing.assert_array_equal(net(X).data, before)
    with pytest.raises(ValueError, match=r"\(25,\) for parameters of 26 elements"):
        nn.utils.vector_to_parameters(vector[1:], net.parameters())


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, np.inf])
def test_clip_grad_norm(net, order):
    net(X).sum().backward()
    everything = gradients(net)
    expected = np.linalg.norm(everything, order)
    total = nn.utils.clip_grad_norm_(net.parameters(), expected / 4, order)
    assert total.item() == pytest.approx(expected, rel=1e-14)
    clipped = gradients(net)
    np.testing.assert_allclose(clipped, everything * (expected / 4 / (expected + 1e-6)), rtol=1e-13)
    before = clipped.copy()
    nn.utils.clip_grad_norm_(net.parameters(), 2 * expected, order)
    np.testing.assert_array_equal(gradients(net), before)


def test_a_norm_that_is_not_finite_may_raise(net):
    net(X).sum().backward()
    net[0].weight.grad.data[0, 0] = np.nan
    with pytest.raises(RuntimeError, match="norm is nan"):
        nn.utils.clip_grad_norm_(net.parameters(), 1.0, error_if_nonfinite=True)


def test_clip_grad_value(net):
    (net(X) * 100).sum().backward()
    before = net[2].weight.grad.data.copy()
    nn.utils.clip_grad_value_(net.parameters(), 0.5)
    np.testing.assert_array_equal(net[2].weight.grad.data, np.clip(before, -0.5, 0.5))


# --------------------------------------------------------------------------------- functional_call


def test_functional_call_uses_other_tensors_and_restores(net):
    own = dict(net.named_parameters())
    halved = {name: p * 0.5 for name, p in own.items()}
    y = nn.utils.functional_call(net, halved, (X,))
    assert dict(net.named_parameters()) == own
    expected = np.tanh(X.data @ own["0.weight"].data.T / 2 + own["0.bias"].data / 2)
    expected = expected @ own["2.weight"].data.T / 2 + own["2.bias"].data / 2
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)
    y.sum().backward()
    assert all(p.grad is not None for p in own.values())


def test_an_inner_step_is_differentiable(net):
    """The gradient through one step of gradient descent, against finite differences."""
    names, parameters = zip(*net.named_parameters())
    t = minidl.tensor(np.ones((5, 2)))

    def after_a_step(*parameters):
        loss = nn.functional.mse_loss(
            nn.utils.functional_call(net, dict(zip(names, parameters)), X), t
        )
        steps = autograd.grad(loss, parameters, create_graph=True)
        moved = {n: p - 0.1 * g for n, p, g in zip(names, parameters, steps)}
        return nn.functional.mse_loss(nn.utils.functional_call(net, moved, X), t)

    leaves = tuple(minidl.tensor(p.data, requires_grad=True) for p in parameters)
    assert autograd.gradcheck(after_a_step, leaves)


def test_functional_call_restores_after_an_error(net):
    own = net[0].weight
    with pytest.raises(ValueError, match="linear"):
        nn.utils.functional_call(net, {"0.weight": own * 1}, (minidl.tensor(np.ones((2, 7))),))
    assert net[0].weight is own


def test_functional_call_names_what_does_not_fit(net):
    with pytest.raises(KeyError, match="no parameter is called '9.weight': 0.weight"):
        nn.utils.functional_call(net, {"9.weight": X}, (X,))
    with pytest.raises(ValueError, match=r"0.bias has shape \(4,\), not \(3,\)"):
        nn.utils.functional_call(net, {"0.bias": minidl.tensor(np.ones(3))}, (X,))


def test_tied_weights_are_replaced_together():
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)).double()
    net[1].weight = net[0].weight
    double = {"0.weight": minidl.tensor(2 * np.eye(3))}
    np.testing.assert_array_equal(nn.utils.functional_call(net, double, X).data, 4 * X.data)


# ---------------------------------------------------------------------------------------- averages


def test_averages(net):
    mean = nn.utils.AveragedModel(net)
    moving = nn.utils.AveragedModel(net, avg_fn=nn.utils.get_ema_avg_fn(0.9))
    history = []
    for step in range(4):
        for p in net.parameters():
            p.data = p.data + step
        history.append(weights(net))
        mean.update_parameters(net)
        moving.update_parameters(net)
    np.testing.assert_allclose(weights(mean.module), np.mean(history, axis=0), rtol=1e-13)
    expected = history[0]
    for value in history[1:]:
        expected = 0.9 * expected + 0.1 * value
    np.testing.assert_allclose(weights(moving.module), expected, rtol=1e-13)
    assert int(moving.n_averaged) == 4
    assert [*moving.state_dict()] == ["n_averaged", *(f"module.{k}" for k in net.state_dict())]
    assert not any(p.requires_grad for p in moving.parameters())
    np.testing.assert_array_equal(moving(X).data, moving.module(X).data)


def test_the_decay_is_a_share():
    with pytest.raises(ValueError, match="from 0 to 1"):
        nn.utils.get_ema_avg_fn(1.5)


# --------------------------------------------------------------------------------- parametrizations


def test_weight_norm_separates_length_and_direction():
    layer = nn.Linear(3, 4).double()
    before = layer.weight.data.copy()
    assert parametrizations.weight_norm(layer) is layer
    np.testing.assert_allclose(layer.weight.data, before, rtol=1e-14)
    g, v = layer.parametrizations.weight.original0, layer.parametrizations.weight.original1
    assert g.shape == (4, 1) and v.shape == (4, 3)
    v.data = v.data * 7
    np.testing.assert_allclose(layer.weight.data, before, rtol=1e-14)
    assert autograd.gradcheck(layer, X.detach().requires_grad_())
    assert autograd.gradgradcheck(layer, X.detach().requires_grad_())


def test_spectral_norm_is_one():
    layer = nn.Linear(6, 5).double()
    before = layer.weight.data.copy()
    parametrizations.spectral_norm(layer, rng=0)
    for _ in range(200):
        layer.weight  # noqa: B018  (reading it in training makes a step of power iteration)
    sigma = np.linalg.svd(before, compute_uv=False)[0]
    np.testing.assert_allclose(layer.weight.data, before / sigma, rtol=1e-9)
    x = minidl.tensor(np.ones((2, 6)), requires_grad=True)
    assert autograd.gradcheck(layer.eval(), x) and autograd.gradgradcheck(layer.eval(), x)
    u = layer.parametrizations.weight[0]._u.data
    layer.weight  # noqa: B018
    assert layer.parametrizations.weight[0]._u.data is u  # not in eval mode


def test_removing_leaves_the_value_or_the_original():
    layer = nn.Linear(3, 4).double()
    parametrizations.spectral_norm(layer, rng=0)
    layer.eval()
    value = layer.weight.data.copy()
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    parametrize.remove_parametrizations(layer, "weight")
    assert not parametrize.is_parametrized(layer)
    np.testing.assert_array_equal(layer.weight.data, value)
    assert [*layer.state_dict()] == ["bias", "weight"]
    with pytest.raises(ValueError, match="not parametrized"):
        parametrize.remove_parametrizations(layer, "weight")


def test_a_parametrization_of_ones_own():
    class Symmetric(nn.Module):
        def forward(self, x):
            return (x + x.T) / 2

    class Doubled(nn.Module):
        def forward(self, x):
            return 2 * x

    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    once = layer.weight.data
    np.testing.assert_array_equal(once, once.T)
    parametrize.register_parametrization(layer, "weight", Doubled())
    np.testing.assert_array_equal(layer.weight.data, 2 * once)
    assert [*layer.state_dict()] == ["bias", "parametrizations.weight.original"]


def test_what_cannot_be_parametrized():
    layer = nn.Linear(3, 4)
    with pytest.raises(ValueError, match="no parameter 'wait'"):
        parametrizations.weight_norm(layer, "wait")

    class Transposed(nn.Module):
        def forward(self, x):
            return x.T

    with pytest.raises(ValueError, match=r"would get another shape, \(3, 4\)"):
        parametrize.register_parametrization(layer, "weight", Transposed())
    layer = parametrizations.weight_norm(nn.Linear(3, 4))
    with pytest.raises(TypeError, match="is computed from parametrizations.weight"):
        layer.weight = nn.Parameter([1.0])
    with pytest.raises(AttributeError, match="'Linear' has no attribute 'wait'"):
        layer.wait  # noqa: B018
