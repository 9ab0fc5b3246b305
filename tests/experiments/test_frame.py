"""The frame of experiments: options, the run's folder, what is refused and when."""

import io
import json
import sys
from types import SimpleNamespace

import pytest

from minidl import experiments
from minidl.experiments import Option, Refusal, experiment, registry
from minidl.experiments.progress import Progress


@pytest.fixture
def coin(monkeypatch):
    """An experiment 'coin': `calls` are the options it got, `trouble` is what it raises, if set."""
    monkeypatch.setattr(registry, "EXPERIMENTS", {})
    notes = SimpleNamespace(calls=[], trouble=None)

    @experiment(
        "coin", "toss a coin",
        tosses=Option(4, "how often", minimum=1),
        bias=Option(0.5, "chance of heads", above=0),
        side=Option("heads", "which side counts", choices=("heads", "tails")),
    )  # fmt: skip
    def toss(run, tosses, bias, side):
        notes.calls.append((tosses, bias, side))
        heads = run.rng.random(tosses) < bias
        run.path("tosses.txt").write_text(str(heads))
        if notes.trouble is not None:
            raise notes.trouble
        return {"heads": heads.sum(), "each": heads.astype(int)}

    return notes


def test_a_run_writes_its_files_and_its_metrics(coin, tmp_path):
    metrics = experiments.run("coin", out=tmp_path / "a", seed=3, tosses="6")
    assert coin.calls == [(6, 0.5, "heads")]
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"metrics.json", "tosses.txt"}
    assert json.loads((tmp_path / "a" / "metrics.json").read_text()) == metrics
    assert metrics["options"] == dict(seed=3, device="cpu", tosses=6, bias=0.5, side="heads")
    assert metrics["results"]["heads"] == sum(metrics["results"]["each"])
    assert {"numpy", "python", "seconds"} <= metrics["environment"].keys()
    again = experiments.run("coin", out=tmp_path / "b", seed=3, tosses=6)
    assert again["results"] == metrics["results"]


@pytest.mark.parametrize("trouble", [RuntimeError("it fell on its edge"), KeyboardInterrupt()])
def test_a_run_that_fails_changes_nothing(coin, tmp_path, trouble):
    experiments.run("coin", out=tmp_path / "runs")
    (tmp_path / "runs" / "mine.txt").write_text("not minidl's")
    before = {path.name: path.read_bytes() for path in (tmp_path / "runs").iterdir()}
    coin.trouble = trouble
    for out in ("runs", "new"):
        with pytest.raises(type(trouble)):
            experiments.run("coin", out=tmp_path / out, seed=1)
    assert {path.name: path.read_bytes() for path in (tmp_path / "runs").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_new_run_replaces_its_own_files_only(coin, tmp_path):
    (tmp_path / "mine.txt").write_text("not minidl's")
    for seed in (0, 1):
        experiments.run("coin", out=tmp_path, seed=seed)
    assert json.loads((tmp_path / "metrics.json").read_text())["options"]["seed"] == 1
    assert (tmp_path / "mine.txt").read_text() == "not minidl's"


@pytest.mark.parametrize(
    "options, words",
    [
        ({"tosses": 0}, ["--tosses", "whole number from 1", "0"]),
        ({"tosses": "many"}, ["--tosses", "whole number from 1", "'many'"]),
        ({"tosses": 2.5}, ["--tosses", "2.5"]),
        ({"bias": "0"}, ["--bias", "above 0"]),
        ({"bias": "nan"}, ["--bias", "'nan'"]),
        ({"bias": "inf"}, ["--bias", "'inf'"]),
        ({"side": "edge"}, ["--side", "'heads' or 'tails'", "'edge'"]),
        ({"toses": 3}, ["toses", "did you mean 'tosses'"]),
        ({"seed": -1}, ["--seed", "from 0"]),
        ({"device": "gpu"}, ["gpu", "cpu", "cuda"]),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_runs(coin, tmp_path, options, words):
    with pytest.raises(Refusal) as caught:
        experiments.run("coin", out=tmp_path / "out", **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not coin.calls and not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(coin, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Refusal, match="cannot write to the folder .*--out"):
            experiments.run("coin", out=out)
    assert not coin.calls


def test_a_missing_package_is_named_with_the_command_that_installs_it(coin, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "matplotlib" else name)
    with pytest.raises(Refusal, match=r'matplotlib.*pip install "minidl\[run\]"'):
        experiments.run("coin", out=tmp_path)
    assert not coin.calls


def test_an_unknown_experiment_is_answered_by_the_nearest(coin):
    with pytest.raises(Refusal, match="'coyn'; did you mean 'coin'"):
        experiments.run("coyn")
    with pytest.raises(Refusal, match="there are: coin"):
        experiments.run("something else")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_into_a_file_is_ten_lines():
    stream = io.StringIO()
    with Progress(50, "CNN", stream) as bar:
        for step in range(50):
            bar.step(loss=1 / (step + 1))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10 and "\r" not in stream.getvalue()
    assert lines[-1].startswith("CNN 100%") and lines[-1].endswith("loss 0.020")


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_progress_on_a_terminal_is_one_line_redrawn(monkeypatch, with_tqdm):
    if not with_tqdm:
        monkeypatch.setitem(sys.modules, "tqdm", None)  # makes `import tqdm` fail
    stream = Terminal()
    with Progress(5, "CNN", stream) as bar:
        for _ in range(5):
            bar.step(accuracy=0.75)
    assert stream.getvalue().count("\n") == 1
    assert "100%" in stream.getvalue() and "accuracy 0.750" in stream.getvalue()


@pytest.mark.parametrize("with_tqdm", [True, False])
@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress_may_stand_still_and_go_back(monkeypatch, stream, with_tqdm):
    if not with_tqdm:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    stream = stream()
    with Progress(1000, "data", stream) as bar:
        for amount in (0, 400, -400, 1000):
            bar.step(amount)
    assert "100%" in stream.getvalue()
