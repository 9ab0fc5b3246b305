"""Head-only adaptation, and the likeness of representations."""

import numpy as np
import pytest
from scipy.stats import ortho_group

import minidl
from minidl import nn
from minidl.meta import adapt, anil_loss, cka, head, meta_loss

from .problems import regression


def test_the_head_is_the_last_layer_that_has_parameters():
    assert head(regression(0)[0]) == ["4.weight", "4.bias"]
    ends_in_tanh = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1), nn.Tanh())
    assert head(ends_in_tanh) == ["1.weight", "1.bias"]


def test_the_inner_loop_moves_the_head_alone_and_the_outer_one_everything():
    net, loss, tasks = regression(1)
    phi = dict(net.named_parameters())
    adapted = adapt(loss, phi, tasks.support, 3, 0.1, moving=head(net))
    for name, p in phi.items():
        moved = not np.array_equal(adapted[name].data, np.broadcast_to(p.data, adapted[name].shape))
        assert moved == (name in head(net))
    value = anil_loss(loss, phi, tasks, 3, 0.1, moving=head(net))
    for g in minidl.autograd.grad(value, [*phi.values()]):
        assert np.abs(g.data).max() > 1e-4


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_meta_gradient_agrees_with_finite_differences(steps):
    net, loss, tasks = regression(2)
    phi = dict(net.named_parameters())
    assert minidl.autograd.gradcheck(
        lambda *values: anil_loss(
            loss, dict(zip(phi, values)), tasks, steps, 0.1, moving=head(net)
        ),
        tuple(phi.values()),
    )


def test_moving_everything_it_is_maml():
    net, loss, tasks = regression(3)
    phi = dict(net.named_parameters())
    value = anil_loss(loss, phi, tasks, 2, 0.1, moving=[*phi])
    assert value.item() == meta_loss(loss, phi, tasks, 2, 0.1).item()


def test_the_head_descends_its_regression_on_fixed_features_as_solved_exactly():
    """The squared error is quadratic in the head: w_k = w* + (I - 2 lr X'X / N)^k (w_0 - w*)."""
    net, loss, tasks = regression(4, count=2, shots=30, width=3)
    phi = dict(net.named_parameters())
    adapted = adapt(loss, phi, tasks.support, 7, 0.3, moving=head(net))
    x, y = tasks.support
    start = np.append(phi["4.weight"].data[0], phi["4.bias"].data)
    for t in range(2):
        X = np.column_stack([net[:4](x[t]).data, np.ones(30)])
        best = np.linalg.lstsq(X, y.data[t], rcond=None)[0][:, 0]
        M = np.linalg.matrix_power(np.eye(4) - 0.6 * X.T @ X / 30, 7)
        found = np.append(adapted["4.weight"].data[t, 0], adapted["4.bias"].data[t])
        assert np.allclose(found, best + M @ (start - best), rtol=1e-9)


# -------------------------------------------------------------------------------------- likeness


def test_cka_is_one_for_rotations_and_scalings_and_invariant_to_shifts():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 4))
    turned = 3 * x @ ortho_group.rvs(4, random_state=1) + 7
    assert cka(minidl.tensor(x), minidl.tensor(turned)).item() == pytest.approx(1, abs=1e-12)
    stretched = x * np.array([1, 1, 1, 20.0])
    assert cka(minidl.tensor(x), minidl.tensor(stretched)).item() < 0.7


def test_cka_is_what_the_definition_by_gram_matrices_gives():
    """HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) with K = XX', L = YY' centred on both sides."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 5))
    H = np.eye(20) - 1 / 20
    K, L = H @ x @ x.T @ H, H @ y @ y.T @ H
    expected = np.sum(K * L) / np.sqrt(np.sum(K * K) * np.sum(L * L))
    assert cka(minidl.tensor(x), minidl.tensor(y)).item() == pytest.approx(expected, rel=1e-12)


def test_unrelated_representations_are_unlike():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 2000, 3))
    assert cka(minidl.tensor(x), minidl.tensor(y)).item() < 0.02  # about (P + Q) / N is expected
