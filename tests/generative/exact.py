"""Diffusions with the exact predictor of a known law, and a way to follow a linear sampler."""

import numpy as np

from minidl import no_grad, tensor
from minidl.generative.diffusion import Diffusion
from minidl.generative.schedules import Schedule
from minidl.oracles.gaussians import Mixture


def standard_normal(d: int = 1) -> Mixture:
    return gaussian(1.0, d)


def gaussian(variance: float, d: int = 1) -> Mixture:
    return Mixture(np.ones(1), np.zeros((1, d)), np.array([variance]))


def exact(law: Mixture, schedule: Schedule, target: str = "epsilon", **options) -> Diffusion:
    """E[target | x_t], from the scores of the diffused laws."""

    def network(x, t):
        t = int(t[0])
        signal, noise = schedule.signal[t], schedule.noise[t]
        diffused = law.scaled(signal).with_noise(noise)
        epsilon = -noise * diffused.score(x.numpy())
        x0 = (x.numpy() - noise * epsilon) / signal
        return tensor({"epsilon": epsilon, "x0": x0, "v": signal * epsilon - noise * x0}[target])

    return Diffusion(network, schedule, target, **options)


def variance_of_output(sampler, steps: int) -> float:
    """The variance of what a sampler makes of independent N(0, 1) numbers, if it is linear in them.

    sampler(x_T, draw) yields the states.  Row k is given a 1 in place of the k-th random number
    that is drawn and 0 in place of all others, so that its output is that number's coefficient.
    """
    rows = steps + 1  # x_T, and one fresh number a step
    unit = iter(np.eye(rows)[:, :, None])
    with no_grad():
        *_, x = sampler(tensor(next(unit)), lambda shape: tensor(next(unit)))
    return float((x.numpy() ** 2).sum())
