"""How good are pictures that a model made?  A classifier of real pictures answers with numbers.

    judge = Judge(train, held_out, rng)          learns to tell the classes apart
    judge.quality(samples)                       what it thinks of pictures (N, 1, H, W)
    judge.floor()                                what it thinks of real ones that it has not seen

The numbers, none of which says all (`Quality`): do the samples look like something, are they as
varied as real pictures, and are they more than copies of the pictures that they were learned from?
Each means little by itself and much beside the same number for real pictures, which is the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from .. import nn, optim
from ..generative.inception import frechet_distance, inception_score
from ..graph import tensor
from ..nn import functional as F
from ..recording import no_grad

Examples = tuple[np.ndarray, np.ndarray]  # pictures (N, 1, H, W) in [0, 1], labels (N,)
FEATURES, HALVINGS, SURE = 32, 5, 0.9


class Quality(NamedTuple):
    """What the judge found.

    frechet: the Frechet distance from held-out pictures, in the judge's features; the mean over
        five random halves of them, and `frechet_spread` the standard deviation.
    inception: the inception score, from 1 to the number of classes.
    sure: the share of samples that the judge gives a probability above .9 to a class.
    classes: (K,), the share of samples that it takes for each class.
    imbalance: the total variation between these shares and those of held-out pictures, 0 to 1.
    nearest: the median distance from a sample to the nearest training picture, over the same median
        for held-out pictures.  Near 0 for copies; a blurred picture is near to many.
    copies: the share of samples nearer to a training picture than all but 1 in 100 held-out
        pictures are.
    accuracy: of samples that were asked to be of a class, the share that the judge takes for it.
    """

    frechet: float
    frechet_spread: float
    inception: float
    sure: float
    classes: np.ndarray
    imbalance: float
    nearest: float
    copies: float
    accuracy: float | None


class Judge:
    """A small convolutional network that has learned the classes of the training pictures.

    train, held_out: pictures (N, 1, H, W) in [0, 1] and labels from 0.  `accuracy`: its share of
    right answers on the held-out pictures, without which its other answers are worth nothing.
    """

    def __init__(
        self, train: Examples, held_out: Examples, rng: np.random.Generator,
        steps: int = 500, device: str = "cpu",
    ) -> None:  # fmt: skip
        self.train, self.held_out = train[0], held_out[0]
        self.device, self.number = device, len(held_out[0]) // 2
        classes = int(train[1].max()) + 1
        self.features, self.answer = network(train[0].shape[2:], classes, rng)
        model = nn.Sequential(self.features, nn.Dropout(0.1), self.answer).to(device=device)
        optimiser = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(steps):
            rows = rng.integers(0, len(train[0]), 50)
            x, y = (tensor(part[rows], device=device) for part in train)
            optimiser.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimiser.step()
            schedule.step()
        model.eval()

        orders = [rng.permutation(2 * self.number) for _ in range(HALVINGS)]
        self.halves = [np.split(order, 2) for order in orders]
        self.seen_features, answers = self.look(self.held_out)
        self.accuracy = float((answers.argmax(axis=1) == held_out[1]).mean())
        self.shares = np.bincount(answers.argmax(axis=1), minlength=classes) / len(answers)
        self.distances = nearest_distances(self.held_out, self.train)

    def look(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The features (N, 32) of pictures, and the law over the classes (N, K) for each."""
        features, answers = [], []
        with no_grad():
            for part in np.array_split(pictures.astype(np.float32), -(-len(pictures) // 500)):
                seen = self.features(tensor(part, device=self.device))
                features.append(seen.to("cpu").numpy())
                answers.append(softmax(self.answer(seen).to("cpu").numpy(), axis=1))
        return np.concatenate(features), np.concatenate(answers)

    def quality(self, samples: np.ndarray, labels: np.ndarray | None = None) -> Quality:
        """The numbers of samples (N, 1, H, W), of which `number` at least are needed.

        labels: (N,), the classes that were asked for, if the model takes such orders.
        """
        if samples.shape[1:] != self.train.shape[1:] or len(samples) < self.number:
            raise ValueError(
                f"Judge.quality: samples are of shape {samples.shape}; needed are at least "
                f"{self.number} pictures of shape {self.train.shape[1:]}"
            )
        features, answers = self.look(samples)
        distances = [
            frechet_distance(features[: self.number], self.seen_features[half])
            for half, _ in self.halves
        ]
        return self._quality(distances, answers, nearest_distances(samples, self.train), labels)

    def floor(self) -> Quality:
        """The numbers of real pictures: one half of the held-out ones against the other."""
        _, answers = self.look(self.held_out)
        distances = [
            frechet_distance(self.seen_features[a], self.seen_features[b]) for a, b in self.halves
        ]
        return self._quality(distances, answers, self.distances, None)

    def _quality(
        self, frechet: Sequence[float], answers: np.ndarray, distances: np.ndarray,
        labels: np.ndarray | None,
    ) -> Quality:  # fmt: skip
        chosen = answers.argmax(axis=1)
        shares = np.bincount(chosen, minlength=len(self.shares)) / len(chosen)
        return Quality(
            frechet=float(np.mean(frechet)),
            frechet_spread=float(np.std(frechet)),
            inception=inception_score(answers),
            sure=float((answers.max(axis=1) > SURE).mean()),
            classes=shares,
            imbalance=float(np.abs(shares - self.shares).sum() / 2),
            nearest=float(np.median(distances) / np.median(self.distances)),
            copies=float((distances < np.quantile(self.distances, 0.01)).mean()),
            accuracy=None if labels is None else float((chosen == labels).mean()),
        )


def table(qualities: dict[str, Quality]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table of these qualities, for `Run.table`."""
    head = ["", "Frechet", "inception", "sure", "imbalance", "nearest", "copies", "accuracy"]
    return head, [
        [
            name, f"{q.frechet:.2f} ± {q.frechet_spread:.2f}", f"{q.inception:.2f}",
            f"{q.sure:.0%}", f"{q.imbalance:.2f}", f"{q.nearest:.2f}", f"{q.copies:.1%}",
            "" if q.accuracy is None else f"{q.accuracy:.0%}",
        ]
        for name, q in qualities.items()
    ]  # fmt: skip


def network(
    shape: tuple[int, int], classes: int, rng: np.random.Generator
) -> tuple[nn.Module, nn.Module]:
    """From pictures (N, 1, H, W) to features (N, 32), and from these to logits (N, classes)."""
    height, width = shape[0] // 4, shape[1] // 4
    features = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * height * width, FEATURES, rng=rng), nn.Tanh(),
    )  # fmt: skip
    return features, nn.Linear(FEATURES, classes, rng=rng)


def nearest_distances(pictures: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The Euclidean distance from each picture to the nearest training picture: (N,)."""
    x, y = pictures.reshape(len(pictures), -1), train.reshape(len(train), -1)
    # |a - b|^2 = |a|^2 + |b|^2 - 2 a.b
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0))
