"""Arguments of optimisers, schedules and distributions: PyTorch's names, order and defaults."""

import inspect

import pytest

from minidl import distributions, optim
from minidl.optim import lr_scheduler

torch = pytest.importorskip("torch")

OURS_ALONE = {"Optimizer", "SAM", "Distribution"}  # bases, and what PyTorch lacks
# PyTorch's ways to run the same step; what only checks; here always by keyword
LEFT_OUT = {"foreach", "capturable", "differentiable", "fused", "validate_args", "maximize"}
PAIRS = {
    name: (getattr(ours, name), getattr(theirs, name))
    for ours, theirs in (
        (optim, torch.optim),
        (lr_scheduler, torch.optim.lr_scheduler),
        (distributions, torch.distributions),
    )
    for name in ours.__all__
    if name[0].isupper() and name not in OURS_ALONE
}


def parameters(kind):
    found = inspect.signature(kind.__init__).parameters
    return {name: p for name, p in found.items() if name not in LEFT_OUT}


@pytest.mark.parametrize("name", PAIRS)
def test_arguments(name):
    ours, theirs = map(parameters, PAIRS[name])
    ordered = [n for n, p in theirs.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD] == ordered
    assert ours.keys() <= theirs.keys()
    assert {n: p.default for n, p in ours.items()} == {n: theirs[n].default for n in ours}
