"""Training on attacked inputs: on a linear model the closed form, on digits what PGD leaves."""

import numpy as np
import pytest

from minidl import nn, optim, tensor
from minidl.attacks import Goal, Threat, pgd
from minidl.defences.adversarial_training import (
    fgsm_attack,
    mixed_loss,
    pgd_attack,
    train_step,
)
from minidl.defences.danskin import worst_logistic_loss
from minidl.nn import functional as F
from minidl.reverse import grad

from .digits import accuracy, trained, unattacked

THREAT = Threat(np.inf, 0.15)


@pytest.mark.parametrize("attack", ["FGSM", "PGD"])
def test_a_step_on_a_linear_model_descends_the_worst_loss(attack):
    """Two logits with rows +-w/2 are logistic regression, whose worst loss is known: the step is
    the one along its gradient."""
    rng = np.random.default_rng(0)
    threat = Threat(np.inf, 0.1, (-9.0, 9.0))
    x, y, w = rng.normal(size=(8, 5)), rng.integers(0, 2, 8), rng.normal(size=5)
    net = nn.Sequential(nn.Linear(5, 2, bias=False)).double()
    net[0].weight.data = np.stack([-w / 2, w / 2])
    how = fgsm_attack(threat) if attack == "FGSM" else pgd_attack(threat, 10, rng)
    optimiser = optim.SGD(net.parameters(), lr=1.0)
    loss = train_step(net, optimiser, tensor(x), tensor(y), how)
    w = tensor(w, requires_grad=True)
    worst = worst_logistic_loss(w, tensor(np.array(0.0)), tensor(x), tensor(2 * y - 1), 0.1).mean()
    assert loss.item() == pytest.approx(worst.item(), rel=1e-12)
    (g,) = grad(worst, w)
    expected = w.detach().numpy() / 2 - g.numpy()  # d loss / d row = +-(d loss / d w)
    assert net[0].weight.data[1] == pytest.approx(expected, rel=1e-9)


def test_the_mixture_is_linear_in_the_share():
    rng = np.random.default_rng(1)
    net = nn.Linear(3, 4, rng=rng).double()
    x, perturbed, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.integers(0, 4, 6)
    x, perturbed, y = tensor(x), tensor(perturbed), tensor(y)
    clean, attacked = (F.cross_entropy(net(z), y).item() for z in (x, perturbed))
    for share in (0.0, 0.3, 1.0):
        found = mixed_loss(net, x, perturbed, y, share).item()
        assert found == pytest.approx(share * clean + (1 - share) * attacked, rel=1e-12)


def test_the_attack_meets_the_model_in_use_and_the_step_in_training():
    """Batch norm's statistics move once, by the attacked batch; dropout is off in the attack."""
    rng = np.random.default_rng(2)
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2, rng=rng)).double()
    optimiser = optim.SGD(net.parameters(), lr=0.1)
    x, y = rng.uniform(size=(8, 3)), rng.integers(0, 2, 8)
    seen = []

    def attack(model, x, y):
        found = pgd_attack(THREAT, 3, rng)(model, x, y)
        assert model.training and int(net[0].num_batches_tracked) == 0
        assert all(p.grad is None for p in net.parameters())
        seen.append(found.numpy())
        return found

    train_step(net, optimiser, tensor(x), tensor(y), attack)
    assert int(net[0].num_batches_tracked) == 1
    expected = 0.1 * seen[0].mean(axis=0)
    assert net[0].running_mean.data == pytest.approx(expected, rel=1e-12)


def test_adversarial_training_raises_the_accuracy_under_pgd():
    """Digits, epsilon .15, PGD of 20 steps and 3 starts on 100 test images.  Over five seeds:

        plain     clean .96 to .99, attacked .05 to .23
        FGSM mix  clean .91 to .97, attacked .41 to .64
        PGD       clean .88 to .97, attacked .45 to .66

    The notes' criterion is a gain of .2; with the same seed it is .33 to .44 and .36 to .45.
    """
    results = {name: judged(name, 0) for name in ("plain", "FGSM mix", "PGD")}
    for name in ("FGSM mix", "PGD"):
        assert results[name][1] - results["plain"][1] > 0.2
        assert results[name][0] > 0.85


def judged(name, seed):
    """Accuracy on clean test images and on attacked ones, for a way to train."""
    rng = np.random.default_rng(seed)
    attack, clean = {
        "plain": (unattacked, 0.0),
        "FGSM mix": (fgsm_attack(THREAT), 0.5),
        "PGD": (pgd_attack(THREAT, 5, rng), 0.0),
    }[name]
    net, x, y = trained(seed, attack, clean)
    attacked = pgd(net, x, Goal(y), THREAT, 20, restarts=3, rng=seed)
    return accuracy(net, x, y), 1 - attacked.success.mean()
