"""How a model is asked: in eval mode, counted, and left as it was."""

import numpy as np
import pytest

from minidl import nn, tensor
from minidl.attacks import access, gradient_steps
from minidl.attacks.access import Access, Best
from minidl.attacks.objectives import Goal
from minidl.attacks.threat import Threat
from minidl.nn import functional as F

from .linear import inputs, linear_model, logits

X, Y = inputs(16), np.random.default_rng(2).integers(0, 3, 16)
THREAT = Threat(np.inf, 0.2)


def noisy_model():
    """Dropout and batch norm, with running statistics that differ from those of X."""
    model = nn.Sequential(
        nn.Linear(6, 12, rng=0), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(12, 3, rng=1),
    ).double()  # fmt: skip
    model(tensor(np.random.default_rng(0).normal(size=(64, 6))))
    return model


def test_at_the_budget_0_the_accuracy_is_the_clean_one():
    """In training mode it would not be: dropout, and batch norm with the batch's own statistics."""
    model = noisy_model()
    for attack in (gradient_steps.fgsm, gradient_steps.bim, gradient_steps.pgd):
        model.eval()
        wrong = logits(model, X).argmax(axis=1) != Y
        model.train()
        result = attack(model, X, Goal(Y), Threat(np.inf, 0.0))
        np.testing.assert_array_equal(result.success, wrong)
        np.testing.assert_array_equal(result.adversarial.numpy(), X)


def test_the_model_is_left_as_it_was():
    model = noisy_model()
    model[1].eval()  # one layer in eval mode, the others not
    model[0].weight.requires_grad = False
    F.cross_entropy(model(tensor(X)), tensor(Y)).backward()

    def state():
        flags = [module.training for module in model.modules()]
        asked = [p.requires_grad for p in model.parameters()]
        grads = [None if p.grad is None else p.grad.numpy().copy() for p in model.parameters()]
        values = [t.numpy().copy() for t in model.state_dict().values()]
        return flags, asked, grads, values

    before = state()
    gradient_steps.pgd(model, X, Goal(Y), THREAT, steps=3)
    after = state()
    assert before[:2] == after[:2]
    for old, new in zip(before[2] + before[3], after[2] + after[3]):
        np.testing.assert_array_equal(old, new)


def test_the_model_is_left_as_it_was_even_after_an_error():
    model = noisy_model()
    with pytest.raises(ZeroDivisionError), Access(model, 1):
        assert not model[3].training
        raise ZeroDivisionError
    assert all(module.training for module in model.modules())


def test_answers_and_gradients_are_counted_by_example():
    model, _, _ = linear_model()
    x, goal = inputs(4), Goal(np.zeros(4, int))
    with Access(model, 4) as seen:
        seen.logits(x)
        seen.logits(x[[1, 1, 3]], rows=[1, 1, 3])
        seen.gradient(x[:2], goal.of(slice(2)), rows=[0, 1])
    assert seen.queries.tolist() == [2, 4, 1, 2] and seen.gradients.tolist() == [1, 1, 0, 0]


def test_pgd_asks_as_often_as_its_steps_say():
    model, _, _ = linear_model()
    asked = []
    model.register_forward_hook(lambda module, args, output: asked.append(len(args[0])))
    result = gradient_steps.pgd(model, inputs(4), Goal(np.zeros(4, int)), THREAT, 5, restarts=2)
    # x itself, each point of two runs of five steps, and the point that is returned
    assert result.queries.tolist() == [1 + 2 * 6 + 1] * 4 and sum(asked) == 4 * 14
    assert result.gradients.tolist() == [10] * 4


def test_the_best_point_is_kept():
    best = Best(np.zeros((3, 1)))
    best.offer(np.full((3, 1), 1.0), np.array([True, False, False]), np.array([1.0, 1.0, 1.0]))
    best.offer(np.full((3, 1), 2.0), np.array([False, True, False]), np.array([9.0, 0.0, 2.0]))
    best.offer(np.full((3, 1), 3.0), np.array([True, True, False]), np.array([0.5, 0.0, 1.5]))
    # success first, then the score, and of equals the first
    assert best.x[:, 0].tolist() == [1.0, 2.0, 2.0]
    assert best.reached.tolist() == [True, True, False]


def test_what_an_attack_found_is_put_into_the_set_and_judged_there():
    model, _, _ = linear_model()
    x, goal = inputs(4), Goal(np.zeros(4, int))
    with Access(model, 4) as seen:
        result = access.conclude(seen, x, x + 100, goal, THREAT)
    inside = result.adversarial.numpy()
    assert np.abs(inside - x).max() <= 0.2 + 1e-12 and inside.max() <= 1
    said = logits(model, inside).argmax(axis=1)
    np.testing.assert_array_equal(result.success, said != 0)


def test_labels_must_be_one_an_example():
    model, _, _ = linear_model()
    with pytest.raises(ValueError, match=r"8 examples need labels of shape \(8,\), not \(3,\)"):
        gradient_steps.fgsm(model, inputs(8), Goal(np.zeros(3, int)), THREAT)
    with pytest.raises(ValueError, match="give the bounds of the space"):
        gradient_steps.fgsm(model, inputs(8) - 5, Goal(np.zeros(8, int)), THREAT)
