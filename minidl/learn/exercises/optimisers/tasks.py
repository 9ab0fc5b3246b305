"""What is checked in the exercises on optimisers."""

import numpy as np

from minidl.gradcheck.draws import between, normal
from minidl.learn.exercise import Exercise, Program, Value, wrong

TITLE = "optimisers, from momentum to AdamW"


def momentum(p, g, v, lr, mu, nesterov):
    v = mu * v + g
    return p - lr * (g + mu * v if nesterov else v), v


def rmsprop(p, g, s, lr, rho, eps):
    s = rho * s + (1 - rho) * g**2
    return p - lr * g / (np.sqrt(s) + eps), s


def adam(p, g, m, v, t, lr, b1, b2, eps, correct=(True, True), inside=False):
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
    mhat = m / (1 - b1**t) if correct[0] else m
    vhat = v / (1 - b2**t) if correct[1] else v
    root = np.sqrt(vhat + eps) if inside else np.sqrt(vhat) + eps
    return p - lr * mhat / root, m, v


def drive_adamw(module, seed):
    """Three steps on a quadratic."""
    rng = np.random.default_rng(seed)
    p, h = rng.standard_normal(4), rng.uniform(0.5, 2, 4)
    after = module.adamw(p.copy(), lambda p: h * p - 1.0, 3, 0.1, 0.9, 0.99, 1e-8, 0.3)
    return {"p after 3 steps": after}


def adamw_by(step):
    def expected(seed):
        rng = np.random.default_rng(seed)
        p, h = rng.standard_normal(4), rng.uniform(0.5, 2, 4)
        m, v = np.zeros(4), np.zeros(4)
        for t in (1, 2, 3):
            p, m, v = step(p, h * p - 1.0, m, v, t)
        return {"p after 3 steps": p}

    return expected


SETTINGS = {"lr": 0.1, "b1": 0.9, "b2": 0.99, "eps": 1e-8}


def decoupled(p, g, m, v, t):
    return adam(p - 0.1 * 0.3 * p, g, m, v, t, **SETTINGS)


EXERCISES = [
    Exercise(
        "momentum", "momentum and Nesterov", points=2, page="rows `momentum-goodfellow`, `nesterov`",
        hints=(
            "v is a sum of all gradients so far, older ones discounted by mu each step.",
            "First the new v, then p, with the new v.",
            "Nesterov adds mu times the new v to the gradient once more.",
        ),
        checks=tuple(
            Value("momentum_step", momentum, {"p": normal("D"), "g": normal("D"), "v": normal("D"),
                                              "lr": 0.1, "mu": 0.9, "nesterov": nesterov}, (
                wrong("old-velocity", "p moves by the old v",
                      lambda p, g, v, lr, mu, nesterov: (
                          p - lr * (g + mu * v if nesterov else v), mu * v + g)),
                wrong("rate-inside", "lr stands inside of v, so that a change of lr comes too late",
                      lambda p, g, v, lr, mu, nesterov: (
                          p - (lr * g + mu * (mu * v + lr * g) if nesterov else mu * v + lr * g),
                          mu * v + lr * g)),
                wrong("averaged", "g is weighted by 1 - mu, as in an average",
                      lambda p, g, v, lr, mu, nesterov: momentum(
                          p, (1 - mu) * g, v, lr, mu, nesterov)),
                wrong("uphill", "the step goes uphill",
                      lambda p, g, v, lr, mu, nesterov: (
                          2 * p - momentum(p, g, v, lr, mu, nesterov)[0], mu * v + g)),
            )) for nesterov in (False, True)
        ),
    ),
    Exercise(
        "rmsprop", "RMSProp", points=2, page="rows `rmsprop-goodfellow`, `rmsprop-refsheet`",
        hints=(
            "s is a running mean of squares; each entry has its own.",
            "First the new s, then p, with the new s.",
            "The root is of s, and eps is added after it.",
        ),
        checks=(
            Value("rmsprop_step", rmsprop, {"p": normal("D"), "g": normal("D"),
                                            "s": between(0.5, 2, "D"), "lr": 0.1, "rho": 0.9, "eps": 1e-2}, (
                wrong("no-root", "the root is forgotten", lambda p, g, s, lr, rho, eps: (
                    p - lr * g / (rmsprop(p, g, s, lr, rho, eps)[1] + eps),
                    rmsprop(p, g, s, lr, rho, eps)[1])),
                wrong("old-mean", "p moves by the old s", lambda p, g, s, lr, rho, eps: (
                    p - lr * g / (np.sqrt(s) + eps), rmsprop(p, g, s, lr, rho, eps)[1])),
                wrong("weights-swapped", "rho and 1 - rho are exchanged",
                      lambda p, g, s, lr, rho, eps: rmsprop(p, g, s, lr, 1 - rho, eps)),
                wrong("eps-inside", "eps stands inside of the root", lambda p, g, s, lr, rho, eps: (
                    p - lr * g / np.sqrt(rmsprop(p, g, s, lr, rho, eps)[1] + eps),
                    rmsprop(p, g, s, lr, rho, eps)[1])),
            )),
        ),
    ),
    Exercise(
        "adam", "Adam, with bias correction", points=3, page="rows `adam-kingma`, `adam-refsheet`",
        hints=(
            "m and v are running means, returned as they are; only the step uses corrected ones.",
            "The correction divides by 1 - b^t, which goes to 1 as t grows. t is 1 in the first step.",
            "eps is added after the root of the corrected v.",
        ),
        checks=tuple(
            Value("adam_step", adam, {"p": normal("D"), "g": normal("D"), "m": normal("D"),
                                      "v": between(0.5, 2, "D"), "t": t, **SETTINGS, "eps": 1e-2}, (
                wrong("not-corrected", "m and v are not corrected",
                      lambda *a: adam(*a, correct=(False, False))),
                wrong("m-not-corrected", "m is not corrected",
                      lambda *a: adam(*a, correct=(False, True))),
                wrong("v-not-corrected", "v is not corrected",
                      lambda *a: adam(*a, correct=(True, False))),
                wrong("eps-inside", "eps stands inside of the root",
                      lambda *a: adam(*a, inside=True)),
            )) for t in (1, 3)
        ),
    ),
    Exercise(
        "adamw", "AdamW, the decay beside the gradient", points=4, page="row `adam-fails`", fast=True,
        hints=(
            "Ask for the gradient first, at the weights as they are.",
            "Then let the weights decay, p - lr wd p, and only then take Adam's step.",
            "t counts from 1, and m, v begin at zero. The decay is never divided by sqrt(v).",
        ),
        checks=(
            Program("adamw", drive_adamw, adamw_by(decoupled), (
                ("decay-in-gradient", "wd p is added to the gradient: that is Adam with L2, not AdamW",
                 adamw_by(lambda p, g, m, v, t: adam(p, g + 0.3 * p, m, v, t, **SETTINGS))),
                ("no-decay", "nothing decays",
                 adamw_by(lambda p, g, m, v, t: adam(p, g, m, v, t, **SETTINGS))),
                ("rate-missing", "the decay is not multiplied by lr",
                 adamw_by(lambda p, g, m, v, t: adam(p - 0.3 * p, g, m, v, t, **SETTINGS))),
                ("counts-from-2", "t is one too large: it is 1 in the first step",
                 adamw_by(lambda p, g, m, v, t: adam(p - 0.03 * p, g, m, v, t + 1, **SETTINGS))),
            )),
        ),
    ),
]  # fmt: skip
