"""Recurrent layers, stacked and in both directions, and their single steps.

The loops over time, and the gradients back through them, are in `ops/recurrent.py`.
"""

from __future__ import annotations

import math
from typing import Any

from .. import backend
from ..graph import Tensor
from ..ops.recurrent import gru, lstm, rnn
from ..ops.shape import concatenate, expand_dims, flip, squeeze, stack, swapaxes
from . import functional as F
from . import init
from .module import Module
from .parameter import empty_parameter

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}

# What a step is given besides its input, and returns: h, or for LSTM (h, c).
State = Tensor | tuple[Tensor, Tensor]


def run(mode: str, x: Tensor, state: tuple[Tensor, ...], weights: list) -> tuple[Tensor, tuple]:
    """One layer in one direction.

    x: (T, N, input), state: (h,) or (h, c), weights: w_ih, w_hh, b_ih, b_hh, w_hr, None where there
    is none.  Returns all states (T, N, H) and the last state.
    """
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    if mode == "GRU":
        ys = gru(F.linear(x, w_ih, b_ih), *state, w_hh, b_hh)
        return ys, (ys[-1],)
    gates = F.linear(x, w_ih, b_ih if b_hh is None else b_ih + b_hh)
    if mode == "LSTM":
        ys, c = lstm(gates, *state, w_hh, w_hr)
        return ys, (ys[-1], c)
    ys = rnn(gates, *state, w_hh, mode.removeprefix("RNN_").lower())
    return ys, (ys[-1],)


def zeros_like_state(x: Tensor, *shape: int) -> Tensor:
    """A state of zeros, of the dtype and on the device of x."""
    return Tensor(backend.zeros(shape, x.dtype, x.data))


class RNNBase(Module):
    """What RNN, LSTM and GRU share.

    Layer k has, in each direction (the second one's names end in _reverse),
        weight_ih_l{k}: (gates H, input_size or, after the first layer, outputs of the layer below)
        weight_hh_l{k}: (gates H, H),  bias_ih_l{k} and bias_hh_l{k}: (gates H,)
        weight_hr_l{k}: (proj_size, H), for an LSTM with a projection
    with gates 4 for LSTM (i, f, g, o), 3 for GRU (r, z, n) and 1 for RNN.  All start uniform on
    [-1/sqrt(H), 1/sqrt(H)].

    batch_first: the input is (N, T, input_size), not (T, N, input_size).
    dropout: in training, what is dropped from the output of each layer but the last.
    bidirectional: a second direction reads the sequence from its end; outputs stand side by side.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        if proj_size and (mode != "LSTM" or not 0 < proj_size < hidden_size):
            raise ValueError(
                f"proj_size {proj_size}: only an LSTM has a projection, to less than its "
                f"hidden_size {hidden_size}"
            )
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional, self.proj_size = dropout, bidirectional, proj_size
        gates, outputs = GATES[mode] * hidden_size, proj_size or hidden_size
        shapes = {"weight_ih": None, "weight_hh": (gates, outputs)}
        if bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if proj_size:
            shapes["weight_hr"] = (proj_size, hidden_size)
        for layer in range(num_layers):
            below = input_size if layer == 0 else outputs * len(self._directions())
            shapes["weight_ih"] = (gates, below)
            for suffix in self._directions():
                for name, shape in shapes.items():
                    parameter = empty_parameter(shape, dtype, device)
                    setattr(self, f"{name}_l{layer}{suffix}", parameter)
        self.reset_parameters(rng)

    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def reset_parameters(self, rng: Any = None) -> None:
        """Draw the initial values again."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            rng = backend.generator(parameter.device, rng)
            init.uniform_(parameter, -bound, bound, rng)

    def forward(self, input: Tensor, hx: State | None = None) -> tuple[Tensor, State]:
        """All outputs of the last layer, and the last states of all layers.

        input: (T, N, input_size), (N, T, input_size) with batch_first, or (T, input_size).
        hx: the states before the first step, zeros unless given: (layers * directions, N, H), of an
            LSTM a pair (h, c), of which h has H = proj_size if there is one.  Without N in the
            input, without N here.
        Returns (T, N, directions * H), batch first if the input is, and states as hx.
        """
        batched = input.ndim == 3
        self._check(input)
        x = input if batched else expand_dims(input, 1)
        x = swapaxes(x, 0, 1) if batched and self.batch_first else x
        states = self._states(x, hx, batched)
        last = []
        for layer in range(self.num_layers):
            outputs = []
            for d, suffix in enumerate(self._directions()):
                number = layer * len(self._directions()) + d
                names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
                weights = [getattr(self, f"{n}_l{layer}{suffix}", None) for n in names]
                start = tuple(s[number] for s in states)
                ys, end = run(self.mode, flip(x, 0) if suffix else x, start, weights)
                outputs.append(flip(ys, 0) if suffix else ys)
                last.append(end)
            x = concatenate(outputs, axis=2) if self.bidirectional else outputs[0]
            if layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        ends = [stack(part) for part in zip(*last)]
        if not batched:
            x, ends = squeeze(x, 1), [squeeze(end, 1) for end in ends]
        elif self.batch_first:
            x = swapaxes(x, 0, 1)
        return x, tuple(ends) if self.mode == "LSTM" else ends[0]

    def _check(self, input: Tensor) -> None:
        if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
            order = "N, T" if self.batch_first else "T, N"
            raise ValueError(
                f"{type(self).__name__}: input {input.shape} must be ({order}, {self.input_size}) "
                f"or (T, {self.input_size})"
            )

    def _states(self, x: Tensor, hx: State | None, batched: bool) -> tuple[Tensor, ...]:
        """The states before the first step, (layers * directions, N, H) each."""
        count = self.num_layers * len(self._directions())
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)
        shapes = [(count, x.shape[1], size) for size in sizes[: 1 + (self.mode == "LSTM")]]
        if hx is None:
            return tuple(zeros_like_state(x, *shape) for shape in shapes)
        states = tuple(hx) if self.mode == "LSTM" else (hx,)
        if not batched:
            states = tuple(expand_dims(s, 1) for s in states)
        if [s.shape for s in states] != shapes:
            raise ValueError(
                f"{type(self).__name__}: the states {[s.shape for s in states]} must be {shapes}"
            )
        return states

    def extra_repr(self) -> str:
        """The sizes, and what is not the default."""
        shown = f"{self.input_size}, {self.hidden_size}"
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False}
        usual |= {"dropout": 0.0, "bidirectional": False}
        for name, default in usual.items():
            if getattr(self, name) != default:
                shown += f", {name}={getattr(self, name)}"
        return shown


class RNN(RNNBase):
    """The plain recurrent network: h_t = f(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh).

    nonlinearity: f, 'tanh' or 'relu'.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        self.nonlinearity = checked(nonlinearity)
        how = num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        super().__init__(f"RNN_{nonlinearity.upper()}", input_size, hidden_size, *how, rng=rng)


class LSTM(RNNBase):
    """Long short-term memory; the formulas are those of `ops.recurrent.lstm`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        how = num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype
        super().__init__("LSTM", input_size, hidden_size, *how, rng=rng)


class GRU(RNNBase):
    """The gated recurrent unit; the formulas are those of `ops.recurrent.gru`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        how = num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        super().__init__("GRU", input_size, hidden_size, *how, rng=rng)


def checked(nonlinearity: str) -> str:
    """A plain network's nonlinearity; ValueError if there is no such."""
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}")
    return nonlinearity


# ---------------------------------------------------------------------------------- single steps


class RNNCellBase(Module):
    """One step of a recurrent layer, for loops of one's own.

    weight_ih: (gates H, input_size), weight_hh: (gates H, H), bias_ih and bias_hh: (gates H,).
    """

    mode: str

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates = GATES[self.mode] * hidden_size
        self.weight_ih = empty_parameter((gates, input_size), dtype, device)
        self.weight_hh = empty_parameter((gates, hidden_size), dtype, device)
        self.bias_ih = empty_parameter((gates,), dtype, device) if bias else None
        self.bias_hh = empty_parameter((gates,), dtype, device) if bias else None
        self.reset_parameters(rng)

    reset_parameters = RNNBase.reset_parameters

    def forward(self, input: Tensor, hx: State | None = None) -> State:
        """The state after a step: h (N, H), of an LSTMCell the pair (h, c).

        input: (N, input_size) or (input_size,); hx: the state before, zeros unless given.
        """
        batched = input.ndim == 2
        x = expand_dims(input, 0) if batched else input.reshape(1, 1, -1)
        if x.shape[-1] != self.input_size:
            raise ValueError(f"{type(self).__name__}: input {input.shape} for {self.input_size}")
        count = 2 if self.mode == "LSTM" else 1
        if hx is None:
            before = (zeros_like_state(x, x.shape[1], self.hidden_size),) * count
        else:
            before = tuple(hx) if count == 2 else (hx,)
            before = before if batched else tuple(expand_dims(s, 0) for s in before)
        weights = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None]
        _, after = run(self.mode, x, before, weights)
        after = after if batched else tuple(squeeze(s, 0) for s in after)
        return after if count == 2 else after[0]

    def extra_repr(self) -> str:
        """The sizes."""
        shown = f"{self.input_size}, {self.hidden_size}"
        return shown if self.bias else f"{shown}, bias=False"


class RNNCell(RNNCellBase):
    """h' = f(W_ih x + b_ih + W_hh h + b_hh), f tanh or relu."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: str | None = None,
        dtype: Any = None,
        *,
        rng: Any = None,
    ) -> None:
        self.mode = f"RNN_{checked(nonlinearity).upper()}"
        super().__init__(input_size, hidden_size, bias, device, dtype, rng=rng)


class LSTMCell(RNNCellBase):
    """One step of `ops.recurrent.lstm`: cell(x, (h, c)) is (h', c')."""

    mode = "LSTM"


class GRUCell(RNNCellBase):
    """One step of `ops.recurrent.gru`."""

    mode = "GRU"
