"""The inner loop, and a network's part in it."""

import numpy as np
import pytest

import minidl
from minidl import nn, optim
from minidl.meta import (
    adapt,
    adapt_with,
    copies,
    forward,
    meta_loss,
    one_by_one,
    squared_error,
    stacked,
    step,
    trajectory,
)

from .problems import leaf, numpy, quadratic, quadratic_loss, regression


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_steps_of_gradient_descent_on_quadratic_tasks_are_as_solved_exactly(steps, device):
    oracle, tasks, phi = quadratic(0, device=device)
    theta = adapt(quadratic_loss, {"w": leaf(phi, device)}, tasks.support, steps, lr=0.2)
    assert np.allclose(numpy(theta["w"]), oracle.adapted(phi, steps, 0.2), rtol=1e-13, atol=1e-14)


def test_a_task_is_adapted_as_if_it_were_alone():
    net, loss, tasks = regression(0, count=4)
    phi = dict(net.named_parameters())
    together = adapt(loss, phi, tasks.support, steps=3, lr=0.1)
    for t in range(4):
        one = tuple(part[t : t + 1] for part in tasks.support)
        alone = adapt(loss, phi, one, steps=3, lr=0.1)
        for name in phi:
            assert np.allclose(together[name][t].data, alone[name][0].data, rtol=1e-12, atol=1e-14)


def test_nothing_given_is_changed():
    net, loss, tasks = regression(1)
    phi = dict(net.named_parameters())
    before = {name: p.data.copy() for name, p in phi.items()}
    arrays = [p.data for p in phi.values()]
    meta_loss(loss, phi, tasks, steps=3, lr=0.1).backward()
    adapt_with(optim.Adam(net.parameters()), loss, phi, tasks.support, steps=2)
    for (name, p), array in zip(phi.items(), arrays):
        assert p.data is array and np.array_equal(array, before[name])


def test_the_trajectory_begins_at_phi_and_ends_where_adapt_does():
    _, tasks, phi = quadratic(1)
    path = [*trajectory(quadratic_loss, {"w": leaf(phi)}, tasks.support, 3, 0.1)]
    assert len(path) == 4
    assert np.array_equal(path[0]["w"].data, np.tile(phi, (6, 1)))
    last = adapt(quadratic_loss, {"w": leaf(phi)}, tasks.support, 3, 0.1)
    assert np.array_equal(path[-1]["w"].data, last["w"].data)


def test_it_works_where_nothing_is_recorded_and_then_records_nothing():
    net, loss, tasks = regression(2)
    phi = dict(net.named_parameters())
    recorded = adapt(loss, phi, tasks.support, 2, 0.1)
    with minidl.no_grad():
        free = adapt(loss, phi, tasks.support, 2, 0.1)
    for name in phi:
        assert recorded[name].requires_grad and not free[name].requires_grad
        assert np.array_equal(recorded[name].data, free[name].data)


def test_checkpointed_steps_have_the_same_meta_gradient():
    net, loss, tasks = regression(3)
    phi = dict(net.named_parameters())
    kept, again = (
        minidl.autograd.grad(
            meta_loss(loss, phi, tasks, 3, 0.1, checkpointed=checkpointed), [*phi.values()]
        )
        for checkpointed in (False, True)
    )
    for one, other in zip(kept, again):
        assert np.allclose(one.data, other.data, rtol=1e-12, atol=1e-15)


def test_a_checkpointed_step_keeps_its_result_alone():
    """Counted in arrays that the graph saved between two steps."""
    net, loss, tasks = regression(4)
    phi = dict(net.named_parameters())
    nodes = [
        count_nodes(meta_loss(loss, phi, tasks, 6, 0.1, checkpointed=checkpointed))
        - count_nodes(meta_loss(loss, phi, tasks, 3, 0.1, checkpointed=checkpointed))
        for checkpointed in (False, True)
    ]
    assert nodes[1] == 3  # one node a step
    assert nodes[0] > 3 * 20


def count_nodes(y):
    seen, waiting = set(), [y.node]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            for edge in node.edges:
                for one in edge if isinstance(edge, list) else [edge]:
                    if one is not None:
                        waiting.append(one[0])
    return len(seen)


def test_an_optimiser_that_is_gradient_descent_adapts_as_gradient_descent_does():
    net, loss, tasks = regression(5)
    phi = dict(net.named_parameters())
    plain = adapt(loss, phi, tasks.support, 3, 0.1)
    optimised = adapt_with(optim.SGD(net.parameters(), lr=0.1), loss, phi, tasks.support, 3)
    for name in phi:
        assert np.allclose(plain[name].data, optimised[name].data, rtol=1e-13, atol=1e-15)


def test_an_inner_adam_takes_each_task_where_adam_alone_takes_it():
    _, tasks, phi = quadratic(3)
    owner = leaf(phi)
    inner = optim.Adam([owner], lr=0.1)
    together = adapt_with(inner, quadratic_loss, {"w": owner}, tasks.support, 4)
    for t in range(tasks.count):
        w = leaf(phi)
        adam = optim.Adam([w], lr=0.1)
        for _ in range(4):
            adam.zero_grad()
            curvature, optimum = (part[t : t + 1] for part in tasks.support)
            quadratic_loss({"w": w.reshape(1, 3)}, curvature, optimum).sum().backward()
            adam.step()
        assert np.allclose(together["w"].data[t], w.data, rtol=1e-12)


def test_the_meta_gradient_goes_through_an_inner_adam():
    _, tasks, phi = quadratic(2)
    owner = leaf(np.zeros(3))

    def outcome(phi):
        adam = optim.Adam([owner], lr=0.1)
        theta = adapt_with(adam, quadratic_loss, {"w": phi}, tasks.support, 3)
        return quadratic_loss(theta, *tasks.query).mean()

    assert minidl.autograd.gradcheck(outcome, leaf(phi))


def test_a_rate_can_be_given_for_each_name_and_only_some_move():
    net, loss, tasks = regression(6)
    theta = copies(dict(net.named_parameters()), tasks.count)
    moved = step(loss, theta, tasks.support, {"4.bias": 0.5}, moving=["4.bias"])
    plain = step(loss, theta, tasks.support, 0.5)
    for name in theta:
        expected = plain if name == "4.bias" else theta
        assert np.array_equal(moved[name].data, expected[name].data)


# ------------------------------------------------------------------------------------ networks


def test_a_stacked_network_computes_what_the_network_computes():
    net, _, tasks = regression(7)
    x = tasks.support[0]
    theta = copies(dict(net.named_parameters()), tasks.count)
    y = forward(net, theta, x)
    for t in range(tasks.count):
        assert np.allclose(y[t].data, net(x[t]).data, rtol=1e-13, atol=1e-15)


def test_any_module_is_adapted_one_task_after_the_other_with_the_same_result():
    net, loss, tasks = regression(8)
    phi = dict(net.named_parameters())
    values = [
        meta_loss(loss, phi, tasks, 2, 0.1) for loss in (loss, one_by_one(net, squared_error))
    ]
    grads = [minidl.autograd.grad(value, [*phi.values()]) for value in values]
    assert np.allclose(values[0].data, values[1].data, rtol=1e-13)
    for one, other in zip(*grads):
        assert np.allclose(one.data, other.data, rtol=1e-11, atol=1e-14)


def test_layers_that_take_no_stacked_parameters_are_refused():
    with pytest.raises(TypeError, match="'1' is a PReLU.*one_by_one"):
        stacked(nn.Sequential(nn.Linear(2, 2), nn.PReLU()), squared_error)


class Recorder(nn.Module):
    """A layer that, in training, remembers in a buffer what passed through it."""

    def __init__(self):
        self.scale = nn.Parameter(np.ones(1))
        self.register_buffer("seen", minidl.tensor(np.zeros(1)))

    def forward(self, x):
        y = self.scale * (x - self.seen)
        if self.training:
            self.seen.data = self.seen.data + x.data.mean()
        return y


def test_running_statistics_of_one_task_reach_neither_the_module_nor_another_task():
    net, rng = Recorder(), np.random.default_rng(0)
    loss, phi = one_by_one(net, squared_error), dict(net.named_parameters())
    x, y = minidl.tensor(rng.normal(size=(3, 4, 1))), minidl.tensor(rng.normal(size=(3, 4, 1)))
    theta = adapt(loss, phi, (x, y), steps=2, lr=0.1)
    assert net.seen.item() == 0
    order = np.array([2, 0, 1])
    again = adapt(loss, phi, (x[order], y[order]), steps=2, lr=0.1)
    assert np.array_equal(again["scale"].data, theta["scale"].data[order])
