"""What PyTorch's optimisers and schedules do, stored.

`python -m tests.optim.reference` makes it anew (it was made with PyTorch 2.13).

The gradients are closed forms, so that nothing but the optimiser is compared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

STORED = Path(__file__).with_name("reference.npz")
STEPS = 12

# name -> (class, options)
OPTIMIZERS = {
    "sgd": ("SGD", dict(lr=0.1)),
    "sgd momentum": ("SGD", dict(lr=0.1, momentum=0.9)),
    "sgd dampening": ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.05)),
    "sgd nesterov": ("SGD", dict(lr=0.1, momentum=0.8, nesterov=True)),
    "sgd maximize": ("SGD", dict(lr=0.01, momentum=0.8, weight_decay=0.1, maximize=True)),
    "adam": ("Adam", dict(lr=0.05)),
    "adam large eps": ("Adam", dict(lr=0.05, betas=(0.5, 0.9), eps=0.1)),
    "adam l2": ("Adam", dict(lr=0.05, weight_decay=0.2)),
    "adam amsgrad": ("Adam", dict(lr=0.05, betas=(0.9, 0.6), amsgrad=True)),
    "adam maximize": ("Adam", dict(lr=0.05, maximize=True, weight_decay=0.1)),
    "adamw": ("AdamW", dict(lr=0.05)),
    "adamw amsgrad": ("AdamW", dict(lr=0.05, weight_decay=0.3, amsgrad=True, betas=(0.9, 0.6))),
    "rprop": ("Rprop", dict(lr=0.05)),
    "rprop bounds": ("Rprop", dict(lr=0.05, etas=(0.3, 1.5), step_sizes=(0.02, 0.1))),
    "adagrad": ("Adagrad", dict(lr=0.1)),
    "adagrad decay": (
        "Adagrad",
        dict(lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.2, eps=1e-3),
    ),
    "rmsprop": ("RMSprop", dict(lr=0.05)),
    "rmsprop momentum": ("RMSprop", dict(lr=0.05, alpha=0.8, momentum=0.7, weight_decay=0.1)),
    "rmsprop centered": ("RMSprop", dict(lr=0.01, alpha=0.8, eps=0.01, centered=True)),
    "rmsprop both": ("RMSprop", dict(lr=0.01, alpha=0.8, eps=0.1, centered=True, momentum=0.5)),
    "adadelta": ("Adadelta", dict()),
    "adadelta l2": ("Adadelta", dict(lr=0.5, rho=0.7, eps=1e-3, weight_decay=0.1)),
    "adamax": ("Adamax", dict(lr=0.05)),
    "adamax l2": ("Adamax", dict(lr=0.05, betas=(0.8, 0.9), eps=0.01, weight_decay=0.1)),
    "nadam": ("NAdam", dict(lr=0.05)),
    "nadam l2": ("NAdam", dict(lr=0.05, momentum_decay=0.1, weight_decay=0.1)),
    "nadam decoupled": ("NAdam", dict(weight_decay=0.1, decoupled_weight_decay=True)),
    "radam": ("RAdam", dict(lr=0.05)),
    "radam l2": ("RAdam", dict(lr=0.05, betas=(0.9, 0.99), eps=0.01, weight_decay=0.1)),
    "radam decoupled": ("RAdam", dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)),
}

# name -> (class, options); the groups' rates are 0.2 and 0.05
SCHEDULES = {
    "lambda": ("LambdaLR", dict(lr_lambda=lambda t: 1 / (1 + t))),
    "step": ("StepLR", dict(step_size=7, gamma=0.3)),
    "multi step": ("MultiStepLR", dict(milestones=[3, 11, 12], gamma=0.5)),
    "exponential": ("ExponentialLR", dict(gamma=0.9)),
    "linear": ("LinearLR", dict()),
    "linear down": ("LinearLR", dict(start_factor=0.8, end_factor=0.1, total_iters=13)),
    "cosine": ("CosineAnnealingLR", dict(T_max=30)),
    "cosine beyond": ("CosineAnnealingLR", dict(T_max=8, eta_min=0.01)),
    "restarts": ("CosineAnnealingWarmRestarts", dict(T_0=7)),
    "restarts longer": ("CosineAnnealingWarmRestarts", dict(T_0=3, T_mult=2, eta_min=0.01)),
    "one cycle": ("OneCycleLR", dict(max_lr=0.5, total_steps=41)),
    "one cycle linear": (
        "OneCycleLR",
        dict(
            max_lr=[0.5, 0.1],
            epochs=6,
            steps_per_epoch=7,
            anneal_strategy="linear",
            pct_start=0.4,
            div_factor=10,
            final_div_factor=100,
            max_momentum=0.9,
        ),
    ),
    "one cycle three phases": (
        "OneCycleLR",
        dict(max_lr=0.5, total_steps=41, three_phase=True, base_momentum=0.7),
    ),
    "plateau": ("ReduceLROnPlateau", dict(factor=0.5, patience=2)),
    "plateau max": (
        "ReduceLROnPlateau",
        dict(mode="max", factor=0.3, patience=1, threshold=0.05, threshold_mode="abs", cooldown=3),
    ),
    "plateau floor": ("ReduceLROnPlateau", dict(factor=0.1, patience=0, min_lr=[0.003, 0.01])),
}
METRICS = 2 + np.cos(0.3 * np.arange(40))  # what the plateau schedules look at
TIMES = 40


def start() -> list[np.ndarray]:
    """Two parameters.  The last number of the second stays 0, for so is its gradient."""
    return [np.array([[1.0, -2.0], [0.5, 3.0], [-0.1, 0.7]]), np.array([0.3, -1.5, 2.5, 0.0])]


def gradients(params: list[np.ndarray], t: int) -> list[np.ndarray]:
    """A gradient that depends on time as a batch's does, and on the parameters."""
    noise = [np.cos(3 * t + 7 * i + np.arange(p.size)) for i, p in enumerate(params)]
    noise[1][-1] = 0
    return [0.8 * p + n.reshape(p.shape) for p, n in zip(params, noise)]


CURVATURE = np.diag(np.arange(1.0, 11.0)) + 0.5  # of the loss that LBFGS minimises


def smooth_loss(x: np.ndarray) -> tuple[float, np.ndarray]:
    """x'Ax/2 + sum cos x, and its gradient Ax - sin x, for a vector of 10 numbers."""
    return 0.5 * x @ CURVATURE @ x + np.cos(x).sum(), CURVATURE @ x - np.sin(x)


# ----------------------------------------------------------------------------------- PyTorch


def torch_trajectory(name: str) -> np.ndarray:
    """All parameters as one row after each step: (STEPS, 10)."""
    import torch

    kind, options = OPTIMIZERS[name]
    params = [torch.nn.Parameter(torch.tensor(p)) for p in start()]
    optimizer = getattr(torch.optim, kind)(params, **options)
    rows = []
    for t in range(STEPS):
        for p, g in zip(params, gradients([p.detach().numpy() for p in params], t)):
            p.grad = torch.tensor(g)
        optimizer.step()
        rows.append(np.concatenate([p.detach().numpy().ravel() for p in params]))
    return np.array(rows)


def torch_lbfgs() -> np.ndarray:
    """Three steps of up to four iterations without line search: (3, 10)."""
    import torch

    x = torch.nn.Parameter(torch.tensor(np.linspace(-1, 2, 10)))
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=4, history_size=3)
    rows = []

    def closure():
        loss, g = smooth_loss(x.detach().numpy())
        x.grad = torch.tensor(g)
        return torch.tensor(loss)

    for _ in range(3):
        optimizer.step(closure)
        rows.append(x.detach().numpy().copy())
    return np.array(rows)


def schedule_rows(library, parameters, name: str) -> np.ndarray:
    """Rates of both groups, and the momentum of the first, at each time: (TIMES, 3)."""
    kind, options = SCHEDULES[name]
    groups = [{"params": [parameters[0]], "lr": 0.2}, {"params": [parameters[1]], "lr": 0.05}]
    optimizer = library.SGD(groups, lr=0.1, momentum=0.5)
    schedule = getattr(library.lr_scheduler, kind)(optimizer, **options)
    rows = []
    for t in range(TIMES):
        first, second = optimizer.param_groups
        rows.append([first["lr"], second["lr"], first["momentum"]])
        optimizer.step()
        schedule.step(*([METRICS[t]] if kind == "ReduceLROnPlateau" else []))
    return np.array(rows)


def torch_schedule(name: str) -> np.ndarray:
    """See `schedule_rows`."""
    import torch

    return schedule_rows(torch.optim, [torch.nn.Parameter(torch.ones(1)) for _ in range(2)], name)


if __name__ == "__main__":
    stored = {f"optimizer {name}": torch_trajectory(name) for name in OPTIMIZERS}
    stored["lbfgs"] = torch_lbfgs()
    stored |= {f"schedule {name}": torch_schedule(name) for name in SCHEDULES}
    np.savez_compressed(STORED, **stored)
    print(f"{len(stored)} arrays, {STORED.stat().st_size} bytes")
