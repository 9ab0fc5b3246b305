"""Have PyTorch train some models for a few steps and save them as safetensors.

    python -m tests.reference.make_torch_checkpoints

needs torch 2.13 and safetensors, and writes tests/reference/checkpoints/: each model's state_dict,
and with it, under the names " input" and " output", what it then makes of an input in use.
"""

from __future__ import annotations

import pathlib

import torch
from safetensors.torch import save_file

from tests.nn.models import INPUTS, MODELS

FOLDER = pathlib.Path(__file__).with_name("checkpoints")


def output(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The model's output, without the states that a recurrent one returns beside it."""
    y = model(x)
    return y[0] if isinstance(y, tuple) else y


def main() -> None:
    """Train and save."""
    torch.manual_seed(0)
    for name, make in MODELS.items():
        model = make(torch.nn)
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(5):  # so that running statistics and weights are not those of the start
            optimiser.zero_grad()
            output(model, torch.randn(INPUTS[name])).square().mean().backward()
            optimiser.step()
        model.eval()
        x = torch.randn(INPUTS[name])
        with torch.no_grad():
            extra = {" input": x, " output": output(model, x).contiguous()}
        save_file({**model.state_dict(), **extra}, FOLDER / f"{name}.safetensors")


if __name__ == "__main__":
    main()
