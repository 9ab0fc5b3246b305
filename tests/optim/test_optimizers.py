"""Optimisers: PyTorch's trajectories, steps by hand, and the pure step beside that in place."""

import copy
import math

import numpy as np
import pytest

import minidl as md
from minidl import autograd, optim
from minidl.graph import Tensor
from minidl.optim import optimizer as machinery

from . import reference

STORED = np.load(reference.STORED)


def tensors(arrays):
    return [md.tensor(a, requires_grad=True) for a in arrays]


def minimise(optimizer, params, gradient, steps):
    """Steps with p.grad = gradient(arrays, t); the parameters as one row after each."""
    rows = []
    for t in range(steps):
        for p, g in zip(params, gradient([p.data for p in params], t)):
            p.grad = md.tensor(g)
        optimizer.step()
        rows.append(np.concatenate([p.data.ravel() for p in params]))
    return np.array(rows)


def assert_follows(rows, name, stored):
    """Equal but for rounding; PyTorch keeps NAdam's product of momenta in float32."""
    rtol = 1e-6 if name.startswith("nadam") else 1e-11
    np.testing.assert_allclose(rows, stored, rtol=rtol, atol=rtol)


# -------------------------------------------------------------------------------- trajectories


@pytest.mark.parametrize("name", reference.OPTIMIZERS)
def test_follows_pytorch(name):
    kind, options = reference.OPTIMIZERS[name]
    params = tensors(reference.start())
    rows = minimise(getattr(optim, kind)(params, **options), params, reference.gradients, 12)
    assert_follows(rows, name, STORED[f"optimizer {name}"])


@pytest.mark.parametrize("name", reference.OPTIMIZERS)
def test_follows_pytorch_on_a_device(name, device):
    kind, options = reference.OPTIMIZERS[name]
    params = [md.tensor(p, device=device, requires_grad=True) for p in reference.start()]
    optimizer = getattr(optim, kind)(params, **options)
    for t in range(12):
        held = [p.detach().cpu().numpy() for p in params]
        for p, g in zip(params, reference.gradients(held, t)):
            p.grad = md.tensor(g, device=device)
        optimizer.step()
    row = np.concatenate([p.detach().cpu().numpy().ravel() for p in params])
    assert_follows(row, name, STORED[f"optimizer {name}"][-1])

    saved = optimizer.state_dict()
    again = getattr(optim, kind)(params)
    again.load_state_dict(saved)
    for state in (optimizer.state, again.state):
        for value in state[params[0]].values():
            assert not hasattr(value, "dtype") or type(value) is type(params[0].data)
    grads = [p * p for p in params]  # Tensors: the pure step
    moved, _ = optimizer.update(params, grads, optimizer.init(params))
    assert all(m.device == p.device for m, p in zip(moved, params))


@pytest.mark.parametrize("name", reference.OPTIMIZERS)
def test_the_stored_trajectories_are_those_of_pytorch_here(name):
    pytest.importorskip("torch")
    np.testing.assert_allclose(
        reference.torch_trajectory(name), STORED[f"optimizer {name}"], rtol=1e-11, atol=1e-12
    )


@pytest.mark.parametrize("name", reference.OPTIMIZERS)
def test_the_pure_step_is_the_step_in_place(name, monkeypatch):
    """Arrays, Tensors, and in place in blocks of one row: the same numbers."""
    monkeypatch.setattr(machinery, "BLOCK", 16)
    kind, options = reference.OPTIMIZERS[name]
    params = tensors(reference.start())
    optimizer = getattr(optim, kind)(params, **options)
    arrays = [p.data.copy() for p in params]
    states = optimizer.init(arrays)
    wrapped, wrapped_states = [Tensor(a.copy()) for a in arrays], states
    for t in range(8):
        grads = reference.gradients(arrays, t)
        given = copy.deepcopy((arrays, grads, states))
        new_arrays, new_states = optimizer.update(arrays, grads, states)
        np.testing.assert_equal((arrays, grads, states), given)  # nothing changed

        wrapped, wrapped_states = optimizer.update(wrapped, map_tensors(grads), wrapped_states)
        arrays, states = new_arrays, new_states
        for p, g in zip(params, grads):
            p.grad = Tensor(g)
        optimizer.step()
        for p, a, w in zip(params, arrays, wrapped):
            np.testing.assert_allclose(a, p.data, rtol=1e-13, atol=1e-15)
            np.testing.assert_allclose(w.data, p.data, rtol=1e-13, atol=1e-15)


def map_tensors(arrays):
    return [Tensor(a) for a in arrays]


# ------------------------------------------------------------------------- steps made by hand


def test_sgd_momentum_by_hand():
    """lr 1/2, momentum 1/2, gradient 1 then 2: v = 1, 5/2; p = 0, -1/2, -7/4."""
    (p,) = tensors([np.zeros(1)])
    rows = minimise(optim.SGD([p], lr=0.5, momentum=0.5), [p], lambda _, t: [np.ones(1) + t], 2)
    np.testing.assert_array_equal(rows, [[-0.5], [-1.75]])


def test_momentum_is_goodfellows_until_the_rate_changes():
    """v <- alpha v - eps g, theta <- theta + v (algorithm 8.2) against buf, lr outside."""
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((20, 3))
    for late_rate in (0.1, 0.01):
        (p,) = tensors([np.zeros(3)])
        optimizer = optim.SGD([p], lr=0.1, momentum=0.9)
        theta, v = np.zeros(3), np.zeros(3)
        for t, g in enumerate(gradients):
            rate = optimizer.param_groups[0]["lr"] = 0.1 if t < 10 else late_rate
            v = 0.9 * v - rate * g
            theta = theta + v
            p.grad = md.tensor(g)
            optimizer.step()
        difference = abs(p.data - theta).max()
        assert difference < 1e-12 if late_rate == 0.1 else difference > 0.01


def test_momentum_amplifies_what_keeps_its_sign():
    """A constant gradient: steps of lr g / (1 - mu); an alternating one: lr g / (1 + mu)."""
    params = tensors([np.zeros(2)])
    both = lambda _, t: [np.array([1.0, (-1.0) ** t])]
    rows = minimise(optim.SGD(params, lr=0.1, momentum=0.9), params, both, 400)
    np.testing.assert_allclose(abs(rows[-1] - rows[-2]), [0.1 / 0.1, 0.1 / 1.9], rtol=1e-10)


def test_momentum_switched_on_later():
    """Its velocity starts then; Adam's largest v does too, beside averages that go on."""
    (p,) = tensors([np.zeros(1)])
    optimizer = optim.SGD([p], lr=1.0)
    ones = lambda *_: [np.ones(1)]
    minimise(optimizer, [p], ones, 1)
    optimizer.param_groups[0]["momentum"] = 0.5
    rows = minimise(optimizer, [p], ones, 2)
    np.testing.assert_array_equal(rows, [[-2.0], [-3.5]])

    (p,) = tensors([np.zeros(1)])
    optimizer = optim.Adam([p])
    minimise(optimizer, [p], ones, 1)
    optimizer.param_groups[0]["amsgrad"] = True
    minimise(optimizer, [p], ones, 1)
    state = optimizer.state[p]
    assert state["step"] == 2 and state["max_exp_avg_sq"] == state["exp_avg_sq"] > 0.0015


def test_adam_steps():
    """The first is lr sign(g); the largest tends to 7.27 lr, when g_t = (beta2 / beta1)^t."""
    (p,) = tensors([np.array([2.0, -3.0, 0.1])])
    optimizer = optim.Adam([p], lr=0.01, eps=0)
    rows = minimise(optimizer, [p], lambda *_: [np.array([1e-3, -5.0, 2.0])], 1)
    np.testing.assert_allclose(rows[0], [1.99, -2.99, 0.09], rtol=1e-12)

    (p,) = tensors([np.zeros(1)])
    b1, b2 = 0.9, 0.999
    growing = lambda _, t: [np.array([1e-150 * (b2 / b1) ** t])]
    rows = minimise(optim.Adam([p], lr=1.0, eps=0), [p], growing, 6000)
    bound = (1 - b1) / math.sqrt((1 - b2) * (1 - b1**2 / b2))
    assert bound == pytest.approx(7.27, abs=0.01)
    assert abs(rows[-1] - rows[-2]) == pytest.approx(bound * math.sqrt(1 - b2**6000), rel=1e-6)
    assert abs(np.diff(rows[:, 0])).max() <= bound


def test_amsgrad_repairs_adam():
    """Reddi et al. 2018, theorem 1: gradients C, -1, -1 on [-1, 1] send Adam to the worse end."""
    ends = {}
    for amsgrad in (False, True):
        (p,) = tensors([np.zeros(1)])
        optimizer = optim.Adam([p], lr=0.1, betas=(0.0, 1 / 17), eps=0, amsgrad=amsgrad)
        for t in range(1, 3000):
            optimizer.param_groups[0]["lr"] = 0.1 / math.sqrt(t)
            p.grad = md.tensor(np.array([4.0 if t % 3 == 1 else -1.0]))
            optimizer.step()
            np.clip(p.data, -1, 1, out=p.data)
        ends[amsgrad] = p.data.item()
    assert ends[False] > 0.95  # the loss is t times (C - 2)/3 > 0 there
    assert ends[True] < -0.95


def test_adagrad_does_not_see_a_rescaled_gradient():
    scales = np.array([1e-3, 1.0, 1e4])
    paths = []
    for c in (np.ones(3), scales):
        (p,) = tensors([np.ones(3)])
        optimizer = optim.Adagrad([p], lr=0.1, eps=0)
        paths.append(minimise(optimizer, [p], lambda x, t, c=c: [c * (x[0] - np.cos(t + 1))], 20))
    np.testing.assert_allclose(paths[0], paths[1], rtol=1e-12)


def test_rmsprop_tends_to_the_sign():
    (p,) = tensors([np.zeros(2)])
    optimizer = optim.RMSprop([p], lr=0.1, alpha=0.9, eps=0)
    rows = minimise(optimizer, [p], lambda *_: [np.array([0.02, -7.0])], 300)
    np.testing.assert_allclose(rows[-1] - rows[-2], [-0.1, 0.1], rtol=1e-10)


def test_decoupled_decay_shrinks_all_weights_alike():
    """With a gradient of 0, AdamW multiplies by 1 - lr wd; Adam's L2 penalty makes steps of lr."""
    for kind, expected in ((optim.AdamW, [0.95, 95.0]), (optim.Adam, [0.9, 99.9])):
        (p,) = tensors([np.array([1.0, 100.0])])
        rows = minimise(kind([p], lr=0.1, weight_decay=0.5), [p], lambda *_: [np.zeros(2)], 1)
        np.testing.assert_allclose(rows[0], expected, rtol=1e-6)


# ------------------------------------------------------------------ differentiating through steps


@pytest.mark.parametrize("name", [n for n in reference.OPTIMIZERS if "rprop" not in n])
def test_the_pure_step_is_differentiable(name):
    """d/dx of a function of what three steps from x reach, against finite differences."""
    kind, options = reference.OPTIMIZERS[name]
    optimizer = getattr(optim, kind)(tensors([np.zeros(4)]), **options)
    states = optimizer.init([np.zeros(4)])

    def reached(x):
        params, s = [x], states
        for t in range(3):
            grads = [params[0] ** 3 - np.cos(np.arange(4) + t)]
            params, s = optimizer.update(params, grads, s)
        return (params[0] * params[0]).sum()

    x = md.tensor(np.array([0.3, -0.8, 1.1, 0.6]), requires_grad=True)
    autograd.gradcheck(reached, [x])
    autograd.gradgradcheck(reached, [x])


def test_the_learning_rate_can_be_learned():
    """dL(w - lr g)/dlr = -grad L(w - lr g) . g."""
    w = md.tensor(np.array([1.0, -2.0]), requires_grad=True)
    lr = md.tensor(np.array(0.1), requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    (moved,), _ = optimizer.update([w], [3 * w], optimizer.init([w]), lr=lr)
    (hypergradient,) = autograd.grad((moved**2).sum(), [lr])
    expected = -2 * (0.7 * w.data) @ (3 * w.data)
    assert hypergradient.item() == pytest.approx(expected, rel=1e-14)


def test_a_gradient_that_is_zero_gives_no_nan():
    """A dead ReLU: sqrt'(0) = inf, but the step has a derivative there."""
    x = md.tensor(np.array([0.0, 1.0]), requires_grad=True)
    for kind in (optim.Adam, optim.RMSprop, optim.Adagrad, optim.NAdam, optim.RAdam):
        optimizer = kind([x], lr=0.1)
        params, states = [x], optimizer.init([x])
        for _ in range(7):
            g = params[0] * np.array([0.0, 1.0])
            params, states = optimizer.update(params, [g], states)
        (derivative,) = autograd.grad(params[0].sum(), [x])
        assert derivative.data[0] == 1 and np.isfinite(derivative.data).all(), kind


def test_pure_under_no_grad():
    (p,) = tensors([np.ones(3)])
    optimizer = optim.Adam([p], lr=0.1)
    with md.no_grad():
        (q,), _ = optimizer.update([p], [Tensor(np.ones(3))], optimizer.init([p]))
    np.testing.assert_array_equal(p.data, np.ones(3))
    np.testing.assert_allclose(q.data, 0.9 * np.ones(3))


# --------------------------------------------------------------------------------- in place


def test_backward_notices_a_step():
    w = md.tensor(np.array([1.0, 2.0]), requires_grad=True)
    loss = (w * w).sum()
    w.grad = md.tensor(np.ones(2))
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_the_array_stays_and_keeps_its_dtype_and_layout():
    rng = np.random.default_rng(0)
    for kind in (optim.SGD, optim.Adam, optim.RAdam, optim.Rprop, optim.Adadelta):
        w = md.tensor(rng.standard_normal((7, 5)).astype(np.float32).T, requires_grad=True)
        scalar = md.tensor(np.float32(2.0), requires_grad=True)
        held, strides = w.data, w.data.strides
        optimizer = kind([w, scalar], lr=np.float64(0.1))
        for _ in range(6):
            w.grad, scalar.grad = md.tensor(np.ones((5, 7), "f")), md.tensor(np.float32(1.0))
            optimizer.step()
        assert w.data is held and w.dtype == np.float32 and w.data.strides == strides
        assert scalar.shape == () and scalar.item() < 2
        for state in optimizer.state.values():
            assert {v.dtype for v in state.values() if isinstance(v, np.ndarray)} <= {w.dtype}


def test_large_parameters_go_through_in_blocks_as_small_ones_do():
    """More than one block of BLOCK bytes, and not a multiple of it."""
    rng = np.random.default_rng(0)
    w, g = rng.standard_normal((2, 1001, 101))
    rows = machinery.BLOCK // w[0].nbytes
    assert 1 < rows < 1001 and 1001 % rows
    (p,) = tensors([w])
    optimizer = optim.Adam([p], lr=0.1)
    (q,), _ = optimizer.update([w], [g], optimizer.init([w]))
    p.grad = md.tensor(g)
    optimizer.step()
    np.testing.assert_array_equal(p.data, q)


def test_parameters_without_gradient_stay():
    p, q = tensors([np.ones(2), np.ones(2)])
    optimizer = optim.Adam([p, q], lr=0.1)
    p.grad = md.tensor(np.ones(2))
    optimizer.step()
    np.testing.assert_array_equal(q.data, np.ones(2))
    assert q not in optimizer.state
    optimizer.zero_grad()
    assert p.grad is None
    p.grad = md.tensor(np.ones(2))
    optimizer.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(p.grad.data, np.zeros(2))


def test_groups_and_closure():
    p, q = tensors([np.ones(2), np.ones(2)])
    optimizer = optim.SGD([{"params": [p], "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": q, "maximize": True})

    def closure():
        optimizer.zero_grad()
        loss = (p * p + q).sum()
        loss.backward()
        return loss

    with md.no_grad():
        assert optimizer.step(closure).item() == 4
    np.testing.assert_array_equal(p.data, np.zeros(2))
    np.testing.assert_allclose(q.data, 1.1 * np.ones(2))


# ------------------------------------------------------------------------------------ saving


@pytest.mark.parametrize("name", reference.OPTIMIZERS)
def test_a_run_can_be_resumed(name):
    kind, options = reference.OPTIMIZERS[name]
    params = tensors(reference.start())
    optimizer = getattr(optim, kind)(params, **options)
    minimise(optimizer, params, reference.gradients, 5)
    saved, held = optimizer.state_dict(), [p.data.copy() for p in params]
    later = lambda p, t: reference.gradients(p, t + 5)
    rows = minimise(optimizer, params, later, 7)

    resumed = tensors(held)
    again = getattr(optim, kind)(resumed)  # the options come from the state
    again.load_state_dict(saved)
    np.testing.assert_array_equal(minimise(again, resumed, later, 7), rows)


@pytest.mark.parametrize("name", reference.OPTIMIZERS)
def test_pytorchs_state_dict_loads(name):
    torch = pytest.importorskip("torch")
    kind, options = reference.OPTIMIZERS[name]
    theirs = [torch.nn.Parameter(torch.tensor(p)) for p in reference.start()]
    their_optimizer = getattr(torch.optim, kind)(theirs, **options)
    for t in range(5):
        for p, g in zip(theirs, reference.gradients([p.detach().numpy() for p in theirs], t)):
            p.grad = torch.tensor(g)
        their_optimizer.step()

    ours = tensors([p.detach().numpy() for p in theirs])
    optimizer = getattr(optim, kind)(ours)
    optimizer.load_state_dict(their_optimizer.state_dict())
    later = lambda p, t: reference.gradients(p, t + 5)
    rows = minimise(optimizer, ours, later, 7)
    assert_follows(rows, name, STORED[f"optimizer {name}"][5:])


def test_a_state_that_does_not_fit_is_refused():
    p, q = tensors([np.ones(2), np.ones((2, 3))])
    optimizer = optim.Adam([p])
    p.grad = md.tensor(np.ones(2))
    optimizer.step()
    saved = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"Adam: the loaded groups have \[1\] .* \[2\]"):
        optim.Adam([p, q]).load_state_dict(saved)
    with pytest.raises(ValueError, match=r"'exp_avg.*' of parameter 0 has shape \(2,\).* \(2, 3\)"):
        optim.Adam([q]).load_state_dict(saved)
    with pytest.raises(ValueError, match="RMSprop: loaded state 0 lacks 'square_avg'"):
        optim.RMSprop([p]).load_state_dict(saved)


# ---------------------------------------------------------------------------------- bad input


def test_bad_input_is_named():
    (p,) = tensors([np.ones(2)])
    frozen, result = md.tensor([1.0]), p * 2
    for make, error, words in (
        (lambda: optim.SGD([]), ValueError, "no parameters"),
        (lambda: optim.SGD(p), TypeError, r"list of tensors"),
        (lambda: optim.SGD([p, p]), ValueError, "parameter 1 of shape .* twice"),
        (lambda: optim.SGD([frozen]), TypeError, "requires no gradient"),
        (lambda: optim.SGD([result]), TypeError, "not a leaf"),
        (lambda: optim.SGD([np.ones(2)]), TypeError, "ndarray, not a Tensor"),
        (lambda: optim.SGD([p], lr=-1), ValueError, "lr=-1"),
        (lambda: optim.SGD([{"params": [p], "momemtum": 1}]), ValueError, "'momemtum'"),
        (lambda: optim.SGD([p], nesterov=True), ValueError, "nesterov needs a momentum"),
        (lambda: optim.Adam([p], betas=(0.9, 1.0)), ValueError, r"betas .*\(0.9, 1.0\)"),
        (lambda: optim.Rprop([p], etas=(1.2, 0.5)), ValueError, "etas"),
        (lambda: optim.SGD([p]).update([p], [p, p], [{}]), ValueError, "2 grads for 1 param"),
        (lambda: optim.LBFGS([p], line_search_fn="armijo"), ValueError, "strong_wolfe"),
        (lambda: optim.SAM([p], optim.SGD, rho=-1), ValueError, "rho=-1"),
    ):
        with pytest.raises(error, match=words):
            make()

    p.grad = md.tensor(np.ones(2))
    p.grad.data = np.ones(1)
    with pytest.raises(ValueError, match=r"a parameter \(2,\) has a gradient \(1,\)"):
        optim.SGD([p]).step()
    p.grad = md.tensor(np.ones(2))
    with pytest.raises(TypeError, match=r"use update"):
        optim.SGD([p], lr=md.tensor(0.1)).step()
