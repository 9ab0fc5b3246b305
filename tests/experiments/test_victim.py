"""The classifier that is attacked: a seed decides it, it learns, and it may train on attacks."""

import numpy as np
import pytest

from minidl import no_grad
from minidl.attacks import Goal, Threat, fgsm
from minidl.experiments import victim
from minidl.experiments.checkpoint import Checkpoint
from minidl.experiments.run import Run


def made(folder, seed=0, **how):
    run = Run(seed, "cpu", folder, Checkpoint(folder / "checkpoint.npz", "victim"))
    network = victim.network(run.rng)
    return victim.train(run, "victim", network, victim.images()[0], **how), run


def test_a_seed_decides(tmp_path):
    weights = [made(tmp_path, seed, steps=3)[0][0].weight.detach().numpy() for seed in (0, 0, 1)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert np.any(weights[0] != weights[2])


def test_it_learns(tmp_path):
    """60 steps: seeds 0 to 4 give .70 to .75; chance is .1."""
    model, run = made(tmp_path, steps=60)
    x, y = victim.images()[1]
    assert not model.training
    with no_grad():
        assert np.mean(model(run.tensor(x)).numpy().argmax(axis=1) == y) > 0.5


def test_it_may_train_on_attacked_images(tmp_path):
    seen = []

    def attack(model, x, y):
        assert model.training
        found = fgsm(model, x, Goal(y), Threat(np.inf, 0.1)).adversarial
        seen.append(float(np.abs(found.numpy() - x.numpy()).max()))
        return found

    made(tmp_path, steps=2, attack=attack)
    assert seen == pytest.approx([0.1, 0.1], abs=1e-6)
