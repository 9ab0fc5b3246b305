"""A window that slides over an array: what convolution and pooling have in common.

An axis of length 7 under a window of kernel 3, stride 2 and padding 1 (dots):

    . x0 x1 x2 x3 x4 x5 x6 .
    [------]                    place 0 sees  .  x0 x1
          [------]              place 1 sees x1  x2 x3
                [------]        place 2 sees x3  x4 x5
                      [------]  place 3 sees x5  x6 .

At place o, tap k of the kernel lies on element s o + d k - p.  This can be read in two orders:
place by place, all the taps of each (`views`), or tap by tap, all the places of each (`taps`); the
latter are every s-th element from d k on, a slice.

Dumoulin & Visin 2016 (arXiv:1603.07285), for the arithmetic of sizes.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np

from .. import backend
from .shape import reshape


@dataclasses.dataclass(frozen=True)
class Window:
    """A window that slides over so many axes; each field has an entry for each of them."""

    kernel: tuple[int, ...]  # how many elements it sees
    stride: tuple[int, ...]  # how far it moves
    padding: tuple[tuple[int, int], ...]  # how many elements to add (before, after)
    dilation: tuple[int, ...]  # how far apart the elements are that it sees

    @property
    def copies(self) -> bool:
        """Whether each place sees one element, the one where it is."""
        ones = {*self.kernel, *self.stride} == {1}
        return ones and not any(map(any, self.padding))

    def places(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """How many places it takes: floor((L + p + p' - d (K - 1) - 1) / s) + 1 on each axis."""
        return tuple(
            (length - reach - 1) // s + 1
            for length, reach, s in zip(self.padded(size), self.reach, self.stride)
        )

    @property
    def reach(self) -> tuple[int, ...]:
        """How far the last element that it sees is from the first: d (K - 1)."""
        return tuple(d * (k - 1) for d, k in zip(self.dilation, self.kernel))

    @property
    def overlaps(self) -> bool:
        """Whether an element may be seen from several places."""
        return any(reach >= s for reach, s in zip(self.reach, self.stride))

    def padded(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """The lengths of the axes, padding included."""
        return tuple(n + before + after for n, (before, after) in zip(size, self.padding))

    def inside(self, size: tuple[int, ...]) -> tuple[slice, ...]:
        """Where in a padded array the array itself is."""
        return tuple(slice(before, before + n) for n, (before, _) in zip(size, self.padding))

    def pad(self, x: Any, first: int, value: float = 0.0) -> Any:
        """x with padding of this value around the axes from number `first` on, in memory as x."""
        if not any(map(any, self.padding)):
            return x
        last = first + len(self.kernel)
        before, size, after = x.shape[:first], x.shape[first:last], x.shape[last:]
        out = np.full_like(x, value, shape=(*before, *self.padded(size), *after))
        out[(slice(None),) * first + self.inside(size)] = x
        return out

    def views(self, x: Any, places: tuple[int, ...]) -> Any:
        """What each place sees, without a copy: x (n, *size, c) as (n, *places, *kernel, c)."""
        n, *along, c = x.strides
        moves = [a * s for a, s in zip(along, self.stride)]
        steps = [a * d for a, d in zip(along, self.dilation)]
        shape = (len(x), *places, *self.kernel, x.shape[-1])
        return backend.as_strided(x, shape, (n, *moves, *steps, c))

    def taps(self, places: tuple[int, ...]) -> list[tuple[slice, ...]]:
        """For each tap, in the order of the axes, slices: what lies under it at all places."""
        by_axis = [
            [slice(k * d, k * d + s * (n - 1) + 1, s) for k in range(length)]
            for length, s, d, n in zip(self.kernel, self.stride, self.dilation, places)
        ]
        return [*itertools.product(*by_axis)]


# ---------------------------------------------------------------------- from what a user writes

LAYOUTS = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


def batched(name: str, axes: int, x: Any) -> Any:
    """x, with an axis N if it has none.  Raises ValueError for any other number of axes."""
    if x.ndim not in (axes + 1, axes + 2):
        raise ValueError(f"{name}: input must be {LAYOUTS[axes]}, or without N, not {x.shape}")
    return x if x.ndim == axes + 2 else reshape(x, (1, *x.shape))


def unbatched(y: Any, axes: int, x: Any) -> Any:
    """The result y, without the axis N if the input x had none."""
    return y if x.ndim == axes + 2 else reshape(y, y.shape[1:])


def window(
    name: str,
    kernel: tuple[int, ...],
    stride: int | tuple[int, ...],
    padding: int | tuple[int, ...] | str,
    dilation: int | tuple[int, ...],
) -> Window:
    """The window that these arguments of the function `name` describe.

    padding: how many elements at both ends; 'valid' is none, 'same' gives a place an element.
    Raises ValueError for what is not a whole number for each axis, and for 'same' with a stride.
    """
    axes = len(kernel)
    stride = per_axis(name, "stride", stride, axes, 1)
    dilation = per_axis(name, "dilation", dilation, axes, 1)
    if padding == "same":
        if set(stride) != {1}:
            raise ValueError(f"{name}: padding='same' needs stride 1, not {stride}")
        reach = [d * (k - 1) for d, k in zip(dilation, kernel)]
        return Window(kernel, stride, tuple((r // 2, r - r // 2) for r in reach), dilation)
    padding = per_axis(name, "padding", 0 if padding == "valid" else padding, axes, 0)
    return Window(kernel, stride, tuple((p, p) for p in padding), dilation)


def per_axis(
    name: str, what: str, value: int | tuple[int, ...], axes: int, least: int
) -> tuple[int, ...]:
    """`value` for each of so many axes: one number stands for all of them."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    whole = all(isinstance(v, int | np.integer) and v >= least for v in values)
    if len(values) != axes or not whole:
        wanted = f"a whole number from {least} on" + (f", or {axes} of them" if axes > 1 else "")
        raise ValueError(f"{name}: {what} must be {wanted}, not {value!r}")
    return tuple(map(int, values))


def check_fit(name: str, window: Window, size: tuple[int, ...]) -> None:
    """Raise ValueError if the window is longer than the padded array on some axis."""
    for axis, (padded, reach) in enumerate(zip(window.padded(size), window.reach)):
        if padded < reach + 1:
            k, d = window.kernel[axis], window.dilation[axis]
            raise ValueError(
                f"{name}: a kernel of {k} with dilation {d} spans {reach + 1} elements, but the "
                f"axis of {size[axis]} has {padded} with its padding (input axes {size}, kernel "
                f"{window.kernel}): pad more, or take a smaller kernel"
            )
