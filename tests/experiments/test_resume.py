"""Experiments that train, broken off within the training and resumed, end with the same bits."""

import numpy as np
import pytest

from minidl import experiments
from minidl.experiments import checkpoint
from minidl.experiments.run import Run

# name -> (options that make it short, after how many steps and ends of stages it is broken off)
SHORT = {
    "autoencoders": (dict(steps=3), 7),
    "beta-vae": (dict(steps=3), 5),
    "continual": (dict(repeats=1, steps=1), 3),
    "denoising-score": (dict(steps=3), 5),
    "diffusion-toys": (dict(steps=3), 5),
    "gan-toys": (dict(rounds=8), 12),
    "matched-latents": (dict(steps=3), 18),
    "mode-collapse": (dict(steps=80), 60),
    "sinusoid-maml": (dict(iterations=3), 17),
    "vae": (dict(epochs=2), 1),
}


@pytest.mark.parametrize("name", SHORT)
def test_resumed_is_the_same(name, tmp_path, monkeypatch):
    options, last = SHORT[name]
    monkeypatch.setattr(Run, "save_figure", lambda self, name, figure: None)  # the longest part
    whole = experiments.run(name, **options, out=tmp_path / "whole")["results"]
    count = iter(range(1, 1000))

    def broken_off(method):
        def call(stage, *args):
            stage.interrupted |= next(count) == last
            return method(stage, *args)

        return call

    with monkeypatch.context() as patch:
        for method in (checkpoint.Stage.step_done, checkpoint.Stage.__exit__):
            patch.setattr(checkpoint.Stage, method.__name__, broken_off(method))
        with pytest.raises(KeyboardInterrupt, match="--resume"):
            experiments.run(name, **options, out=tmp_path / "out")
    assert not (tmp_path / "out" / "metrics.json").exists()
    resumed = experiments.run(name, out=tmp_path / "out", resume=True)["results"]
    np.testing.assert_equal(resumed, whole)
    for path in (tmp_path / "whole").glob("*.safetensors"):
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes()
