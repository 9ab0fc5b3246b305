"""`minidl run classifier`: what it writes, that a seed decides, that it beats its baseline."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

import minidl
from minidl import experiments
from minidl.data import fashion_mini
from minidl.experiments import Refusal, classifier

pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")

PICTURES = ("learning_curves", "confusion_matrix", "first_layer_filters", "misclassified")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The folder and the metrics of a run of one epoch."""
    folder = tmp_path_factory.mktemp("classifier")
    return folder, experiments.run("classifier", epochs=1, seed=3, out=folder)


def test_the_files(short):
    folder, metrics = short
    names = {f"{name}.png" for name in PICTURES} | {"weights.safetensors", "metrics.json"}
    assert {path.name for path in folder.iterdir()} == names
    for name in PICTURES:
        content = (folder / f"{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) > 5000
    assert json.loads((folder / "metrics.json").read_text()) == metrics


def test_the_metrics(short):
    _, metrics = short
    assert metrics["options"]["epochs"] == 1 and metrics["options"]["seed"] == 3
    results = metrics["results"]
    confusion = np.array(results["confusion"])
    np.testing.assert_array_equal(confusion.sum(axis=1), [50] * 10)
    assert np.trace(confusion) / 500 == results["CNN"]["test_accuracy"]
    for model, parameters in (("logistic regression", 7850), ("CNN", 421_738)):
        assert results[model]["parameters"] == parameters
        assert set(results[model]["curves"]) == set(classifier.CURVES)
        assert all(len(values) == 1 for values in results[model]["curves"].values())
        # one epoch already teaches ten classes something: chance is .1, with sigma .013
        assert 0.3 < results[model]["test_accuracy"] < 1


def test_the_weights_give_the_reported_accuracy(short):
    folder, metrics = short
    network = classifier.cnn()
    weights = minidl.load(folder / "weights.safetensors")
    assert weights["0.weight"].shape == (32, 1, 3, 3) and weights["13.bias"].shape == (10,)
    network.load_state_dict(weights)
    x, _ = fashion_mini("train")
    images, labels = fashion_mini("test")
    logits = classifier.predict(network, (images - x.mean()) / x.std())
    assert classifier.accuracy(logits, labels) == metrics["results"]["CNN"]["test_accuracy"]


def test_the_seed_decides(short, tmp_path):
    _, metrics = short
    again = experiments.run("classifier", epochs=1, seed=3, out=tmp_path)
    assert again["results"] == metrics["results"]
    other = experiments.run("classifier", epochs=1, seed=4, out=tmp_path)
    assert other["results"]["CNN"] != metrics["results"]["CNN"]


def test_validation_images_are_set_aside_and_test_images_are_not_touched():
    train, validation, test = classifier.load("mini", np.random.default_rng(0))
    assert [len(labels) for _, labels in (train, validation, test)] == [1800, 200, 500]
    seen = {image.tobytes() for image in train[0]}
    assert not any(image.tobytes() in seen for part in (validation, test) for image in part[0])
    np.testing.assert_array_equal(test[1], fashion_mini("test")[1])


def test_a_missing_full_set_is_refused_with_the_command_that_gets_it(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    monkeypatch.setattr("minidl.data.find.SYSTEM", tmp_path / "none")
    with pytest.raises(Refusal, match="apt-get install dataset-fashion-mnist"):
        experiments.run("classifier", data="full", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_learning_rate_that_is_too_large_is_named(tmp_path):
    with np.errstate(all="ignore"), pytest.raises(Refusal, match="smaller --lr"):
        experiments.run("classifier", epochs=1, lr=1e30, out=tmp_path / "out")


def test_ctrl_c_ends_the_command_cleanly(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "minidl", "run", "classifier", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline().startswith("logistic regression")  # training has begun
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in errors.splitlines()[-1] and "--resume" in errors.splitlines()[-1]
    assert not (out / "metrics.json").exists()


def test_accuracy_and_baseline(tmp_path):
    """Mean test accuracy over three seeds at least .85, and each above logistic regression.

    The seeds are fixed, and on one machine so is the result: .874, .878, .880 against .840, .828,
    .836.  Elsewhere rounding makes other runs of it; the mean is then off by about .005, and .85
    is five of these away.  The smallest lead, .034, is of two models on the same 500 images.
    """
    scores = []
    for seed in (0, 1, 2):
        results = experiments.run("classifier", seed=seed, out=tmp_path)["results"]
        scores.append([results[m]["test_accuracy"] for m in ("CNN", "logistic regression")])
    cnn, logistic = np.transpose(scores)
    assert cnn.mean() >= 0.85
    assert (cnn > logistic).all()
