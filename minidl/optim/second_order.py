"""L-BFGS: Newton's method with a Hessian guessed from the last few steps.

Newton's step -H^-1 g solves a quadratic at once, but H has n^2 numbers.  Each step taken says a
little about H: over s = x_new - x_old the gradient changed by y = g_new - g_old, so H s = y.  BFGS
keeps a guess of H^-1, and changes it as little as will make it agree; L-BFGS keeps only the last
few pairs (s, y), and applies the matrix that they define without ever forming it.

The guess stays positive definite, and -H^-1 g a way down, if every s'y > 0.  A line search that
ends at the strong Wolfe conditions ensures it.

Source: Nocedal & Wright, Numerical Optimization (2006): algorithm 7.4, equation 7.20, and
algorithms 3.5 and 3.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..graph import Tensor
from ..ops.choices import minimum
from ..ops.elementwise import absolute
from ..ops.shape import concatenate
from ..recording import mark_changed
from .optimizer import Optimizer, evaluate


class LBFGS(Optimizer):
    """Limited-memory BFGS, for a deterministic loss: a whole batch, no dropout.

        x <- x - t H g,     H from the last `history_size` steps

    `step(closure)` makes up to `max_iter` such iterations.  The closure forgets the gradients,
    computes the loss, calls backward, and returns the loss.  All parameters are one vector x; there
    is one group.

    lr: t.  In the very first iteration, when nothing is known of H, t = lr min(1, 1 / |g|_1).
    line_search_fn: "strong_wolfe" looks for a better t, starting from that one.
    max_eval: no more iterations after so many calls of the closure; by default 1.25 max_iter.
    tolerance_grad: stop when no component of the gradient exceeds it.
    tolerance_change: stop when no component of the step, or the change of the loss, exceeds it.

    The pure `update(params, grads, states)` is one iteration without line search.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn={line_search_fn!r}: None or 'strong_wolfe'")
        super().__init__(
            params,
            lr=lr,
            max_iter=max_iter,
            max_eval=max_eval or max_iter * 5 // 4,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Take the parameters, once: they share one curvature."""
        if self.param_groups:
            raise ValueError("LBFGS: one group of parameters, because they share one curvature")
        super().add_param_group(group)

    def init(self, params: Sequence[Any]) -> list[dict[str, Any]]:
        """The state from which `update` starts: one, for all parameters together."""
        return [{"step": 0, "x": None, "g": None, "pairs": ()}]

    def update(
        self, params: Sequence[Any], grads: Sequence[Any], states: Sequence[dict], **options: Any
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        """One iteration without line search, as a function: nothing is changed."""
        settings = self._options(self.param_groups[0]) | options
        x, g = flat(params), flat(grads)
        state = remember(states[0], x, g, settings["history_size"])
        t = first_length(state, g, settings["lr"])
        x = x - t * inverse_hessian_times(g, state["pairs"])
        return split_like(x, params), [state]

    def step(self, closure: Callable[[], Any]) -> Any:
        """Up to `max_iter` iterations in place.  Returns the loss with which it began."""
        options = self.param_groups[0]
        params, tolerance = options["params"], options["tolerance_change"]
        (state,) = self.state.values() if self.state else self.init(params)
        loss_at = LossOfVector(params, closure)
        x = flat([p.data for p in params])
        first_loss = evaluate(closure)
        loss, g = float(first_loss), loss_at.gradient()

        for i in range(options["max_iter"]):
            if abs(g).max() <= options["tolerance_grad"]:
                break
            state = remember(state, x, g, options["history_size"])
            d = -inverse_hessian_times(g, state["pairs"])
            slope = dot(g, d)
            if slope > -tolerance:
                break
            before, t = loss, first_length(state, g, options["lr"])
            if options["line_search_fn"]:
                t, loss, _, g = strong_wolfe(line(loss_at, x, d), t, Point(0.0, loss, slope, g))
                x = x + t * d
            else:
                x = x + t * d
                if i + 1 == options["max_iter"]:
                    break  # the next step will look there
                loss, g = loss_at(x)
            if abs(t * d).max() <= tolerance or abs(loss - before) < tolerance:
                break
            if 1 + loss_at.calls >= options["max_eval"]:
                break
        loss_at.move_to(x)
        self.state = {params[0]: state}
        return first_loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned here (PyTorch keeps its pairs in another form)."""
        super().load_state_dict({**state_dict, "state": {}})
        if state_dict["state"]:
            self.state = {self.param_groups[0]["params"][0]: dict(state_dict["state"][0])}


class LossOfVector:
    """The loss as a function of all parameters as one vector: x -> (loss, gradient)."""

    def __init__(self, params: Sequence[Tensor], closure: Callable[[], Any]) -> None:
        self.params, self.closure, self.calls = params, closure, 0

    def __call__(self, x: Any) -> tuple[float, Any]:
        self.move_to(x)
        self.calls += 1
        return float(evaluate(self.closure)), self.gradient()

    def move_to(self, x: Any) -> None:
        """Let the parameters be x."""
        for p, value in zip(self.params, split_like(x, self.params)):
            mark_changed(p.data)
            p.data[...] = value

    def gradient(self) -> Any:
        """The gradients that the closure left, as one vector."""
        return flat([p.data * 0 if p.grad is None else p.grad.data for p in self.params])


# ------------------------------------------------------------------------ the guess of the Hessian


def remember(state: dict[str, Any], x: Any, g: Any, history_size: int) -> dict[str, Any]:
    """The state after the gradient at x turned out to be g: one more pair (s, y)."""
    pairs = state["pairs"]
    if state["step"]:
        s, y = x - state["x"], g - state["g"]
        if float((s * y).sum()) > 1e-10:  # else the guess would not stay positive definite
            pairs = (*pairs, (s, y))[-history_size:]
    return {"step": state["step"] + 1, "x": x, "g": g, "pairs": pairs}


def inverse_hessian_times(g: Any, pairs: Sequence[tuple[Any, Any]]) -> Any:
    """H g, where H is made of the pairs (s, y), from the oldest to the newest.

    Each pair changes the guess to  H <- (I - rho s y') H (I - rho y s') + rho s s',  rho = 1 / s'y,
    beginning with the multiple of I that fits the newest pair.  The product with g unrolls into one
    loop over the pairs back and one forth (Nocedal & Wright, algorithm 7.4).
    """
    alphas = []
    for s, y in reversed(pairs):
        alphas.append((s * g).sum() / (s * y).sum())
        g = g - alphas[-1] * y
    if pairs:
        s, y = pairs[-1]
        g = (s * y).sum() / (y * y).sum() * g
    for (s, y), alpha in zip(pairs, reversed(alphas)):
        g = g + (alpha - (y * g).sum() / (s * y).sum()) * s
    return g


def first_length(state: dict[str, Any], g: Any, lr: Any) -> Any:
    """The t to begin with: as no Hessian is known in the first step, that moves by at most lr."""
    return lr * minimum(1, 1 / absolute(g).sum()) if state["step"] == 1 else lr


# -------------------------------------------------------------------------------- the line search


class Point(NamedTuple):
    """The loss along a line: at length t, with its slope in t and its gradient."""

    t: float
    loss: float
    slope: float
    g: Any


def line(loss_at: LossOfVector, x: Any, d: Any) -> Callable[[float], Point]:
    """The loss along x + t d, as a function of t."""

    def along(t: float) -> Point:
        loss, g = loss_at(x + t * d)
        return Point(t, loss, dot(g, d), g)

    return along


def strong_wolfe(
    along: Callable[[float], Point],
    t: float,
    start: Point,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_calls: int = 25,
) -> Point:
    """A point of the line where the loss f has fallen enough and its slope has levelled out:

        f(t) <= f(0) + c1 t f'(0)     and     |f'(t)| <= c2 |f'(0)|.

    along: t -> Point.  start: the point at t = 0, with a negative slope.
    Returns the best point seen if `max_calls` do not suffice; it may be `start`.

    `low` is the best point so far.  Its slope points towards `high`, and between them there are
    points that satisfy both conditions; as long as there is no `high`, they lie further ahead.
    """
    low, high = start, None
    for _ in range(max_calls):
        here = along(t)
        if not (here.loss <= start.loss + c1 * t * start.slope and here.loss <= low.loss):
            high = here  # too far: the loss has risen (or is NaN)
        elif abs(here.slope) <= -c2 * start.slope:
            return here
        else:
            forward = high is None or high.t > low.t
            if here.slope > 0 if forward else here.slope < 0:
                high = low  # past the bottom of the valley
            low = here
        t = 4 * low.t if high is None else between(low, high)
    return low


def between(a: Point, b: Point) -> float:
    """Where the cubic through two points, with their slopes, is least (Nocedal & Wright, eq. 3.59).

    Kept a tenth of the interval away from its ends, so that the interval shrinks; the middle if
    there is no such cubic.
    """
    width = b.t - a.t
    d1 = a.slope + b.slope - 3 * (b.loss - a.loss) / width
    discriminant = d1 * d1 - a.slope * b.slope
    if not (math.isfinite(discriminant) and discriminant >= 0):
        return a.t + width / 2
    d2 = math.copysign(math.sqrt(discriminant), width)
    share = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
    return a.t + width * min(max(share, 0.1), 0.9)


# ------------------------------------------------------------------ many tensors as one vector


def flat(arrays: Sequence[Any]) -> Any:
    """The elements of all arrays (or Tensors) in one vector."""
    return concatenate([a.reshape(-1) for a in arrays])


def split_like(x: Any, arrays: Sequence[Any]) -> list[Any]:
    """The vector x in pieces of the shapes of `arrays`."""
    pieces, start = [], 0
    for a in arrays:
        pieces.append(x[start : start + a.size].reshape(a.shape))
        start += a.size
    return pieces


def dot(a: Any, b: Any) -> float:
    """The inner product, as a Python number."""
    return float((a * b).sum())
