"""On which device a test runs: a test that takes the `device` fixture runs once on each.

    pytest                      on NumPy and on the strict double of CuPy
    pytest --backend numpy      on NumPy alone; or strict, alone
    pytest --backend cupy       on a GPU; skipped, with the reason, where CuPy finds none

    def test_sum(device):
        x = minidl.tensor([1.0, 2.0], device=device)
        assert x.sum().item() == 3.0

Tests without the fixture are not about devices and run as they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # with a process a core, a second thread is in the way
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when NumPy is imported

import numpy as np

from minidl import backend
from minidl.graph import Tensor, tensor

from .strict import StrictArray, cupy, cupyx

DEVICES = {"numpy": "cpu", "strict": "strict", "cupy": "cuda"}

backend.register(StrictArray, "strict", cupy)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backend", choices=DEVICES, help="run device tests on this one alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--backend")
        backends = [chosen] if chosen else ["numpy", "strict"]
        metafunc.parametrize("device", [DEVICES[name] for name in backends], indirect=True)


@pytest.fixture
def leaf() -> Callable[..., Tensor]:
    """Makes float64 leaves of a shape, with values in [0.5, 1.5]."""
    rng = np.random.default_rng(11)
    return lambda *shape: tensor(rng.uniform(0.5, 1.5, shape), requires_grad=True)


@pytest.fixture
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The device to make tensors on: 'cpu', 'strict' or 'cuda'."""
    if request.param == "strict":  # what minidl imports from CuPy beside its namespace
        monkeypatch.setitem(sys.modules, "cupyx", cupyx)
        monkeypatch.setitem(sys.modules, "cupyx.scipy.special", cupyx.scipy.special)
    if request.param == "cuda":
        try:
            backend.namespace("cuda")
        except RuntimeError as error:
            pytest.skip(f"--backend cupy: {error}")
    return request.param
