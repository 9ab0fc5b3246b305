"""A convolutional network on Fashion-MNIST, against logistic regression on the same images.

    minidl run classifier                 the 2,000 training images that ship with minidl
    minidl run classifier --data full     all 60,000, where they are found

One in ten training images is set aside before anything else, to draw validation curves.  The test
images are classified once, after the last step, with the weights of the last step.

The settings below (widths, dropout, weight decay, learning rates, epochs, mirroring) were chosen by
training on the 2,000 images and validating on 6,000 images of the full training set that are in
neither file of minidl; shifted images, label smoothing and erased patches did not help at this
length of training.  No choice was made on the test images.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import data as sets
from .. import nn, optim
from ..data import FASHION_CLASSES, DataLoader, TensorDataset, random_flip
from ..graph import tensor
from ..nn import functional as F
from ..recording import no_grad
from . import figures
from .registry import Option, Refusal, experiment
from .run import Run

Examples = tuple[np.ndarray, np.ndarray]  # images (N, 1, 28, 28), labels (N,)
EXAMPLE = 0  # the test image that shows what the filters do
EPOCHS = {"mini": 15, "full": 3}


@experiment(
    "classifier",
    "a convolutional network on Fashion-MNIST, against logistic regression",
    data=Option("mini", "the 2,000 images that ship, or all 60,000", choices=("mini", "full")),
    epochs=Option(None, "passes over the images (mini 15, full 3)", kind=int, minimum=1),
    batch_size=Option(64, "images a step", minimum=2),
    lr=Option(2e-3, "the network's learning rate at the start", above=0),
)
def classifier(
    run: Run, data: str, epochs: int | None, batch_size: int, lr: float
) -> dict[str, Any]:
    """Train both models, compare them on the test images, draw what the network learned."""
    train_on, validation, test = load(data, run.rng)
    run.say(
        f"Fashion-MNIST: {len(train_on[1])} images to train on, {len(validation[1])} to validate, "
        f"{len(test[1])} to test"
    )
    if batch_size > len(train_on[1]):
        raise Refusal(f"--batch-size {batch_size} is more than there are images to train on")
    plans = {
        "logistic regression": Plan(logistic_regression(), 3e-3, weight_decay=1.0),
        "CNN": Plan(cnn(), lr, weight_decay=0.05, transform=mirror),
    }
    epochs = epochs or EPOCHS[data]
    results = {}
    for name, plan in plans.items():
        plan.model.to(run.device)
        loader = DataLoader(
            TensorDataset(*train_on), batch_size, shuffle=True, drop_last=True,
            transform=plan.transform, device=run.device, rng=run.rng,
        )  # fmt: skip
        curves = train(run, name, plan, loader, validation, epochs)
        logits = predict(plan.model, test[0])  # (N, 10)
        results[name] = {
            "test_accuracy": accuracy(logits, test[1]),
            "parameters": sum(p.size for p in plan.model.parameters()),
            "curves": curves,
        }

    network = plans["CNN"].model
    confusion = np.zeros((10, 10), int)  # row: true class, column: the network's answer
    np.add.at(confusion, (test[1], logits.argmax(axis=1)), 1)
    draw(run, results, confusion, network, test, logits)
    run.save_weights("weights", network.state_dict())

    run.table(
        ["", "test accuracy", "parameters"],
        [[n, f"{r['test_accuracy']:.3f}", f"{r['parameters']:,}"] for n, r in results.items()],
    )
    return {**results, "confusion": confusion, "classes": FASHION_CLASSES}


# ------------------------------------------------------------------------------------ the images


def load(data: str, rng: np.random.Generator) -> tuple[Examples, Examples, Examples]:
    """Training, validation and test images, less the training images' mean, over their spread."""
    try:
        images = sets.fashion_mini if data == "mini" else sets.fashion_mnist
        (x, y), (x_test, y_test) = images("train"), images("test")
    except sets.DataNotFoundError as error:
        raise Refusal(str(error)) from error
    mean, std = x.mean(), x.std()
    x, x_test = (x - mean) / std, (x_test - mean) / std
    order = rng.permutation(len(x))
    kept, aside = order[len(x) // 10 :], order[: len(x) // 10]
    return (x[kept], y[kept]), (x[aside], y[aside]), (x_test, y_test)


def mirror(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Examples:
    """Half of the images of a batch mirrored: a coat seen in a mirror is a coat."""
    return random_flip(x, rng), y


# ------------------------------------------------------------------------------------ the models


def logistic_regression() -> nn.Module:
    """A linear layer on the pixels."""
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))


def cnn() -> nn.Module:
    """Two convolutions, each halving the image's sides, and two linear layers."""
    return nn.Sequential(
        nn.Conv2d(1, 32, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 32, 14, 14)
        nn.Conv2d(32, 64, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 64, 7, 7)
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(64 * 7 * 7, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, 10),
    )


# ---------------------------------------------------------------------------------- the training


class Plan(NamedTuple):
    """A model, and how it is trained."""

    model: nn.Module
    lr: float
    weight_decay: float
    transform: Any = None


def train(
    run: Run, name: str, plan: Plan, loader: DataLoader, validation: Examples, epochs: int
) -> dict[str, list[float]]:
    """Minimise the cross-entropy; the learning rate falls to 0 along half a cosine.

    Returns the curves: loss and accuracy, in training and in validation, one value an epoch.
    """
    model = plan.model
    optimiser = optim.AdamW(model.parameters(), lr=plan.lr, weight_decay=plan.weight_decay)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(loader))
    log: dict[str, Any] = {"losses": [], "hits": [], "curves": {curve: [] for curve in CURVES}}
    parts = dict(model=model, optimiser=optimiser, schedule=schedule, loader=loader)
    with (
        run.stage(name, log, **parts) as stage,
        run.progress(epochs * len(loader), f"{name:<19}") as bar,
    ):
        bar.step(schedule.last_epoch)
        while len(log["curves"]["training loss"]) < epochs:
            model.train()
            for x, y in loader:
                logits = model(x)
                loss = F.cross_entropy(logits, y)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                log["losses"].append(loss.item())
                log["hits"].append((logits.argmax(axis=1) == y).astype("float32").mean().item())
                if not np.isfinite(loss.item()):
                    raise Refusal(
                        f"the loss became {loss.item()}: try a smaller --lr than {plan.lr}"
                    )
                bar.step(loss=np.mean(log["losses"]), accuracy=np.mean(log["hits"]))
                stage.step_done()
            logits = predict(model, validation[0])
            loss = F.cross_entropy(tensor(logits), tensor(validation[1])).item()
            seen = np.mean(log["losses"]), np.mean(log["hits"])
            for curve, value in zip(CURVES, (*seen, loss, accuracy(logits, validation[1]))):
                log["curves"][curve].append(float(value))
            log["losses"], log["hits"] = [], []
    return log["curves"]


CURVES = ("training loss", "training accuracy", "validation loss", "validation accuracy")


def predict(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """The logits (N, 10) of `images`, without dropout and with batch norm's running statistics."""
    device = next(model.parameters()).device
    parts = np.array_split(images, -(-len(images) // 500))
    model.eval()
    with no_grad():
        logits = [model(tensor(part, device=device)) for part in parts]
    return np.concatenate([tensor(part, device="cpu").numpy() for part in logits])


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The share of examples whose largest logit is their label's."""
    return float((logits.argmax(axis=1) == labels).mean())


# ---------------------------------------------------------------------------------- the pictures


def draw(
    run: Run,
    results: dict[str, dict],
    confusion: np.ndarray,
    network: nn.Module,
    test: Examples,
    logits: np.ndarray,
) -> None:
    """Learning curves, confusion matrix, first-layer filters, and the boldest mistakes."""
    histories = {name: result["curves"] for name, result in results.items()}
    scores = {name: result["test_accuracy"] for name, result in results.items()}
    run.save_figure("learning_curves", figures.learning_curves(histories, scores))

    share = results["CNN"]["test_accuracy"]
    title = f"{share:.1%} of {len(logits)} test images are classified rightly"
    run.save_figure("confusion_matrix", figures.confusion_matrix(confusion, FASHION_CLASSES, title))

    run.save_figure("first_layer_filters", filters_at_work(network[0], test[0][EXAMPLE]))

    images, labels = test
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    wrong = np.flatnonzero(logits.argmax(axis=1) != labels)
    boldest = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:24]
    captions = [
        f"{FASHION_CLASSES[labels[i]]}\n"
        f"{probabilities[i].max():.0%} {FASHION_CLASSES[logits[i].argmax()]}?"
        for i in boldest
    ]
    run.save_figure(
        "misclassified",
        figures.image_grid(
            images[boldest, 0], captions, columns=6, cmap="gray_r",
            title="The network's boldest mistakes: what it is, and what the network took it for",
        ),
    )  # fmt: skip


def filters_at_work(layer: nn.Module, image: np.ndarray) -> Any:
    """Each 3x3 filter of a first layer, enlarged, and beside it what it makes of `image`."""
    with no_grad():
        responses = layer(tensor(image[None], device=layer.weight.device))
    responses = tensor(responses, device="cpu").numpy()[0]  # (32, 28, 28)
    filters = tensor(layer.weight, device="cpu").numpy()[:, 0]  # (32, 3, 3)
    enlarged = np.kron(filters, np.ones((1, 9, 9)))  # (32, 27, 27)
    pairs = np.full((len(filters), 28, 56), np.nan)
    pairs[:, :27, :27] = enlarged / np.abs(filters).max(axis=(1, 2), keepdims=True)
    pairs[:, :, 28:] = responses / np.abs(responses).max(axis=(1, 2), keepdims=True)
    return figures.image_grid(
        pairs, [""] * len(pairs), columns=4, cmap="RdBu_r", limits=(-1, 1),
        title="The first layer's filters (red +, blue -), and what each makes of one image",
    )  # fmt: skip
