"""`minidl run interference`: what it writes, and that gradients foretell what a step does."""

import pytest

from minidl import experiments

pytest.importorskip("matplotlib")


def test_the_files_and_the_claims(tmp_path):
    """In 30 steps: other images help, moved labels hurt, and the prediction is right within 10 %.

    In 60 steps it is off by 3 % where labels are moved, most of it in the first few.
    """
    results = experiments.run("interference", steps=30, out=tmp_path)["results"]
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "interference.png"}
    helped, hurt = results["other images"], results["labels moved"]
    assert helped["cosine"] > 0 > hurt["cosine"]
    assert helped["measured"] < 0 < hurt["measured"]
    for kind in (helped, hurt):
        assert kind["predicted"] == pytest.approx(kind["measured"], rel=0.1)
