"""EWC: exact where losses are quadratic, right to second order where they are not."""

import numpy as np
import pytest

from minidl import hessian, nn, no_grad, tensor
from minidl.autograd import grad
from minidl.continual import ewc, fisher
from minidl.continual.learner import mlp


def quadratics(count, diagonal, seed=0, d=4):
    """Curvatures (T, D, D) and optima (T, D) of tasks L = 1/2 (w - a)' H (w - a)."""
    rng = np.random.default_rng(seed)
    H = rng.normal(size=(count, d, d))
    H = H @ H.transpose(0, 2, 1) + np.eye(d)
    return H * np.eye(d) if diagonal else H, rng.normal(size=(count, d))


def joint_optimum(H, a):
    """Where sum_t H_t (w - a_t) = 0."""
    return np.linalg.solve(H.sum(axis=0), np.einsum("tij,tj->i", H, a))


def slope(function, w):
    w = tensor(w, requires_grad=True)
    return grad(function(w), w)[0].numpy()


def test_the_whole_fisher_gives_the_joint_optimum_of_quadratics():
    """L_B + 1/2 D' H_A D is least where L_A + L_B is."""
    H, a = quadratics(2, diagonal=False)
    H_A, H_B, a_A, a_B = map(tensor, (*H, *a))

    def after_both(w):
        return ewc.quadratic_form(w - a_B, H_B) + ewc.quadratic_form(w - a_A, H_A)

    assert np.abs(slope(after_both, joint_optimum(H, a))).max() < 1e-12


def anchored(place, H):
    """The anchor of a task with this curvature that was solved here."""
    return ewc.Anchor({"w": tensor(place)}, {"w": tensor(np.diag(H))})


def test_the_penalty_gives_the_joint_optimum_where_curvatures_are_diagonal():
    H, a = quadratics(2, diagonal=True)
    H_B, a_B, anchor = tensor(H[1]), tensor(a[1]), anchored(a[0], H[0])

    def after_both(w):
        return ewc.quadratic_form(w - a_B, H_B) + ewc.penalty({"w": w}, anchor)

    assert np.abs(slope(after_both, joint_optimum(H, a))).max() < 1e-12


def test_one_anchor_for_all_tasks_is_exact_and_one_for_each_is_not():
    """After A and B the solution minimises L_A + L_B; the anchor there has both curvatures.

    Penalties for A and for B apart, as in the paper, pull towards A twice (Huszar 2018).
    """
    H, a = quadratics(3, diagonal=True)
    after_two, best = joint_optimum(H[:2], a[:2]), joint_optimum(H, a)
    first, second = anchored(a[0], H[0]), anchored(after_two, H[1])
    H_C, a_C = tensor(H[2]), tensor(a[2])

    def at_best(anchors):
        held = lambda w: sum(ewc.penalty({"w": w}, one) for one in anchors)
        return np.abs(slope(lambda w: ewc.quadratic_form(w - a_C, H_C) + held(w), best)).max()

    assert at_best([ewc.online(first, second)]) < 1e-12
    assert at_best([first, second]) > 0.1


def test_an_older_task_decays_and_a_new_parameter_comes_with_its_own_importance():
    F = {"w": tensor([1.0, 2.0])}
    first = ewc.Anchor({"w": tensor([0.0, 0.0])}, F)
    second = ewc.Anchor({"w": tensor([1.0, 1.0]), "v": tensor([5.0])}, F | {"v": tensor([3.0])})
    merged = ewc.online(first, second, decay=0.5)
    assert merged.values is second.values
    assert merged.fisher["w"].numpy().tolist() == [1.5, 3.0]
    assert merged.fisher["v"].numpy().tolist() == [3.0]


def network(seed=0):
    """A small network, inputs, its outputs, and the Fisher matrix."""
    net = mlp(3, 4, 3, activation=nn.Tanh, rng=seed).double()
    x = tensor(np.random.default_rng(seed).normal(size=(6, 3)))
    with no_grad():
        return net, x, net(x), fisher.matrix(net, x)


def divergence_at(net, x, before, delta):
    """E_x KL of the outputs at theta_A + delta from those at theta_A."""
    start = 0
    for p in net.parameters():
        p.data = p.data + delta[start : start + p.size].reshape(p.shape)
        start += p.size
    with no_grad():
        return ewc.divergence(net(x), before).mean().item()


def test_the_hessian_of_the_divergence_is_the_fisher_matrix():
    net, x, before, F = network()
    with no_grad():
        blocks = hessian(lambda net: ewc.divergence(net(x), before).mean())(net)
    sizes = [(name, p.size) for name, p in net.named_parameters()]
    H = np.block([[blocks[a][b].numpy().reshape(n, m) for b, m in sizes] for a, n in sizes])
    assert np.abs(H - F.numpy()).max() < 1e-8


@pytest.mark.parametrize("seed", range(3))
def test_the_error_of_the_quadratic_form_is_of_third_order(seed):
    """Half the step, an eighth of the error; and it is small: below 2 % of the divergence."""
    direction = np.random.default_rng(seed).normal(size=31)
    direction /= np.linalg.norm(direction)
    errors, values = [], []
    for length in (0.02, 0.01):
        net, x, before, F = network(seed)
        delta = length * direction
        exact = divergence_at(net, x, before, delta)
        values.append(exact)
        errors.append(exact - ewc.quadratic_form(tensor(delta), F).item())
    assert abs(errors[0]) < 0.02 * values[0]
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.1)


def test_the_divergence_and_its_slope_are_zero_at_the_anchor():
    net, x, before, _ = network()
    value = ewc.divergence(net(x), before).mean()
    value.backward()
    assert abs(value.item()) < 1e-15
    assert max(np.abs(p.grad.numpy()).max() for p in net.parameters()) < 1e-15


def test_what_an_anchor_keeps_does_not_move_with_the_network():
    net, x, _, _ = network()
    held = ewc.anchor(net, fisher.exact(net, x))
    theta = dict(net.named_parameters())
    assert ewc.penalty(theta, held).item() == 0
    for p in net.parameters():
        p.data += 1.0  # in place
    total = sum(F.numpy().sum() for F in held.fisher.values())
    assert ewc.penalty(theta, held).item() == pytest.approx(total / 2, rel=1e-12)


def test_the_loss_is_cross_entropy_and_the_penalties():
    net, x, before, _ = network()
    y = tensor(np.array([0, 1, 2, 0, 1, 2]))
    held = ewc.anchor(net, fisher.exact(net, x))
    p = np.exp(before.numpy())
    chosen = (p / p.sum(axis=1, keepdims=True))[np.arange(6), y.numpy()]
    assert ewc.loss(net, x, y, [held], 9.0).item() == pytest.approx(-np.log(chosen).mean())
    net.get_parameter("0.bias").data += 1.0
    free, twice = (ewc.loss(net, x, y, anchors, 9.0).item() for anchors in ([], [held, held]))
    assert twice - free == pytest.approx(9.0 * held.fisher["0.bias"].numpy().sum(), rel=1e-9)
