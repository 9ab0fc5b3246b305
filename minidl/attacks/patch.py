"""A patch to stick on anything: it covers part of an image, wherever, turned and of any size.

    max over delta of   E over x, l, t, s of  log P( A(delta, x, l, t, s) is of class `target` )

A puts the patch delta on the image x at the location l, turned by t and scaled by s.  The
expectation over what will be done to the patch (expectation over transformation) makes it work
where it was not trained: Brown et al. 2017 (arXiv:1712.09665), equation 1; Athalye et al. 2018
(arXiv:1707.07397), section 2.

What the notes print: T for both rotation and scale.  They are two numbers.

Rows of the notes: adversarial-patch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import backend, nn, optim
from ..checks import between, checked
from ..graph import Tensor
from ..nn import functional as F
from ..ops.shape import broadcast_to
from .access import Access, Model, raw
from .warp import sample, similarity


class Placement(NamedTuple):
    """Where patches go: location (N, 2) pixels down and right of the image's centre, angle (N,)
    in radians, scale (N,)."""

    location: Tensor
    angle: Tensor
    scale: Tensor


@dataclass(frozen=True)
class Transforms:
    """From what placements are drawn.

    angle: up to so many degrees either way.  scale: (least, largest).  location: None for anywhere
    within the image, or (down, right) of the centre.
    """

    angle: float = 45.0
    scale: tuple[float, float] = (0.8, 1.2)
    location: tuple[float, float] | None = None

    def draw(
        self, n: int, size: tuple[int, int], side: int, like: Any, rng: np.random.Generator
    ) -> Placement:
        """n placements of a patch of side x side pixels on images of `size`, as arrays like x."""
        scale = rng.uniform(*self.scale, n)
        if self.location is None:  # the unturned square does not stick out
            room = (np.array(size) - side * scale[:, None]) / 2
            location = rng.uniform(-1, 1, (n, 2)) * np.maximum(room, 0)
        else:
            location = np.tile(np.array(self.location, float), (n, 1))
        angle = rng.uniform(-1, 1, n) * math.radians(self.angle)
        xp = backend.xp(like)
        return Placement(
            *(Tensor(xp.asarray(a.astype(like.dtype))) for a in (location, angle, scale))
        )


def apply_patch(patch: Tensor, x: Tensor, location: Tensor, angle: Tensor, scale: Tensor) -> Tensor:
    """A(delta, x, l, t, s): the images with the patch on them.

    patch: (C, h, w).  x: (N, C, H, W).  location, angle, scale: see `Placement`.
    Returns (N, C, H, W).  At the patch's edge, where it covers a pixel in part, patch and image are
    mixed by area.
    """
    n = len(x)
    places = similarity(angle, scale, location, x.shape[2:])
    shown = sample(broadcast_to(patch, (n, *patch.shape)), *places)
    cover = sample(Tensor(backend.xp(x.data).ones((n, 1, *patch.shape[1:]), x.dtype)), *places)
    return shown + (1 - cover) * x


def patch_objective(
    model: Model, patch: Tensor, x: Tensor, location: Tensor, angle: Tensor, scale: Tensor,
    target: int,
) -> Tensor:  # fmt: skip
    """log P(target) of each image with the patch on it: (N,).  The arguments: see `apply_patch`."""
    logits = model(apply_patch(patch, x, location, angle, scale))
    return F.log_softmax(logits, dim=1)[:, target]


def train_patch(
    model: Model, x: Any, target: int, side: int, transforms: Transforms, steps: int = 200,
    batch_size: int = 32, lr: float = 0.05, rng: Any = None,
    progress: Callable[[float], None] = lambda value: None,
) -> Tensor:  # fmt: skip
    """A patch (C, side, side) in [0, 1] that makes the model say `target`, by Adam.

    x: (N, C, H, W), images to stick it on.  Each step draws images and placements anew.
    """
    x, rng = raw(x), np.random.default_rng(rng)
    start = np.full((x.shape[1], side, side), 0.5, x.dtype)
    patch = Tensor(backend.xp(x).asarray(start)).requires_grad_()
    adam = optim.Adam([patch], lr=lr)
    with Access(model, batch_size) as access:
        for _ in range(steps):
            batch = x[backend.xp(x).asarray(rng.integers(0, len(x), batch_size))]
            where = transforms.draw(batch_size, x.shape[2:], side, x, rng)
            value = -patch_objective(access, patch, Tensor(batch), *where, target) / batch_size
            patch.grad = access.slope(value, patch)
            adam.step()
            patch.data = np.clip(patch.data, 0, 1)
            progress(-value.sum().item())
    return patch.detach()


def patch_success(
    model: Model, patch: Tensor, x: Any, target: int, transforms: Transforms, draws: int = 4,
    rng: Any = None,
) -> float:  # fmt: skip
    """How often the model says `target`, over `draws` placements on each image x (N, C, H, W)."""
    x, rng = raw(x), np.random.default_rng(rng)
    hits = []
    with Access(model, len(x)) as access:
        for _ in range(draws):
            where = transforms.draw(len(x), x.shape[2:], patch.shape[1], x, rng)
            shown = apply_patch(patch, Tensor(x), *where)
            hits.append(float((access.logits(shown.data).argmax(axis=1) == target).mean()))
    return float(np.mean(hits))


checked(
    patch_objective, patch=between(0.2, 0.8, 1, 3, 3), x=between(0, 1, 2, 1, 6, 6), target=1,
    location=between(0.2, 0.4, 2, 2), angle=between(0.1, 0.3, 2), scale=between(1.1, 1.2, 2),
    model=lambda rng: nn.Sequential(nn.Flatten(), nn.Linear(36, 3, rng=rng)),
)  # fmt: skip
