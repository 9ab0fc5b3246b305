"""Schedules: PyTorch's numbers at each time, and resuming."""

import numpy as np
import pytest

import minidl as md
from minidl import optim
from minidl.optim import lr_scheduler

from . import reference

STORED = np.load(reference.STORED)


def sgd(*rates, **options):
    """An optimiser with a group for each rate."""
    groups = [{"params": [md.tensor(np.ones(1), requires_grad=True)], "lr": rate} for rate in rates]
    return optim.SGD(groups, lr=0.1, **options)


def rates(schedule, times):
    """The first group's rate now, and after each of `times` steps but the last."""
    found = []
    for _ in range(times):
        found.append(schedule.get_last_lr()[0])
        schedule.step()
    return found


@pytest.mark.parametrize("name", reference.SCHEDULES)
def test_follows_pytorch(name):
    parameters = [md.tensor(np.ones(1), requires_grad=True) for _ in range(2)]
    rows = reference.schedule_rows(optim, parameters, name)
    np.testing.assert_allclose(rows, STORED[f"schedule {name}"], rtol=1e-12, atol=1e-17)


@pytest.mark.parametrize("name", reference.SCHEDULES)
def test_the_stored_rates_are_those_of_pytorch_here(name):
    pytest.importorskip("torch")
    np.testing.assert_allclose(
        reference.torch_schedule(name), STORED[f"schedule {name}"], rtol=1e-12, atol=1e-17
    )


@pytest.mark.parametrize("name", reference.SCHEDULES)
def test_a_run_can_be_resumed(name):
    kind, options = reference.SCHEDULES[name]
    make = getattr(lr_scheduler, kind)
    looks = kind == "ReduceLROnPlateau"
    optimizer = sgd(0.2, 0.05, momentum=0.5)
    schedule = make(optimizer, **options)
    for t in range(9):
        schedule.step(*([reference.METRICS[t]] if looks else []))

    other = sgd(0.2, 0.05, momentum=0.5)
    resumed = make(other, **options)
    other.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(schedule.state_dict())
    for t in range(9, 30):
        assert resumed.get_last_lr() == schedule.get_last_lr()
        for s in (schedule, resumed):
            s.step(*([reference.METRICS[t]] if looks else []))


def test_resuming_at_a_time():
    """PyTorch's other way: last_epoch, with the base rate in the loaded groups."""
    optimizer = sgd(0.2)
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.9)
    for _ in range(5):
        schedule.step()
    other = sgd(0.3)
    with pytest.raises(ValueError, match="to resume at 4, group 0 needs 'initial_lr'"):
        lr_scheduler.ExponentialLR(other, 0.9, last_epoch=4)
    other.load_state_dict(optimizer.state_dict())
    resumed = lr_scheduler.ExponentialLR(other, 0.9, last_epoch=4)
    assert resumed.get_last_lr() == schedule.get_last_lr()
    assert resumed.get_last_lr()[0] == pytest.approx(0.2 * 0.9**5)


def test_warm_restarts_at_fractions():
    """T_0 = 2, twice as long each time: cycles [0, 2), [2, 6), [6, 14)."""
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(sgd(1.0), T_0=2, T_mult=2)
    for t, share in ((0.5, 0.25), (1.0, 0.5), (2.0, 0.0), (5.0, 0.75), (7.0, 1 / 8), (14.0, 0.0)):
        schedule.step(t)
        expected = (1 + np.cos(np.pi * share)) / 2
        assert schedule.get_last_lr()[0] == pytest.approx(expected, rel=1e-14)


def test_sequential_and_warm_up():
    optimizer = sgd(0.8)
    falling = lr_scheduler.ExponentialLR(optimizer, 0.5)
    schedule = lr_scheduler.warmup(optimizer, 4, falling)
    expected = [0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.2]
    np.testing.assert_allclose(rates(schedule, 7), expected, rtol=1e-14)


def test_sequential_follows_pytorch():
    torch = pytest.importorskip("torch")
    found = []
    for library, p in (
        (optim, md.tensor(np.ones(1), requires_grad=True)),
        (torch.optim, torch.nn.Parameter(torch.ones(1))),
    ):
        optimizer = library.SGD([p], lr=0.8)
        s = library.lr_scheduler
        schedule = s.SequentialLR(
            optimizer,
            [
                s.LinearLR(optimizer, start_factor=0.1, total_iters=3),
                s.CosineAnnealingLR(optimizer, T_max=6, eta_min=0.1),
                s.StepLR(optimizer, 2, gamma=0.1),
            ],
            [4, 9],
        )
        found.append([])
        for _ in range(15):
            found[-1].append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_a_worse_negative_metric_is_no_improvement():
    optimizer = sgd(1.0)
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    for metric, expected in ((-10.0, 1.0), (-10.0, 0.5), (-9.9995, 0.25), (-10.01, 0.25)):
        schedule.step(metric)
        assert schedule.get_last_lr() == [expected]


def test_bad_input_is_named():
    one = sgd(0.1)
    finished = lr_scheduler.OneCycleLR(one, 0.5, total_steps=2, cycle_momentum=False)
    finished.step()
    other = lr_scheduler.StepLR(sgd(0.1), 3)
    for make, words in (
        (lambda: finished.step(), "step 3 of a cycle of 2 steps"),
        (lambda: lr_scheduler.OneCycleLR(one, 0.5), "total_steps, or epochs"),
        (lambda: lr_scheduler.OneCycleLR(one, 0.5, total_steps=9), "cycle_momentum=False"),
        (lambda: lr_scheduler.OneCycleLR(one, [0.5, 0.1], total_steps=9), "2 values of max_lr"),
        (lambda: lr_scheduler.LambdaLR(one, [abs, abs]), "2 functions for 1 groups"),
        (lambda: lr_scheduler.LinearLR(one, start_factor=0), "start_factor=0"),
        (lambda: lr_scheduler.CosineAnnealingWarmRestarts(one, 0), "T_0=0"),
        (lambda: lr_scheduler.SequentialLR(one, [other], [3]), "need 0 milestones"),
        (lambda: lr_scheduler.SequentialLR(one, [other], []), "for this optimiser"),
        (lambda: lr_scheduler.ReduceLROnPlateau(one, factor=1.0), "factor=1.0"),
        (lambda: lr_scheduler.ReduceLROnPlateau(one, mode="least"), "mode='least'"),
    ):
        with pytest.raises(ValueError, match=words):
            make()
