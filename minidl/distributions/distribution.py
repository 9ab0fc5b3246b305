"""What every distribution has: shapes, checked parameters, samples, densities.

    normal = Normal(loc, scale)          # parameters: numbers, arrays or Tensors that broadcast
    x = normal.rsample((100,))           # samples through which gradients flow to loc and scale
    normal.log_prob(x)                   # log density, differentiable in x and the parameters

`batch_shape` is the shape of the parameters: so many distributions, side by side.  `event_shape` is
the shape of one sample of one of them: () for numbers, (D,) for vectors.  A sample has the shape
sample_shape + batch_shape + event_shape, its log_prob sample_shape + batch_shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import backend
from ..graph import Tensor, tensor
from ..ops.elementwise import sqrt
from ..ops.shape import broadcast_to
from ..recording import no_grad


class Constraint(NamedTuple):
    """What must hold for a parameter or a value: in words, and for each element of an array."""

    words: str
    holds: Callable[[Any], Any]


real = Constraint("a number", lambda x: x == x)
positive = Constraint("> 0", lambda x: x > 0)
nonnegative = Constraint(">= 0", lambda x: x >= 0)
probability = Constraint("in [0, 1]", lambda x: (x >= 0) & (x <= 1))
count = Constraint("a whole number >= 0", lambda x: (x >= 0) & (x == np.floor(x)))
simplex = Constraint(
    ">= 0 and of sum 1 along the last axis",
    lambda x: (x >= 0) & (abs(x.sum(-1, keepdims=True) - 1) < 1e-5),
)


class Distribution:
    """Base of the distributions.

    constraints: parameter name -> what must hold for it.  support: what holds for samples.
    validate_args: check both; a violation raises ValueError.  With False, log_prob outside the
        support is whatever the formula gives.
    has_rsample: whether gradients flow from samples to parameters.
    """

    constraints: dict[str, Constraint] = {}
    support: Constraint = real
    has_rsample = False
    batch_shape: tuple[int, ...] = ()
    event_shape: tuple[int, ...] = ()
    validate_args = True

    # ----- what a subclass gives, besides its parameters

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density, or of the probability, at `value`."""
        raise NotImplementedError

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        """Samples as differentiable functions of the parameters: see `has_rsample`."""
        raise NotImplementedError(
            f"{self._name} has no rsample: its samples are no smooth function of its parameters; "
            "use sample() and the gradient of log_prob (score function), or a relaxed distribution"
        )

    def entropy(self) -> Tensor:
        """-E log p(x), in nats."""
        raise NotImplementedError(f"the entropy of {self._name} has no closed form")

    @property
    def mean(self) -> Tensor:
        """E x."""
        raise NotImplementedError(f"{self._name} has no mean, or none in closed form")

    @property
    def variance(self) -> Tensor:
        """E (x - E x)^2, element by element."""
        raise NotImplementedError(f"{self._name} has no variance, or none in closed form")

    # ----- what follows

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return sqrt(self.variance)

    def sample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        """Samples, of shape sample_shape + batch_shape + event_shape, without gradient.

        rng: a generator, or an int that seeds one; minidl's own (`minidl.seed`) if None.
        """
        with no_grad():
            return self.rsample(sample_shape, rng).detach()

    def __repr__(self) -> str:
        return f"{self._name}(batch_shape={self.batch_shape}, event_shape={self.event_shape})"

    # ----- for subclasses

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _parameters(self, validate_args: bool, event_ndim: int = 0, **values: Any) -> list[Tensor]:
        """The parameters as float Tensors of one shape; its last `event_ndim` axes are an event."""
        tensors = as_tensors(*values.values())
        shape = np.broadcast_shapes(*(t.shape for t in tensors))
        if len(shape) < event_ndim:
            raise ValueError(f"{self._name}: {', '.join(values)} needs {event_ndim} axes or more")
        self.validate_args = validate_args
        self.batch_shape = shape[: len(shape) - event_ndim]
        self.event_shape = shape[len(shape) - event_ndim :]
        self._like = tensors[0]
        for name, t in zip(values, tensors):
            self._check(name, t, self.constraints.get(name, real))
        return [t if t.shape == shape else broadcast_to(t, shape) for t in tensors]

    def _value(self, value: Any) -> Tensor:
        """Where to take log_prob, as a Tensor, after checking that it is in the support."""
        value = self._as_value(value)
        self._check("value", value, self.support)
        return value

    def _as_value(self, value: Any) -> Tensor:
        if not isinstance(value, Tensor):
            value = tensor(value, device=self._like.device)
        return value if value.dtype.kind == "f" else value.astype(self._like.dtype)

    def _check(self, name: str, value: Tensor, constraint: Constraint) -> None:
        if self.validate_args:
            holds, values = np.broadcast_arrays(constraint.holds(value.data), value.data)
            if not holds.all():
                bad = values[~holds]
                raise ValueError(
                    f"{self._name}: {name} must be {constraint.words}, but {bad.size} of "
                    f"{values.size} are not, the first is {bad[0]}"
                )

    def _shape(self, sample_shape: Any) -> tuple[int, ...]:
        """The shape of samples."""
        sample_shape = (sample_shape,) if isinstance(sample_shape, int) else tuple(sample_shape)
        return sample_shape + self.batch_shape + self.event_shape

    def _generator(self, rng: Any) -> Any:
        return backend.generator(self._like.device, rng)

    def _constant(self, numbers: Any) -> Tensor:
        """Random numbers as a Tensor of the parameters' dtype."""
        return Tensor(backend.xp(self._like.data).asarray(numbers, dtype=self._like.dtype))


def as_tensors(*values: Any) -> list[Tensor]:
    """Float Tensors; Python numbers and whole numbers take the dtype of the floats beside them."""
    given = [v for v in values if isinstance(v, Tensor) or backend.is_array(v)]
    floats = [v.dtype for v in given if v.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else backend.get_default_dtype()
    device = next((v.device for v in values if isinstance(v, Tensor)), None)
    made = [v if isinstance(v, Tensor) else tensor(v, dtype=dtype, device=device) for v in values]
    return [t if t.dtype.kind == "f" else t.astype(dtype) for t in made]
