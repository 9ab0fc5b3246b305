"""k winners, and units that drop out the more they were used."""

import numpy as np
import pytest

from minidl import nn, no_grad, optim, tensor
from minidl.continual import sparsity
from minidl.continual.learner import accuracy, descend
from minidl.nn import functional as F

from .digits import digits, split_digits


def test_exactly_k_answer_also_where_activations_are_equal():
    h = np.random.default_rng(0).uniform(0.5, 1.0, (20, 12))
    h[:10] = np.round(h[:10], 1)  # many equal ones
    h[0] = 1.0
    for k in (1, 3, 12):
        found = sparsity.winners(tensor(h), k).numpy()
        assert ((found != 0).sum(axis=1) == k).all()
        order = np.argsort(-h, axis=1, kind="stable")[:, :k]
        assert (np.take_along_axis(found, order, 1) == np.take_along_axis(h, order, 1)).all()


def test_the_gradient_reaches_the_winners_alone():
    h = tensor(np.array([[3.0, 1.0, 2.0, -1.0]]), requires_grad=True)
    (sparsity.winners(h, 2) * tensor(np.array([[5.0, 6.0, 7.0, 8.0]]))).sum().backward()
    assert h.grad.numpy().tolist() == [[5.0, 0.0, 7.0, 0.0]]


def test_what_is_negative_never_wins():
    h = tensor(np.array([[-3.0, -1.0, 2.0, -2.0]]))
    assert sparsity.winners(h, 3).numpy().tolist() == [[0.0, 0.0, 2.0, 0.0]]


@pytest.mark.parametrize("seed", range(3))
def test_sparse_activations_have_a_lower_numerical_rank_and_a_higher_energy_rank(seed):
    """A network of 256 hidden units that classifies digits, k = 26 against ReLU.

    Over the three seeds the numerical ranks are 61 against 221 to 225, the ranks of 99 % of the
    energy 52 or 53 against 16 or 17.
    """
    (x, y), test = digits()
    ranks = {}
    for name, layer in (
        ("sparse", sparsity.SparseLayer(64, 256, 26, rng=seed)),
        ("dense", nn.Sequential(nn.Linear(64, 256, rng=seed), nn.ReLU())),
    ):
        rng = np.random.default_rng(seed)
        net = nn.Sequential(layer, nn.Linear(256, 10, rng=rng))
        optimiser = optim.Adam(net.parameters(), lr=2e-3)
        for _ in range(400):
            rows = rng.integers(0, len(x), 64)
            descend(optimiser, F.cross_entropy(net(x[rows]), y[rows]))
        assert accuracy(net, *test) > 0.93
        with no_grad():
            h = layer(test[0]).numpy()
        ranks[name] = sparsity.numerical_rank(h), sparsity.energy_rank(h)
    assert ranks["sparse"][0] < ranks["dense"][0] / 2
    assert ranks["sparse"][1] > 2 * ranks["dense"][1]


def test_ranks_of_a_matrix_with_known_singular_values():
    """Squares 98, 1.5, .4, .1 and 0: four directions, of which two hold 99 %."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(n, 5)))[0] for n in (20, 8))
    h = left * np.sqrt([98, 1.5, 0.4, 0.1, 0]) @ right.T
    assert sparsity.numerical_rank(h) == 4
    assert [sparsity.energy_rank(h, share) for share in (0.9, 0.99, 0.9995)] == [1, 2, 4]


def test_the_most_used_unit_is_kept_least():
    keep = sparsity.keep_probability(tensor(np.array([0.0, 0.5, 2.0])), alpha=3.0).numpy()
    assert keep == pytest.approx(np.exp([0, -0.75, -3.0]))
    assert sparsity.keep_probability(tensor(np.zeros(3)), 3.0).numpy().tolist() == [1, 1, 1]


def test_units_drop_out_as_often_as_they_should():
    """10,000 draws of each: the standard error is at most .005, and five of them are allowed.

    With three units, the chance that one is further off is below 2e-6.
    """
    keep = np.array([1.0, 0.5, 0.1])
    noise = tensor(np.random.default_rng(0).random((10_000, 3)))
    kept = sparsity.thinned(tensor(np.ones((10_000, 3))), tensor(keep), noise).numpy()
    assert set(np.unique(kept)) == {0.0, 1.0}
    assert kept.mean(axis=0) == pytest.approx(keep, abs=0.025)


def test_nothing_drops_out_in_use():
    layer, x = (
        sparsity.SparseLayer(4, 8, 3, alpha=5.0, rng=0),
        tensor(np.ones((2, 4)), dtype="float32"),
    )
    layer.remember(tensor(np.ones(8, np.float32)))
    layer.eval()
    expected = sparsity.winners(layer.linear(x), 3)
    assert (layer(x).data == expected.data).all()


def test_overlap_of_sets_is_the_jaccard_index():
    a, b = np.zeros(10), np.zeros(10)
    a[:6], b[3:8] = 1, 1
    assert sparsity.overlap(tensor(a), tensor(b)) == pytest.approx(3 / 8)
    assert sparsity.overlap(tensor(a), tensor(a)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_heterogeneous_dropout_brings_other_units_to_task_b(seed):
    """Digits 0-4, then 5-9, a head each: less overlap, and more of task A is left.

    Over the three seeds the overlap is .17 to .19 against .47 to .54, and the accuracy on task A in
    the end .89 to .93 against .65 to .72.
    """
    found = {alpha: two_tasks(seed, alpha) for alpha in (0.0, 5.0)}
    assert found[5.0][0] < 0.7 * found[0.0][0]
    assert found[5.0][1] > found[0.0][1]


def two_tasks(seed, alpha):
    """The overlap of the units of both tasks, and the accuracy on A after B."""
    rng = np.random.default_rng(seed)
    layer = sparsity.SparseLayer(64, 128, 12, alpha, rng=rng)
    heads = [nn.Linear(128, 5, rng=rng) for _ in range(2)]
    shares = []
    for head, ((x, y), _) in zip(heads, split_digits()):
        net = nn.Sequential(layer, head).train()
        optimiser = optim.Adam(net.parameters(), lr=2e-3)
        for _ in range(300):
            rows = rng.integers(0, len(x), 64)
            descend(optimiser, F.cross_entropy(net(x[rows]), y[rows]))
        layer.eval()
        with no_grad():
            shares.append(sparsity.active_share(layer(x)))
        layer.remember(shares[-1])
    left = accuracy(nn.Sequential(layer, heads[0]), *split_digits()[0][1])
    return sparsity.overlap(*shares), left
