"""Steps that are more than forward, backward, update: gradients of gradients, noise to predict."""

import math
from typing import Any

import numpy as np

from .harness import Library, Work, Workload


def maml(library: Library, rng: np.random.Generator) -> Work:
    """Second-order MAML through 3 steps on 5 sinusoids, task by task, 1-40-40-1, Adam."""
    grad, relu = library.module.autograd.grad, library.functional.relu
    shapes = (40, 1), (40,), (40, 40), (40,), (1, 40), (1,)
    draw = lambda shape: rng.standard_normal(shape, np.float32) / math.sqrt(shape[-1])
    phi = [library.tensor(draw(shape), requires_grad=True) for shape in shapes]
    wave = lambda x, a, p: (a * np.sin(x - p)).astype(np.float32)
    tasks = []
    for a, p in zip(rng.uniform(0.1, 5, 5), rng.uniform(0, math.pi, 5)):
        points = [rng.uniform(-5, 5, (10, 1)).astype(np.float32) for _ in range(2)]
        tasks.append([library.tensor(z) for x in points for z in (x, wave(x, a, p))])
    optimiser = library.optim.Adam(phi, lr=1e-3)

    def loss(theta: list, x: Any, y: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = theta
        linear = library.functional.linear
        prediction = linear(relu(linear(relu(linear(x, w1, b1)), w2, b2)), w3, b3)
        return library.functional.mse_loss(prediction, y)

    def step() -> Any:
        total = 0
        for x, y, u, v in tasks:
            theta = phi
            for _ in range(3):
                g = grad(loss(theta, x, y), theta, create_graph=True)
                theta = [p - 0.01 * q for p, q in zip(theta, g)]
            total = total + loss(theta, u, v)
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        return total.detach()

    return step, phi


def hessian_vector(library: Library, rng: np.random.Generator) -> Work:
    """The Hessian of an MLP 64-128-128-10 on 128 examples times a vector."""
    nn, grad = library.nn, library.module.autograd.grad
    layers = nn.Linear(64, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 10)
    model = library.initialise(nn.Sequential(*layers), rng)
    x = library.tensor(rng.standard_normal((128, 64), np.float32))
    y = library.tensor(rng.integers(0, 10, 128))
    parameters = [*model.parameters()]
    draw = lambda p: library.tensor(rng.standard_normal(tuple(p.shape), np.float32))
    v = [draw(p) for p in parameters]

    def step() -> Any:
        loss = library.functional.cross_entropy(model(x), y)
        g = grad(loss, parameters, create_graph=True)
        product = sum((a * b).sum() for a, b in zip(g, v))
        for p, Hv in zip(parameters, grad(product, parameters)):
            p.grad = Hv
        return product.detach()

    return step, parameters


def gradient_penalty(library: Library, rng: np.random.Generator) -> Work:
    """A critic's step with gradient penalty: 2-D points, 2-128-128-1, batch 256, Adam."""
    nn, sqrt = library.nn, library.module.sqrt
    layers = nn.Linear(2, 128), nn.LeakyReLU(0.2), nn.Linear(128, 128), nn.LeakyReLU(0.2)
    critic = library.initialise(nn.Sequential(*layers, nn.Linear(128, 1)), rng)
    draw = lambda: rng.standard_normal((256, 2), np.float32)
    true, made = library.tensor(draw() + 2), library.tensor(draw())
    share = library.tensor(rng.random((256, 1), np.float32))
    optimiser = library.optim.Adam(critic.parameters(), lr=1e-4, betas=(0.0, 0.9))

    def step() -> Any:
        between = (share * true + (1 - share) * made).requires_grad_()
        (slope,) = library.module.autograd.grad(critic(between).sum(), [between], create_graph=True)
        norm = sqrt((slope**2).sum(1) + 1e-12)
        loss = critic(made).mean() - critic(true).mean() + 10 * ((norm - 1) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step, [*critic.parameters()]


def diffusion(library: Library, rng: np.random.Generator) -> Work:
    """A step of a noise predictor for 2-D data: 512 points, 100 times, 18-128-128-2, Adam."""
    nn, module = library.nn, library.module
    layers = nn.Linear(18, 128), nn.SiLU(), nn.Linear(128, 128), nn.SiLU(), nn.Linear(128, 2)
    model = library.initialise(nn.Sequential(*layers), rng)
    alpha_bar = np.cumprod(1 - np.linspace(1e-3, 0.2, 100)).astype(np.float32)
    keep, add = library.tensor(np.sqrt(alpha_bar)), library.tensor(np.sqrt(1 - alpha_bar))
    frequencies = library.tensor(np.geomspace(1, 0.01, 8, dtype=np.float32))
    x0, noise = (library.tensor(rng.standard_normal((512, 2), np.float32)) for _ in range(2))
    t = rng.integers(0, 100, 512)
    t, time = library.tensor(t), library.tensor(t.astype(np.float32)[:, None])
    optimiser = library.optim.Adam(model.parameters(), lr=1e-3)
    together = module.concatenate

    def step() -> Any:
        x = keep[t][:, None] * x0 + add[t][:, None] * noise
        angle = time * frequencies
        seen = together([x, module.sin(angle), module.cos(angle)], 1)
        loss = library.functional.mse_loss(model(seen), noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step, [*model.parameters()]


workloads = [
    Workload("MAML, 5 sinusoids, 3 steps", 1.5, maml),
    Workload("Hessian-vector product, MLP", 1.5, hessian_vector),
    Workload("WGAN-GP critic, 2-D, batch 256", 1.5, gradient_penalty),
    Workload("DDPM step, 2-D, batch 512", 1.5, diffusion),
]
