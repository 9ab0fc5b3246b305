"""The experiments on diffusion and Langevin dynamics, with few steps."""

from functools import partial

import numpy as np
import pytest

from minidl import experiments
from minidl.experiments.sample_quality import Judge

pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")


@pytest.fixture
def short(monkeypatch):
    """As few samples, and as short a training of judge and VAE, as give any numbers."""
    monkeypatch.setattr(experiments.diffusion_toys, "SAMPLES", 200)
    monkeypatch.setattr(experiments.diffusion, "SAMPLES", 200)
    monkeypatch.setattr(experiments.diffusion, "VAE_EPOCHS", 1)
    monkeypatch.setattr(experiments.diffusion, "Judge", partial(Judge, steps=100))


@pytest.mark.parametrize("name", ["diffusion", "diffusion-toys"])
def test_the_device_makes_no_difference(name, device, tmp_path, monkeypatch, short):
    if device == "cpu":
        pytest.skip("the one that is compared with")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda figure, path, **_: path.touch())
    there = experiments.run(name, device=device, out=tmp_path / "there", steps=3)["results"]
    here = experiments.run(name, out=tmp_path / "here", steps=3)["results"]
    if name == "diffusion":
        there, here = ({"loss": found["loss"][-1]} for found in (there, here))
    else:
        there, here = ({law: part["loss"] for law, part in x.items()} for x in (there, here))
    assert there == pytest.approx(here, rel=1e-2)


def test_diffusion_toys(tmp_path, short):
    metrics = experiments.run("diffusion-toys", out=tmp_path, steps=60)["results"]
    assert set(metrics) == {"moons", "ring of eight", "spirals"}
    for found in metrics.values():
        distance = found["distance"]
        # untrained, v = 0 keeps the noise; the way is far from done after 60 steps, but begun
        assert distance["two samples of the law"] < distance["DDPM, 200 steps"] < 0.7
        assert found["loss"] < 1
    assert {"ways.png", "distances.png"} <= {path.name for path in tmp_path.iterdir()}


def test_diffusion(tmp_path, short):
    metrics = experiments.run("diffusion", out=tmp_path, steps=60)["results"]
    quality = metrics["quality"]
    floor, samples = quality["held-out pictures"], quality["DDPM, 200 steps"]
    assert metrics["judge"] > 0.5
    assert floor["frechet"] < samples["frechet"]
    assert metrics["loss"][-1] < metrics["loss"][0]
    assert np.sum(samples["classes"]) == pytest.approx(1)
    assert {"samples.png", "neighbours.png", "way.png", "steps.png", "weights.safetensors"} <= {
        path.name for path in tmp_path.iterdir()
    }


def test_codes_go_there_and_back():
    (pictures, _), _ = experiments.diffusion.load("fashion", np.random.default_rng(0))
    pictures = pictures[:200]
    codes = experiments.diffusion.codes_of("fashion", pictures)
    z = codes.encode(pictures)
    assert z.shape == (200, 64) and (z**2).mean() == pytest.approx(1, rel=1e-6)
    back = codes.decode(z)
    lost = ((back - pictures) ** 2).sum() / ((pictures - pictures.mean(axis=0)) ** 2).sum()
    assert back.shape == pictures.shape and lost < 0.1  # 64 components of 200 pictures hold more
    codes = experiments.diffusion.codes_of("digits", pictures)
    assert codes.decode(codes.encode(pictures)) == pytest.approx(pictures, abs=1e-6)


def test_langevin(tmp_path):
    metrics = experiments.run("langevin", out=tmp_path, steps=400)["results"]
    for row in metrics["bias"].values():
        # 2,000 chains over twenty units of time, correlated over one: standard error .01 of it
        assert row["langevin"] == pytest.approx(row["theory"], rel=0.05)
        assert row["mala"] == pytest.approx(1, rel=0.05)
    assert metrics["modes"]["Langevin"]["left"] == 0
    assert metrics["modes"]["simulated tempering"]["left"] > 0.1
    assert metrics["modes"]["parallel tempering"]["left"] > 0.1
    assert metrics["steps_until_balance"]["6"]["alone"] > 1e8
    assert metrics["steps_until_balance"]["6"]["tempered"] < 1000
