"""One step of every way of learning, and every measure, gives the same numbers on every device."""

import numpy as np
import pytest

from minidl import nn, optim, tensor
from minidl.continual import (
    ewc,
    fisher,
    lwf,
    projection,
    rehearsal,
    sparsity,
    subnetworks,
    transfer,
)
from minidl.continual.learner import MultiHead, accuracy, descend, mlp

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 6)), np.arange(12) % 3
NOISE = RNG.random(12)


def network():
    return mlp(6, 8, 3, rng=0)


def heads():
    body = nn.Sequential(nn.Linear(6, 8, rng=0), nn.Tanh())
    return MultiHead(body, [nn.Linear(8, 3, rng=1), nn.Linear(8, 3, rng=2)])


def step(net, loss):
    descend(optim.SGD(net.parameters(), lr=0.1), loss)


def elastic(form):
    def run(net, on):
        importance = form(net, on)
        held = ewc.anchor(net, importance)
        for _ in range(2):
            step(net, ewc.loss(net, on(X), on(Y), [ewc.online(held, held)], 3.0))

    return run


def replayed(net, on):
    generator = rehearsal.GaussianMixture(X, Y, rank=2)
    like = on(X)
    old = rehearsal.replay(generator, net, 5, like, np.random.default_rng(0))
    step(net, rehearsal.loss(net, (like, on(Y)), old, 0.3))


def distilled(net, on):
    recorded = lwf.record(net, on(X), [0])
    for _ in range(2):
        step(net, lwf.loss(net, on(X), on(Y), 1, recorded))


def projected(net, on):
    memory = projection.Memory(net)
    for threshold in (0.6, 1.0):
        memory.remember(on(X[:2]), threshold)
    optimiser = optim.Adam(net.parameters(), lr=0.1)
    projection.train_step(memory, optimiser, rehearsal.F.cross_entropy(net(on(X)), on(Y)))


def sparse(net, on):
    step(net, rehearsal.F.cross_entropy(net(on(X)), on(Y)))
    net[0].remember(sparsity.active_share(net[0](on(X))))
    step(net, rehearsal.F.cross_entropy(net(on(X)), on(Y)))


def disjoint(net, on):
    step(net, subnetworks.loss(net, on(X), on(Y), 1))


STEPS = {
    "EWC, exact": (network, elastic(lambda net, on: fisher.exact(net, on(X)))),
    "EWC, sampled": (network, elastic(lambda net, on: fisher.sampled(net, on(X), on(NOISE)))),
    "EWC, empirical": (network, elastic(lambda net, on: fisher.empirical(net, on(X), on(Y)))),
    "replay": (network, replayed),
    "LwF": (heads, distilled),
    "projection": (network, projected),
    "sparse": (
        lambda: nn.Sequential(sparsity.SparseLayer(6, 8, 3, 2.0, rng=0), nn.Linear(8, 3, rng=0)),
        sparse,
    ),
    "disjoint": (lambda: subnetworks.Subnetworks(6, 8, classes=3, tasks=2, rng=0), disjoint),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_the_same_everywhere(name, device):
    make, run = STEPS[name]

    def after(device):
        net = make().double().to(device=device)
        run(net, lambda array: tensor(array, device=device))
        return [p.detach().to("cpu").numpy() for p in net.parameters()]

    for found, expected in zip(after(device), after("cpu")):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_measures_are_the_same_everywhere(device):
    def measures(device):
        net = network().double().to(device=device)
        on = lambda array: tensor(array, device=device)
        a, b = (on(X[:6]), on(Y[:6])), (on(X[6:]), on(Y[6:]))
        F = fisher.matrix(net, on(X))
        shares = [sparsity.active_share(sparsity.winners(on(x), 2)) for x in (X[:6], X[6:])]
        return [
            transfer.cosine(net, a, b).item(),
            F.sum().item(),
            ewc.quadratic_form(on(np.ones(len(F))), F).item(),
            accuracy(net, *a),
            sparsity.overlap(*shares),
        ]

    assert measures(device) == pytest.approx(measures("cpu"), rel=1e-9)
