"""The gradient of an expectation: through the draw, or by the score function.

    minidl run gradient-estimators

For f = z^2 under N(theta, 1) both have mean 2 theta, and theory gives their variances: 4, and
theta^4 + 14 theta^2 + 15, of which the best constant baseline, theta^2 + 3, takes a part.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autoencoders.estimators import reparameterised_gradients, score_function_gradients
from ..graph import Tensor
from . import figures
from .registry import Option, experiment
from .run import Run

THETAS = np.linspace(0, 3, 13)
RATE = 0.02  # of the descent
THEORY = {
    "reparameterised": lambda t: 4 + 0 * t,
    # with baseline b: (t^4 + 14 t^2 + 15) - 2 b (t^2 + 3) + b^2, least at b = t^2 + 3
    "score, best baseline": lambda t: 8 * t**2 + 6,
    "score": lambda t: t**4 + 14 * t**2 + 15,
}


@experiment(
    "gradient-estimators",
    "reparameterised against score-function gradients: their variances, and what it costs",
    draws=Option(100_000, "draws for each theta", minimum=10),
    steps=Option(150, "steps of gradient descent, with one draw each", minimum=1),
)
def gradient_estimators(run: Run, draws: int, steps: int) -> dict[str, Any]:
    """Measure both over a range of theta; then descend E z^2 from theta = 3 with single draws."""
    measured = {name: [] for name in THEORY}
    with run.progress(len(THETAS), "variances") as bar:
        for theta in THETAS:
            noise = run.normal(draws, 1)
            for name in THEORY:
                gradients = gradient(run, name, np.array([theta]), noise)
                measured[name].append((float(gradients.mean()), float(gradients.var())))
            bar.step(theta=theta)
    paths = {}
    for name in THEORY:
        theta, path = np.full(200, THETAS[-1]), []
        for _ in range(steps):
            path.append(theta)
            theta = theta - RATE * gradient(run, name, theta, run.normal(200, 1))
        paths[name] = np.stack(path)  # (steps, 200)

    at = int(np.argmin(np.abs(THETAS - 1.5)))
    run.table(
        ["theta = 1.5", "mean (3)", "variance", "theory", "off after descent"],
        [
            [name, f"{measured[name][at][0]:.3f}", f"{measured[name][at][1]:.2f}",
             f"{theory(1.5):.2f}", f"{np.sqrt((paths[name][-1] ** 2).mean()):.2f}"]
            for name, theory in THEORY.items()
        ],
    )  # fmt: skip
    draw(run, measured, paths)
    return {
        name: {"mean": [m for m, _ in values], "variance": [v for _, v in values],
               "off_after_descent": float(np.sqrt((paths[name][-1] ** 2).mean()))}
        for name, values in measured.items()
    }  # fmt: skip


def square(z: Tensor) -> Tensor:
    """f, one value a draw."""
    return (z**2).sum(axis=1)


def gradient(run: Run, name: str, theta: np.ndarray, noise: Tensor) -> np.ndarray:
    """The estimate of each draw by itself: (N,).  theta: (1,), or (N,) for each draw its own."""
    mu, logvar = run.tensor(theta[:, None]), run.tensor(np.zeros(1))
    if name == "reparameterised":
        found = reparameterised_gradients(square, mu, logvar, noise)
    else:
        baseline = theta**2 + 3 if "baseline" in name else 0.0 * theta
        found = score_function_gradients(square, mu, logvar, noise, run.tensor(baseline))
    return found.to("cpu").numpy()[:, 0]


def draw(run: Run, measured: dict[str, list], paths: dict[str, np.ndarray]) -> None:
    """Variances against theory; and how far off 200 descents are after each step."""
    figure, (axes,) = figures.new_figure(9.5, 3.8, columns=2)
    fine = np.linspace(0, 3, 100)
    for number, (name, theory) in enumerate(THEORY.items()):
        colour = f"C{number}"
        axes[0].plot(fine, theory(fine), color=colour, linewidth=1)
        axes[0].plot(THETAS, [v for _, v in measured[name]], "o", color=colour, label=name)
        axes[1].plot(np.sqrt((paths[name] ** 2).mean(axis=1)), color=colour, label=name)
    axes[0].set(yscale="log", xlabel="theta", ylabel="variance of one draw's gradient",
                title="Dots: measured.  Lines: theory.")  # fmt: skip
    # e_{t+1} = (1 - 2 rate)^2 e_t + rate^2 var for e = E theta^2, with the constant variance 4
    ways = [THETAS[-1] ** 2]
    for _ in range(len(paths["reparameterised"]) - 1):
        ways.append((1 - 2 * RATE) ** 2 * ways[-1] + 4 * RATE**2)
    axes[1].plot(np.sqrt(ways), "k:", linewidth=1, label="reparameterised, theory")
    axes[1].set(yscale="log", xlabel="step", ylabel="root mean square of theta, 200 descents",
                title="Descent with one draw a step")  # fmt: skip
    for panel in axes:
        panel.legend(frameon=False, fontsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("variances", figure)
