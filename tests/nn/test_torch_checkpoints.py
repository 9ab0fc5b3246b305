"""Checkpoints that PyTorch wrote load and give the same outputs; ours load in PyTorch.

They come from tests/reference/make_torch_checkpoints.py.
"""

import pathlib

import numpy as np
import pytest

import minidl
from minidl import nn
from tests.nn.models import MODELS

FOLDER = pathlib.Path(__file__).parents[1] / "reference" / "checkpoints"

pytest.importorskip("safetensors")


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_of_pytorch_gives_the_same_outputs(name):
    state = minidl.load(FOLDER / f"{name}.safetensors")
    x, expected = state.pop(" input"), state.pop(" output")
    model = MODELS[name](nn).eval()
    assert model.load_state_dict(state) == ([], [])
    y = model(x)
    y = y[0] if isinstance(y, tuple) else y
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.detach().numpy(), expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_of_ours_gives_the_same_outputs_in_pytorch(name, tmp_path):
    torch = pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.torch").load_file
    minidl.seed(0)
    model = MODELS[name](nn)
    x = minidl.load(FOLDER / f"{name}.safetensors")[" input"]
    model(x)  # in training, for the running statistics
    minidl.save(tmp_path / "model.safetensors", model.state_dict())
    theirs = MODELS[name](torch.nn).eval()
    theirs.load_state_dict(load_file(tmp_path / "model.safetensors"))
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x.numpy()))
    y = model.eval()(x)
    if isinstance(y, tuple):
        y, expected = y[0], expected[0]
    np.testing.assert_allclose(y.detach().numpy(), expected.numpy(), atol=1e-5)
