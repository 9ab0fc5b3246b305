"""A generator that leaves out most of the data: mode collapse, on a ring of eight Gaussians.

    minidl run mode-collapse

The value of a discriminator that is at its best is a Jensen-Shannon divergence, which is least
where all modes are found.  Against a discriminator that stands still it is different: there the
best a generator can do is to put everything on the one point that looks truest (Goodfellow 2016,
arXiv:1701.00160, section 5.1.1).  So the same generator is trained twice, with as many steps: one
step to each of the discriminator, and ten.  Counted are the modes that get at least 1% of the
samples within 3 sigma, and the share of samples that lie so near to any.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn, optim
from ..autoencoders.adversarial import discriminator_value, modes_found
from ..autoencoders.autoencoder import descend, mlp
from ..graph import Tensor
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run

SIGMA, BATCH, NOISE, HIDDEN, SHOWN = 0.05, 128, 4, 64, 2000
ANGLES = 2 * np.pi * np.arange(8) / 8
MODES = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
MOMENTS = 8  # how often samples are looked at


@experiment(
    "mode-collapse",
    "a generator in step with its discriminator, and one in haste: how many modes does it find?",
    steps=Option(4000, "steps of the generator", minimum=80),
)
def mode_collapse(run: Run, steps: int) -> dict[str, Any]:
    """Train both ways; count modes on the way; draw the samples at eight moments."""
    found, share = modes_found(sample_ring(run, SHOWN).to("cpu").numpy(), MODES, SIGMA)
    results: dict[str, Any] = {"true samples": {"modes": [found], "share": [share]}}
    pictures = {}
    for name, haste in (("1 step to 1", 1), ("10 steps to 1", 10)):
        moments, shots = train(run, name, haste, steps)
        history = [modes_found(shot, MODES, SIGMA) for shot in shots]
        results[name] = {"steps": moments, "modes": [m for m, _ in history],
                         "share": [s for _, s in history]}  # fmt: skip
        pictures[name] = moments, shots, history
    run.table(
        ["steps of the generator", "modes at the end", "within 3 sigma", "modes on the way"],
        [[name, f"{r['modes'][-1]} of 8", f"{r['share'][-1]:.1%}", " ".join(map(str, r["modes"]))]
         for name, r in results.items()],
    )  # fmt: skip
    draw(run, pictures)
    return results


def sample_ring(run: Run, n: int) -> Tensor:
    """n true samples: (n, 2)."""
    centres = MODES[run.rng.integers(0, len(MODES), n)]
    return run.tensor(centres + SIGMA * run.rng.standard_normal((n, 2)))


def train(run: Run, name: str, haste: int, steps: int) -> tuple[list[int], list[np.ndarray]]:
    """One step up the value for the discriminator, `haste` steps down it for the generator.

    Returns the generator's step at eight moments, and its samples there.
    """
    generator = mlp(NOISE, HIDDEN, HIDDEN, 2, rng=run.rng).to(device=run.device)
    judge = nn.Sequential(
        nn.Linear(2, HIDDEN, rng=run.rng), nn.Tanh(),
        nn.Linear(HIDDEN, HIDDEN, rng=run.rng), nn.Tanh(), nn.Linear(HIDDEN, 1, rng=run.rng),
    ).to(device=run.device)  # fmt: skip
    up, down = (optim.Adam(m.parameters(), lr=1e-3, betas=(0.5, 0.9)) for m in (judge, generator))
    rounds = steps // haste
    looks = np.linspace(rounds / MOMENTS, rounds, MOMENTS).astype(int)
    log: dict[str, list] = {"shots": []}
    parts = dict(generator=generator, judge=judge, up=up, down=down)
    with run.loop(name, rounds, log, **parts) as loop:
        for number in loop:
            real, fake = sample_ring(run, BATCH), generator(run.normal(BATCH, NOISE)).detach()
            value = -descend(up, -discriminator_value(judge(real), judge(fake)))
            for _ in range(haste):
                fake = generator(run.normal(BATCH, NOISE))
                descend(down, discriminator_value(judge(real), judge(fake)))
            if number + 1 in looks:
                with no_grad():
                    shot = generator(run.normal(SHOWN, NOISE)).to("cpu").numpy()
                log["shots"].append(shot.tolist())
            loop.show(value=value)
    return [int(look * haste) for look in looks], [*map(np.array, log["shots"])]


def draw(run: Run, pictures: dict[str, tuple]) -> None:
    """Samples at eight moments, a row for each way; circles of 3 sigma around the modes."""
    figure, axes = figures.new_figure(14, 4.4, 2, MOMENTS)
    turn = np.linspace(0, 2 * np.pi, 50)
    for line, (name, (moments, shots, history)) in zip(axes, pictures.items()):
        for panel, moment, shot, (found, share) in zip(line, moments, shots, history):
            for centre in MODES:
                circle = centre + 3 * SIGMA * np.stack([np.cos(turn), np.sin(turn)], axis=1)
                panel.plot(*circle.T, color="0.5", linewidth=0.7)
            panel.plot(*shot.T, ".", markersize=1.5, alpha=0.4)
            panel.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=[], yticks=[])
            panel.set_title(f"step {moment}: {found} of 8, {share:.0%}", fontsize=8)
        line[0].set_ylabel(name, fontsize=9)
    figure.suptitle("A generator in step with its discriminator (above), and one in haste")
    run.save_figure("modes", figure)
