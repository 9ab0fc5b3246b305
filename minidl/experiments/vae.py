"""Variational autoencoders of digits or of clothes, against probabilistic PCA.

    minidl run vae                   digits, 8x8
    minidl run vae --data fashion    2,000 pictures of clothes, 28x28

Both models give x a density: PCA's is known exactly, a VAE's is bounded from below by the ELBO, and
more tightly by the importance-weighted bound.  So log p of test images can be compared, in nats an
image, at the same length of code.  (Grey values are multiples of 1/16 or 1/255; as densities of
continuous numbers they have no meaning beyond this comparison.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import data as sets
from .. import optim
from ..autoencoders.estimators import importance_weighted_bound
from ..autoencoders.vae import VAE, elbo, interpolate, mlp_vae, train_step
from ..oracles import gaussians
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run

CODES = (2, 10)  # lengths of codes; in the plane a code can be drawn
BATCH, HIDDEN, DRAWS = 100, 256, 200
EPOCHS = {"digits": 100, "fashion": 60}


@experiment(
    "vae",
    "a VAE of digits or of clothes: likelihood against probabilistic PCA, samples, the code plane",
    data=Option("digits", "what the pictures are of", choices=("digits", "fashion")),
    epochs=Option(0, "passes over the pictures; 0 is 100 (digits) or 60 (fashion)", minimum=0),
)
def variational_autoencoder(run: Run, data: str, epochs: int) -> dict[str, Any]:
    """Train with codes of 2 and of 10 numbers; compare, sample, interpolate, draw."""
    (train, test), labels, shape = load(data, run.rng)
    run.say(f"{len(train)} pictures of {shape[0]}x{shape[1]} to train on, {len(test)} to test")
    results: dict[str, Any] = {}
    models, curves = {}, {}
    for k in CODES:
        fit = gaussians.probabilistic_pca(train.astype(np.float64), k)
        results[f"PCA {k}"] = {"log_p": pca_log_p(fit, train, test)}
        name = f"VAE {k}"
        models[k], curves[name] = fit_vae(run, name, k, train, test, epochs or EPOCHS[data])
        results[name] = judge(run, models[k], test)
    run.table(
        ["nats an image", "log p", "ELBO", "KL", "noise"],
        [
            [name, f"{r['log_p']:.1f}", *(f"{r[key]:.{d}f}" if key in r else ""
             for key, d in (("elbo", 1), ("kl", 1), ("sigma", 3)))]
            for name, r in results.items()
        ],
    )  # fmt: skip
    run.say(f"(log p of a VAE: the importance-weighted bound of {DRAWS} draws, still a lower one)")
    draw_likelihoods(run, results, curves)
    names = list(sets.FASHION_CLASSES) if data == "fashion" else [str(digit) for digit in range(10)]
    draw_pictures(run, models[CODES[1]], train, test, [names[label] for label in labels], shape)
    draw_plane(run, models[CODES[0]], test, labels, names, shape)
    run.save_weights("weights", models[CODES[1]].state_dict())
    return {**results, "curves": curves}


def load(data: str, rng: np.random.Generator) -> tuple[tuple, np.ndarray, tuple[int, int]]:
    """Training and test pictures (N, D), the test labels, and a picture's shape."""
    if data == "fashion":
        (train, _), (test, labels) = sets.fashion_mini("train"), sets.fashion_mini("test")
    else:
        images, digits = sets.digits()
        order = rng.permutation(len(images))
        train, test, labels = images[order[400:]], images[order[:400]], digits[order[:400]]
    shape = train.shape[2:]
    return (train.reshape(len(train), -1), test.reshape(len(test), -1)), labels, shape


def pca_log_p(fit: gaussians.ProbabilisticPCA, train: np.ndarray, test: np.ndarray) -> float:
    """The mean log density of test pictures."""
    covariance = fit.W @ fit.W.T + fit.sigma2 * np.eye(len(fit.W))
    mean = train.astype(np.float64).mean(axis=0)
    return float(gaussians.log_density(test.astype(np.float64), mean, covariance).mean())


def fit_vae(
    run: Run, name: str, k: int, train: np.ndarray, test: np.ndarray, epochs: int
) -> tuple[VAE, dict[str, list[float]]]:
    """Train with Adam; returns the model and the ELBO of each epoch, in training and in test."""
    vae = mlp_vae(VAE, train.shape[1], HIDDEN, HIDDEN, k, rng=run.rng, sigma=0.3, learn_sigma=True)
    vae.to(device=run.device)
    optimiser = optim.Adam(vae.parameters(), lr=2e-3)
    steps = len(train) // BATCH
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * steps)
    log: dict[str, dict[str, list[float]]] = {"curves": {"training": [], "test": []}}
    parts = dict(vae=vae, optimiser=optimiser, schedule=schedule)
    with run.loop(name, epochs, log, **parts) as loop:
        for _ in loop:
            order, values = run.rng.permutation(len(train)), []
            for rows in np.array_split(order, steps):
                x = run.tensor(train[rows])
                pieces = train_step(vae, optimiser, x, run.normal(len(x), k))
                schedule.step()
                values.append(pieces.value().mean().item())
            with no_grad():
                pieces = elbo(vae, run.tensor(test), run.normal(len(test), k))
            log["curves"]["training"].append(float(np.mean(values)))
            log["curves"]["test"].append(pieces.value().mean().item())
            loop.show(elbo=values[-1], kl=pieces.kl.mean().item())
    return vae, log["curves"]


def judge(run: Run, vae: VAE, test: np.ndarray) -> dict[str, float]:
    """ELBO and KL of the test pictures, the importance-weighted bound, and the noise."""
    bounds, elbos, kls = [], [], []
    with no_grad():
        for part in np.array_split(test, 20):
            x = run.tensor(part)
            noise = run.normal(DRAWS, len(part), vae.encode(x)[0].shape[1])
            pieces = elbo(vae, x, noise)
            bounds.append(importance_weighted_bound(vae, x, noise).to("cpu").numpy())
            elbos.append(pieces.value().to("cpu").numpy())
            kls.append(pieces.kl.to("cpu").numpy())
    mean = lambda parts: float(np.concatenate(parts).mean())
    sigma = float(np.exp(0.5 * vae.logvar.item()))
    return {"log_p": mean(bounds), "elbo": mean(elbos), "kl": mean(kls), "sigma": sigma}


# ------------------------------------------------------------------------------------ the pictures


def draw_likelihoods(run: Run, results: dict[str, Any], curves: dict[str, Any]) -> None:
    """The ELBO over the epochs, and where PCA's log p lies."""
    figure, axes = figures.new_figure(8.5, 4)
    panel = axes[0, 0]
    for number, (name, curve) in enumerate(curves.items()):
        colour, k = f"C{number}", name.split()[1]
        epochs = np.arange(1, len(curve["test"]) + 1)
        panel.plot(epochs, curve["training"], "--", color=colour, label=f"{name}, ELBO in training")
        panel.plot(epochs, curve["test"], color=colour, label=f"{name}, ELBO in test")
        panel.axhline(results[f"PCA {k}"]["log_p"], color=colour, linestyle=":",
                      label=f"PCA {k}, exact log p in test")  # fmt: skip
        panel.plot(epochs[-1] * 1.02, results[name]["log_p"], "o", color=colour, clip_on=False,
                   label=f"{name}, log p in test, {DRAWS} draws")  # fmt: skip
    reached = [r["log_p"] for r in results.values()] + [c["test"][-1] for c in curves.values()]
    lowest, highest = min(reached), max(*reached, *(max(c["training"]) for c in curves.values()))
    panel.set_ylim(lowest - 0.4 * (highest - lowest), highest + 0.1 * (highest - lowest))
    panel.set(xlabel="epoch", ylabel="nats an image")
    panel.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("likelihoods", figure)


def draw_pictures(
    run: Run, vae: VAE, train: np.ndarray, test: np.ndarray, kinds: list[str],
    shape: tuple[int, int],
) -> None:  # fmt: skip
    """Reconstructions, samples beside those of PCA, and ways from one picture to another."""
    k = CODES[1]
    fit, mean = gaussians.probabilistic_pca(train.astype(np.float64), k), train.mean(axis=0)
    z = run.rng.standard_normal((12, k))
    with no_grad():
        x = run.tensor(test)
        rows = {
            "test picture": test,
            "VAE: rebuilt": vae.decode(vae.encode(x[:12])[0]).to("cpu").numpy(),
            "VAE: sampled": vae.decode(run.tensor(z)).to("cpu").numpy(),
            "PCA: sampled": mean + z @ fit.W.T,
        }
        paths = interpolate(vae, x[:6], x[6:12], 12).to("cpu").numpy()  # (12, 6, D)
    title = f"A VAE with codes of {k} numbers (means of p(x|z), without their noise)"
    run.save_figure("pictures", figures.image_rows(rows, shape, 12, title))
    ways = {f"{i + 1}: {kinds[i]} to {kinds[i + 6]}": paths[:, i] for i in range(6)}
    title = "From one test picture to another, along a straight line between codes"
    run.save_figure("interpolations", figures.image_rows(ways, shape, 12, title))


def draw_plane(
    run: Run, vae: VAE, test: np.ndarray, labels: np.ndarray, names: list[str],
    shape: tuple[int, int],
) -> None:  # fmt: skip
    """What the points of the plane decode to, and where test pictures lie in it."""
    side, reach = 14, 2.2
    line = np.linspace(-reach, reach, side)
    grid = np.stack(np.meshgrid(line, -line), axis=2).reshape(-1, 2)
    with no_grad():
        decoded = vae.decode(run.tensor(grid)).to("cpu").numpy()
        mu = vae.encode(run.tensor(test))[0].to("cpu").numpy()
    tiles = np.pad(decoded.reshape(side, side, *shape), ((0, 0), (0, 0), (1, 1), (1, 1)))
    canvas = tiles.transpose(0, 2, 1, 3).reshape(side * tiles.shape[2], -1)
    figure, (axes,) = figures.new_figure(10.5, 5, columns=2)
    axes[0].imshow(canvas, cmap="gray", vmin=0, vmax=1, extent=(-reach, reach, -reach, reach))
    points = axes[1].scatter(*mu.T, c=labels, cmap="tab10", s=8, vmin=-0.5, vmax=9.5)
    bar = figure.colorbar(points, ax=axes[1], ticks=range(10), shrink=0.8)
    bar.set_ticklabels(names)
    axes[0].set_title("What the plane of codes decodes to", fontsize=10)
    axes[1].set_title("Where test pictures lie in it", fontsize=10)
    axes[1].set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal")
    run.save_figure("plane", figure)
