"""The experiments of meta-learning, run for a moment: what they write, and what they refuse."""

import json

import numpy as np
import pytest

from minidl import experiments
from minidl.data import DataNotFoundError
from minidl.experiments import Refusal, fewshot

pytest.importorskip("matplotlib")


def test_sinusoid_maml_writes_its_figures_and_the_error_after_each_step(tmp_path, capsys):
    metrics = experiments.run("sinusoid-maml", out=tmp_path, iterations=2, shots=5)
    files = {"learning_speed.png", "waves.png", "maml.safetensors", "metrics.json"}
    assert {path.name for path in tmp_path.iterdir()} == files
    results = json.loads((tmp_path / "metrics.json").read_text())["results"]
    assert results == metrics["results"]
    assert results["best_single_answer"] == pytest.approx(3.006, abs=1e-3)
    for name in ("MAML", "first order", "Reptile", "ANIL", "joint training"):
        assert len(results[name]["squared_error"]) == 11
    assert results["oracle"] < 1e-6  # five points of a wave without noise
    for name in ("learned rates", "evolution"):  # for one step
        assert len(results[name]["squared_error"]) == 2
    first = [results[name]["squared_error"][0] for name in ("MAML", "joint training")]
    assert first == pytest.approx(first[:1] * 2, rel=0.05)  # from the same start
    assert "1,000 new waves, 5 points" in capsys.readouterr().out


def test_fewshot_writes_its_figures_and_the_accuracy_after_each_step(tmp_path, capsys):
    rng = np.random.default_rng(0)
    bits = np.packbits(rng.integers(0, 2, (24 * 12, 784), np.uint8), axis=1)
    np.savez(tmp_path / "letters.npz", x=bits, y=np.repeat(np.arange(24), 12))
    out = tmp_path / "out"
    metrics = experiments.run(
        "fewshot",
        out=out,
        data=str(tmp_path / "letters.npz"),
        iterations=2,
        ways=3,
        shots=2,
        tests=40,
    )
    files = {"learning_speed.png", "tasks.png", "maml.safetensors", "metrics.json"}
    assert {path.name for path in out.iterdir()} == files
    for name in ("MAML", "first order", "Reptile", "ANIL", "joint training", "untrained"):
        assert len(metrics["results"][name]["accuracy"]) == 11
    nearest = metrics["results"]["nearest_drawing"]
    assert nearest == pytest.approx(1 / 3, abs=0.06)  # characters of noise have no likeness
    assert "72 characters to train on, 6 to test on" in capsys.readouterr().out


def test_fewshot_refuses_characters_that_are_not_there_or_too_few(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    monkeypatch.setattr("minidl.data.find.SYSTEM", tmp_path)
    with pytest.raises(Refusal, match="'omniglot' .* was not found"):
        experiments.run("fewshot", out=tmp_path / "a", data="omniglot")
    with pytest.raises(Refusal, match="letters.npz: not any, omniglot or strokes"):
        experiments.run("fewshot", out=tmp_path / "a", data="letters.npz")
    bits = np.zeros((4 * 5, 98), np.uint8)
    np.savez(tmp_path / "few.npz", x=bits, y=np.repeat(np.arange(4), 5))
    with pytest.raises(Refusal, match="5 ways .* 1 characters with 5 drawings"):
        experiments.run("fewshot", out=tmp_path / "a", data=str(tmp_path / "few.npz"))


def test_fewshot_takes_omniglot_where_it_is_found_and_invents_characters_elsewhere(monkeypatch):
    found = {"train": np.ones((3, 20, 28, 28)), "test": np.zeros((2, 20, 28, 28))}
    monkeypatch.setattr(fewshot.characters, "omniglot", found.__getitem__)
    invent = lambda count, drawings, rng: np.zeros((count, drawings, 28, 28))
    monkeypatch.setattr(fewshot.characters, "invented", invent)
    source, known, new = fewshot.load("any", np.random.default_rng(0))
    assert source == "Omniglot" and known.min() == 1 and new.max() == 0
    assert known.shape == (12, 20, 14, 14) and new.shape == (2, 20, 14, 14)  # turned, and not

    def missing(split):
        raise DataNotFoundError(split)

    monkeypatch.setattr(fewshot.characters, "omniglot", missing)
    source, known, new = fewshot.load("any", np.random.default_rng(0))
    assert source == "Invented characters" and (len(known), len(new)) == (1000, 200)
