"""beta-VAEs of drawn faces, of which the theory is known: rate, distortion, disentanglement.

    minidl run beta-vae

A face has four independent features (eyes, mouth, brows, cheeks), each brighter or darker by a
normal amount, and no two have a pixel in common to speak of.  Faces therefore have a Gaussian law
with four principal directions, and the best beta-VAE is a linear one: it codes each direction down
to the level beta s^2, as rate-distortion theory says (`oracles.gaussians.reverse_water_filling`),
and a feature whose variance is below the level not at all.  The network is not told; the dots
should lie on the lines.  (At beta = 0.1 it is still on its way after 2,000 steps.)

That code units stand for single features is a gift of the encoder's diagonal covariance, and of
features of different strength: among features of one strength it has no reason to keep to the axes.
And a beta that is large enough to drop features leaves the metric nothing to tell them by.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import optim
from ..autoencoders.disentanglement import betavae_score, gaussian_total_correlation
from ..autoencoders.vae import VAE, gaussian_kl, mlp_vae, reparameterise, train_step
from ..oracles.gaussians import reverse_water_filling
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run

BETAS = (0.1, 1.0, 4.0, 16.0)
SIDE, K, SIGMA, BATCH = 16, 6, 0.3, 128
FEATURES = ("eyes", "mouth", "brows", "cheeks")
STRENGTHS = np.array([2.0, 1.4, 1.0, 0.7])  # standard deviations


@experiment(
    "beta-vae",
    "beta-VAEs of faces: what is coded, what is lost, and whether units are features",
    steps=Option(2000, "training steps for each beta", minimum=1),
)
def beta_vae(run: Run, steps: int) -> dict[str, Any]:
    """Train one VAE for each beta; compare with theory, score, draw what the units do."""
    unseen = draw_factors(2000, run.rng)
    results, models = {}, {}
    for beta in BETAS:
        vae = fit(run, beta, steps)
        results[beta] = judge(run, vae, unseen, beta)
        models[beta] = vae
    run.table(
        ["beta", "KL", "theory", "error", "theory", "score", "TC"],
        [
            [f"{beta:g}", f"{r['kl']:.2f}", f"{r['kl_theory']:.2f}", f"{r['error']:.3f}",
             f"{r['error_theory']:.3f}", f"{r['score']:.2f}", f"{r['total_correlation']:.3f}"]
            for beta, r in results.items()
        ],
    )  # fmt: skip
    run.say("(KL in nats; error: |x - x_hat|^2; score: the beta-VAE metric with 5 pairs, of which")
    run.say("chance is .25; TC: total correlation of the codes, in nats)")
    plot(run, results)
    traverse(run, models, results)
    return {f"{beta:g}": r for beta, r in results.items()}


# --------------------------------------------------------------------------------------- the faces


def draw_factors(n: int, rng: np.random.Generator) -> np.ndarray:
    """n settings of the features: (n, 4), standard normal."""
    return rng.standard_normal((n, len(FEATURES)))


def draw_faces(factors: np.ndarray) -> np.ndarray:
    """The faces with these features: (n, SIDE^2)."""
    y, x = np.meshgrid(*[np.linspace(-1, 1, SIDE)] * 2, indexing="ij")
    x, inside = np.abs(x), lambda distance: 1 / (1 + np.exp(np.clip(15 * distance, -60, 60)))
    features = np.stack([
        inside(np.hypot((x - 0.4) / 0.2, (y + 0.1) / 0.2) / 4 - 0.25),
        np.exp(-(((y - 0.5) / 0.1) ** 2)) * inside(x - 0.42),
        np.exp(-(((y + 0.5) / 0.1) ** 2)) * inside(np.abs(x - 0.4) - 0.2),
        np.exp(-((x - 0.66) ** 2 + (y - 0.25) ** 2) / 0.04),
    ]).reshape(len(FEATURES), -1)  # fmt: skip
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return 0.5 * inside(np.hypot(x, y) - 0.92).reshape(-1) + (factors * STRENGTHS) @ features


def variances() -> np.ndarray:
    """The variances of faces along their principal directions."""
    unit = draw_faces(np.eye(len(FEATURES))) - draw_faces(np.zeros((1, len(FEATURES))))
    return np.linalg.eigvalsh(unit @ unit.T)


# ------------------------------------------------------------------------------------ the training


def fit(run: Run, beta: float, steps: int) -> VAE:
    """A VAE with noise SIGMA, trained on new faces all the time."""
    vae = mlp_vae(VAE, SIDE * SIDE, 100, K, rng=run.rng, sigma=SIGMA).to(device=run.device)
    optimiser = optim.Adam(vae.parameters(), lr=2e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    parts = dict(vae=vae, optimiser=optimiser, schedule=schedule)
    with run.loop(f"beta {beta:g}", steps, {}, **parts) as loop:
        for _ in loop:
            x = run.tensor(draw_faces(draw_factors(BATCH, run.rng)))
            pieces = train_step(vae, optimiser, x, run.normal(BATCH, K), beta)
            schedule.step()
            loop.show(kl=pieces.kl.mean().item())
    return vae


def judge(run: Run, vae: VAE, factors: np.ndarray, beta: float) -> dict[str, Any]:
    """Rate and distortion beside their theory, the metric, the total correlation."""
    rate, distortion = reverse_water_filling(variances(), beta * SIGMA**2)
    x = run.tensor(draw_faces(factors))
    with no_grad():
        mu, logvar = vae.encode(x)
        z = reparameterise(mu, logvar, run.normal(len(factors), K))
        error = ((vae.decode(z) - x) ** 2).sum(axis=1).mean().item()
        kl = gaussian_kl(mu, logvar).mean().item()
        correlation = gaussian_total_correlation(mu, logvar).item()
        means = lambda f: vae.encode(run.tensor(draw_faces(f)))[0].to("cpu").numpy()
        score = betavae_score(means, draw_factors, run.rng, pairs=5)
    return {
        "kl": kl, "kl_theory": rate, "error": error, "error_theory": distortion,
        "score": score, "total_correlation": correlation,
    }  # fmt: skip


# ------------------------------------------------------------------------------------ the pictures


def plot(run: Run, results: dict[float, dict[str, Any]]) -> None:
    """Dots on lines: KL and error; and what says how disentangled the codes are."""
    figure, (axes,) = figures.new_figure(11, 3.4, columns=3)
    fine, v = np.geomspace(0.08, 20, 200), variances()
    rates, errors = zip(*(reverse_water_filling(v, beta * SIGMA**2) for beta in fine))
    get = lambda key: [r[key] for r in results.values()]
    axes[0].plot(fine, rates, color="0.6", label="theory")
    axes[0].plot(BETAS, get("kl"), "o", label="trained")
    axes[0].set(ylabel="KL, nats a face", ylim=(0, None))
    axes[1].plot(fine, errors, color="0.6")
    axes[1].plot(BETAS, get("error"), "o")
    axes[1].set(ylabel="|x - x_hat|^2", yscale="log")
    axes[2].plot(BETAS, get("score"), "o-", label="beta-VAE metric (chance: dotted)")
    axes[2].plot(BETAS, get("total_correlation"), "s-", label="total correlation, nats")
    axes[2].axhline(1 / len(FEATURES), color="C0", linestyle=":", linewidth=1)
    axes[2].set(ylim=(-0.05, 1.15))
    axes[0].legend(frameon=False, fontsize=8)
    axes[2].legend(frameon=False, fontsize=8)
    for panel in axes:
        panel.set(xscale="log", xlabel="beta")
        panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("rate_and_distortion", figure)


def traverse(
    run: Run, models: dict[float, VAE], results: dict[float, dict[str, Any]], columns: int = 7
) -> None:
    """What each unit changes, most informative first: for beta = 0.1, and for the best score."""
    best = max(results, key=lambda beta: (results[beta]["score"], beta))
    typical = run.tensor(draw_faces(draw_factors(1000, run.rng)))
    rows = {f"true {name}": draw_faces(
        np.eye(len(FEATURES))[i] * np.linspace(-2, 2, columns)[:, None])
        for i, name in enumerate(FEATURES)}  # fmt: skip
    for beta in dict.fromkeys((BETAS[0], best)):
        with no_grad():
            mu, logvar = (t.to("cpu").numpy() for t in models[beta].encode(typical))
            nats = (-0.5 * (1 + logvar - mu**2 - np.exp(logvar))).mean(axis=0)
            for unit in np.argsort(-nats)[: len(FEATURES)]:
                z = np.zeros((columns, K))
                z[:, unit] = np.linspace(-2, 2, columns)
                faces = models[beta].decode(run.tensor(z)).to("cpu").numpy()
                rows[f"beta {beta:g}, unit {unit + 1} ({nats[unit]:.1f} nats)"] = faces
    title = "One feature, or one code unit, from -2 to 2, the others at 0"
    run.save_figure("traversals", figures.image_rows(rows, (SIDE, SIDE), columns, title))
