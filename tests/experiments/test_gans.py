"""`minidl run gan-toys` and `minidl run gan`: short runs, and what their numbers must be."""

import numpy as np
import pytest

from minidl import experiments
from minidl.experiments import gan_toys

pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")


def test_every_loss_of_the_table_moves_towards_the_ring(tmp_path):
    results = experiments.run("gan-toys", rounds=60, out=tmp_path)["results"]
    assert results["data"]["modes"] == 8 and results["data"]["share"] > 0.97
    assert set(results) == {"data", *gan_toys.VARIANTS}
    for name in gan_toys.VARIANTS:
        one = results[name]
        assert one["rounds"][-1] == 60 and len(one["w1"]) == gan_toys.LOOKS
        assert min(one["w1"]) > results["data"]["w1"]  # nobody is there after 60 rounds
    for name in ("minimax", "non-saturating", "WGAN-GP"):  # at first a point in the middle, at 2
        assert results[name]["w1"][-1] < 1.9
    assert {path.name for path in tmp_path.iterdir()} == {
        "samples.png", "distances.png", "metrics.json",
    }  # fmt: skip


def test_a_short_training_on_digits_is_better_than_none_and_worse_than_real(tmp_path):
    results = experiments.run("gan", data="digits", rounds=60, out=tmp_path)["results"]
    real, made = results["held-out"], results["GAN"]
    assert real["inception"] > 7 and real["frechet"] < 1 and real["nearest"] == 1
    assert made["frechet"] > 2 * real["frechet"] and made["copies"] < 0.1
    assert 0.1 < made["accuracy"] < results["held-out, cut down"]["accuracy"]
    assert sum(made["classes"]) == pytest.approx(1)
    assert len(results["gaps"]) == 60 and np.isfinite(results["gaps"]).all()
    assert {path.name for path in tmp_path.iterdir()} == {
        "samples.png", "neighbours.png", "walks.png", "weights.safetensors", "metrics.json",
    }  # fmt: skip
