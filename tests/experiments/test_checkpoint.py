"""A run that is interrupted and resumed ends with the bits of one that was not."""

import json
import signal

import numpy as np
import pytest

import minidl
from minidl import experiments, nn, optim
from minidl.cli import main
from minidl.data import DataLoader, TensorDataset
from minidl.experiments import Option, Refusal, checkpoint, classifier, experiment, registry
from minidl.nn import functional as F

EPOCHS, STEPS = 2, 4  # a pass over 10 examples in batches of 3
WHOLE = 2 * EPOCHS * STEPS  # two stages


def jitter(x, y, rng):
    return x + rng.standard_normal(x.shape).astype("float32"), y


@pytest.fixture
def walk(monkeypatch):
    """An experiment of two stages that uses all there is to resume.

    `trouble[n]` is called in the middle of step n (from 1) of a run.
    """
    monkeypatch.setattr(registry, "EXPERIMENTS", {})
    trouble = {}

    def train(run, name, step):
        x = run.rng.standard_normal((10, 4), dtype=np.float32)  # drawn between the stages
        loader = DataLoader(
            TensorDataset(x, x.sum(axis=1, keepdims=True)), 3, shuffle=True, transform=jitter,
            prefetch=2, rng=run.rng,
        )  # fmt: skip
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))
        optimiser = optim.AdamW(model.parameters(), lr=0.1)
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS * STEPS)
        log = {"epoch": 0, "losses": []}
        parts = dict(model=model, optimiser=optimiser, schedule=schedule, loader=loader)
        with run.stage(name, log, **parts) as stage:
            while log["epoch"] < EPOCHS:
                for inputs, target in loader:
                    loss = F.mse_loss(model(inputs), target)
                    optimiser.zero_grad()
                    loss.backward()
                    step[0] += 1
                    trouble.get(step[0], lambda: None)()
                    optimiser.step()
                    schedule.step()
                    log["losses"].append(loss.item() + 1e-3 * run.rng.random())
                    stage.step_done()
                log["epoch"] += 1
        return log["losses"], model

    @experiment("walk", "two short stages", pace=Option(1.0, "unused"), size=Option(None, "", int))
    def function(run, pace, size):
        step = [0]
        first, _ = train(run, "first", step)
        second, model = train(run, "second", step)
        run.save_weights("weights", model.state_dict())
        return {"losses": first + second, "last": minidl.random.normal(size=3).numpy()}

    return trouble


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def result(folder):
    """All that a run has computed: its numbers and its weights, to the bit."""
    return json.loads((folder / "metrics.json").read_text())["results"], (
        folder / "weights.safetensors"
    ).read_bytes()


@pytest.fixture
def whole(walk, tmp_path):
    experiments.run("walk", seed=5, out=tmp_path / "whole")
    return result(tmp_path / "whole")


@pytest.mark.parametrize("at", range(1, WHOLE + 1))
def test_ctrl_c_in_any_step_costs_no_bit(walk, whole, tmp_path, at):
    out = tmp_path / "out"
    walk[at] = ctrl_c
    with pytest.raises(KeyboardInterrupt, match="minidl run walk --resume --out"):
        experiments.run("walk", seed=5, out=out)
    assert [path.name for path in out.iterdir()] == ["checkpoint.npz"]
    walk.clear()
    experiments.run("walk", out=out, resume=True)
    assert result(out) == whole
    assert {path.name for path in out.iterdir()} == {"metrics.json", "weights.safetensors"}


def test_interrupted_again_and_again(walk, whole, tmp_path):
    walk[3] = ctrl_c  # a resumed run counts its own steps
    for attempt in range(WHOLE):
        try:
            experiments.run("walk", seed=5, out=tmp_path / "out", resume=attempt > 0)
            break
        except KeyboardInterrupt:
            pass
    assert attempt == 5 and result(tmp_path / "out") == whole


@pytest.mark.parametrize("at", [2, 7, 12])
def test_a_crash_goes_back_to_the_last_save(walk, whole, tmp_path, monkeypatch, at):
    def crash():
        raise RuntimeError("the power failed")

    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN_SAVES", -1)
    walk[at] = crash
    with pytest.raises(RuntimeError, match="power"):
        experiments.run("walk", seed=5, out=tmp_path / "out")
    (tmp_path / "out" / ".unfinished-x").mkdir()  # a killed run leaves its folder
    walk.clear()
    experiments.run("walk", out=tmp_path / "out", resume=True)
    assert result(tmp_path / "out") == whole
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_second_ctrl_c_is_obeyed_at_once(walk, tmp_path):
    before = signal.getsignal(signal.SIGINT)  # what it is in a background process
    walk[2] = lambda: (ctrl_c(), ctrl_c())
    with pytest.raises(KeyboardInterrupt):
        experiments.run("walk", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_the_command_says_how_to_go_on(walk, tmp_path, capsys):
    walk[2] = ctrl_c
    out = ["--out", str(tmp_path / "out")]
    assert main(["run", "walk", "--pace", "2", *out]) == 130
    error = capsys.readouterr().err
    assert "minidl run walk --resume --out" in error and "Traceback" not in error
    walk.clear()
    assert main(["run", "walk", "--resume", *out]) == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["options"] == {"seed": 0, "device": "cpu", "pace": 2.0, "size": None}


def test_what_does_not_fit_the_interrupted_run_is_refused(walk, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Refusal, match="no interrupted run in .*out"):
        experiments.run("walk", out=out, resume=True)
    assert not out.exists()
    walk[2] = ctrl_c
    with pytest.raises(KeyboardInterrupt):
        experiments.run("walk", seed=5, pace=2, out=out)
    for option, message in (({"seed": 6}, "--seed 5"), ({"pace": 1.0}, "--pace 2.0")):
        with pytest.raises(Refusal, match=f"the interrupted run had {message}"):
            experiments.run("walk", out=out, resume=True, **option)
    experiment("other", "another")(lambda run: {})
    with pytest.raises(Refusal, match="not of an interrupted run of 'other'"):
        experiments.run("other", out=out, resume=True)
    (out / "checkpoint.npz").write_bytes((out / "checkpoint.npz").read_bytes()[:1000])
    with pytest.raises(Refusal, match="truncated"):
        experiments.run("walk", out=out, resume=True)


def test_a_new_run_leaves_an_older_checkpoint_until_it_has_its_own(walk, whole, tmp_path, capsys):
    out = tmp_path / "out"
    walk[6] = ctrl_c
    with pytest.raises(KeyboardInterrupt):
        experiments.run("walk", seed=5, out=out)
    kept = (out / "checkpoint.npz").read_bytes()

    def fail():
        raise Refusal("the weather is bad")

    walk[1] = fail
    with pytest.raises(Refusal, match="weather"):
        experiments.run("walk", seed=1, out=out)
    assert "--resume would go on with it" in capsys.readouterr().out
    assert (out / "checkpoint.npz").read_bytes() == kept
    walk.clear()
    experiments.run("walk", out=out, resume=True)
    assert result(out) == whole


@pytest.mark.parametrize("at", [2, 5, 8, 12])
def test_the_classifier_is_resumed_to_the_bit(tmp_path, monkeypatch, at):
    """Logistic regression takes steps 1 to 6, the network 7 to 12; 3 make an epoch."""
    load = classifier.load

    def load_less(data, rng):
        parts = load(data, rng)
        return [(x[:200], y[:200]) for x, y in parts]

    def smaller():
        return nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Dropout(0.3), nn.Linear(8 * 14 * 14, 10),
        )  # fmt: skip

    monkeypatch.setattr(classifier, "load", load_less)
    monkeypatch.setattr(classifier, "cnn", smaller)
    monkeypatch.setattr(classifier, "draw", lambda *_: None)
    step_done, count = checkpoint.Stage.step_done, [0]

    def step_done_or_interrupted(self):
        count[0] += 1
        if count[0] == at:
            ctrl_c()
        step_done(self)

    def run(folder, **options):
        experiments.run("classifier", out=tmp_path / folder, **options)

    run("whole", epochs=2, seed=3)
    monkeypatch.setattr(checkpoint.Stage, "step_done", step_done_or_interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("out", epochs=2, seed=3)
    assert count[0] == at
    run("out", resume=True)
    assert count[0] == 12
    assert result(tmp_path / "out") == result(tmp_path / "whole")
