"""Have PyTorch run every row of the table of layers, and store what it gave.

    python -m tests.reference.make_torch_reference

needs torch 2.13 (CPU) and writes tests/reference/torch_nn.npz, against which the tests compare
whether PyTorch is installed or not.  For each row and mode there is one vector: outputs, gradients
and buffers one after the other; `layout` says what is where, and `states` the keys and shapes of
each row's state_dict.
"""

from __future__ import annotations

import json
import pathlib
import warnings

import numpy as np
import torch

from tests.nn.rows import ROWS
from tests.nn.running import compared, run

FILE = pathlib.Path(__file__).with_name("torch_nn.npz")


class Torch:
    """What a run needs of PyTorch."""

    nn = torch.nn

    @staticmethod
    def float64(module):
        return module.double()

    @staticmethod
    def shapes(module):
        return {
            name: (tuple(t.shape), str(t.dtype).removeprefix("torch."))
            for name, t in module.state_dict().items()
        }

    @staticmethod
    def load(module, state):
        module.load_state_dict({name: torch.tensor(x) for name, x in state.items()})

    @staticmethod
    def leaf(array):
        return torch.tensor(array, requires_grad=True)

    @staticmethod
    def constant(array):
        return torch.tensor(array)

    is_tensor = staticmethod(torch.is_tensor)

    @staticmethod
    def array(tensor):
        return tensor.detach().numpy().copy()

    @staticmethod
    def grad(outputs, inputs, incoming):
        incoming = [torch.tensor(g) for g in incoming]
        return torch.autograd.grad(outputs, inputs, incoming, allow_unused=True)


def reference() -> tuple[dict, dict, dict]:
    """The vectors, the layout of each, and the states."""
    vectors, layout, states = {}, {}, {}
    for row in ROWS:
        for mode in compared(row):
            with warnings.catch_warnings(action="ignore"):
                found = run(row, Torch, training=mode == "train")
            key = f"{row.name} | {mode}"
            vectors[key] = np.concatenate([x.astype(float).ravel() for x in found.values()])
            layout[key] = {name: x.shape for name, x in found.items()}
        if row.is_module and not row.ours:
            made = row.make(torch.nn)
            states[row.name] = {k: [*shape] for k, (shape, _) in Torch.shapes(made).items()}
    return vectors, layout, states


def main() -> None:
    """Write the file."""
    vectors, layout, states = reference()
    np.savez_compressed(FILE, layout=json.dumps(layout), states=json.dumps(states), **vectors)
    print(f"{len(vectors)} runs of torch {torch.__version__}: {FILE.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
