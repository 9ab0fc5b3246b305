"""`minidl run explain`: what it writes, and that explanations name what matters."""

import pytest

from minidl import experiments
from minidl.experiments import explain

pytest.importorskip("matplotlib")


def test_the_files_and_what_the_explanations_are_worth(tmp_path, monkeypatch):
    """A classifier of 80 steps; less of the answer is left than when pixels go at random.

    The bar is three standard errors; with the full training the lead is .54 and more, the standard
    errors .04.
    """
    monkeypatch.setattr(explain, "JUDGED", 12)
    monkeypatch.setattr(explain, "DRAWS", 100)
    monkeypatch.setattr(explain, "LIME_DRAWS", (50, 200))
    monkeypatch.setattr(explain, "STEPS", 50)
    metrics = experiments.run("explain", steps=80, out=tmp_path)
    pictures = {f"{name}.png" for name in ("attributions", "deletion", "examples", "units")}
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json"} | pictures
    results = metrics["results"]
    left = results["attribution"]["probability left"]
    for name in ("saliency x image", "SmoothGrad x image", "integrated gradients", "LIME"):
        error = (left[name]["error"] ** 2 + left["random"]["error"] ** 2) ** 0.5
        assert left[name]["left"] < left["random"]["left"] - 3 * error
    assert results["attribution"]["completeness"] < 0.1
    assert results["LIME"]["200"]["spread"] < results["LIME"]["50"]["spread"]
    assert 0.3 < results["rules"]["fidelity"] <= 1 and results["rules"]["rules"]
    assert results["units"]["made input over best image"] > 1
