"""Models of images: a small residual network, a variational autoencoder, an attack."""

from typing import Any

import numpy as np

from .harness import Library, Work, Workload
from .networks import batch, training_step


def resnet(library: Library, rng: np.random.Generator) -> Work:
    """3x32x32 in three stages of 16, 32, 64 channels, two 3x3 convolutions and a shortcut each."""
    nn, relu = library.nn, library.functional.relu

    class Block(nn.Module):
        """relu(shortcut(x) + F(x)); where the size changes the shortcut is a 1x1 convolution."""

        def __init__(self, c: int, f: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(c, f, 3, stride=stride, padding=1, bias=False)
            self.conv2 = nn.Conv2d(f, f, 3, padding=1, bias=False)
            self.norm1, self.norm2 = nn.BatchNorm2d(f), nn.BatchNorm2d(f)
            self.shortcut = nn.Identity()
            if stride > 1:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(c, f, 1, stride=stride, bias=False), nn.BatchNorm2d(f)
                )

        def forward(self, x: Any) -> Any:
            y = relu(self.norm1(self.conv1(x)))
            return relu(self.shortcut(x) + self.norm2(self.conv2(y)))

    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    library.initialise(model, rng)
    optimiser = library.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
    return training_step(library, model, optimiser, batch(rng, 32, 3, 32, 32))


def vae(library: Library, rng: np.random.Generator) -> Work:
    """784-400-20 and back, the ELBO of 128 binary images, Adam."""
    nn, F, exp = library.nn, library.functional, library.module.exp

    class VAE(nn.Module):
        """Encoder to mean and log-variance; decoder to logits."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 40))
            self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))

        def forward(self, x: Any, noise: Any) -> Any:
            h = self.encoder(x)
            mu, logvar = h[:, :20], h[:, 20:]
            logits = self.decoder(mu + exp(0.5 * logvar) * noise)
            error = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            kl = -0.5 * (1 + logvar - mu**2 - exp(logvar)).sum()
            return (error + kl) / len(x)

    model = library.initialise(VAE(), rng)
    x = library.tensor((rng.random((128, 784)) < 0.2).astype(np.float32))
    noise = library.tensor(rng.standard_normal((128, 20), np.float32))
    optimiser = library.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> Any:
        loss = model(x, noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step, [*model.parameters()]


def pgd(library: Library, rng: np.random.Generator) -> Work:
    """Ten steps of projected gradient ascent on 32 images of 28x28, against a CNN."""
    nn, module = library.nn, library.module
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 10),
    )  # fmt: skip
    library.initialise(model, rng)
    images, classes = rng.random((32, 1, 28, 28), np.float32), rng.integers(0, 10, 32)
    epsilon, alpha = 0.3, 0.05
    low, high = np.maximum(images - epsilon, 0), np.minimum(images + epsilon, 1)
    low, high, classes = map(library.tensor, (low, high, classes))
    attacked = library.tensor(images, requires_grad=True)

    def step() -> Any:
        x = library.tensor(images, requires_grad=True)
        for _ in range(10):
            loss = library.functional.cross_entropy(model(x), classes)
            (g,) = module.autograd.grad(loss, [x])
            moved = x.detach() + alpha * module.sign(g)
            x = module.minimum(module.maximum(moved, low), high).requires_grad_()
        attacked.grad = g
        return loss.detach()

    return step, [attacked]


workloads = [
    Workload("ResNet 32x32, SGD, batch 32", 1.5, resnet),
    Workload("VAE 784-400-20, Adam, batch 128", 1.5, vae),
    Workload("PGD, 10 steps on a CNN, batch 32", 1.5, pgd),
]
