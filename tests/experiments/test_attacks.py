"""`minidl run attacks`: what holds of every run, and what it writes."""

import json

import numpy as np
import pytest

from minidl import experiments
from minidl.experiments import attacks

pytest.importorskip("matplotlib")
pytest.importorskip("safetensors")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The folder and the results of a short run."""
    folder = tmp_path_factory.mktemp("attacks")
    options = dict(images=20, steps=10, training=120)
    return folder, experiments.run("attacks", **options, out=folder)["results"]


def test_the_files(short):
    folder, results = short
    pictures = {"accuracy_against_budget.png", "images.png", "least_change.png"}
    assert {path.name for path in folder.iterdir()} == pictures | {"metrics.json"}
    assert json.loads((folder / "metrics.json").read_text())["results"] == results


def test_at_budget_0_the_accuracy_is_the_clean_one(short):
    _, results = short
    for curve in results["accuracy_against_budget"].values():
        assert {curve[name][0] for name in curve if name != "budget"} == {results["clean_accuracy"]}


def test_pgd_is_at_least_as_strong_as_bim_and_noise_at_every_budget(short):
    """As BIM by its making: its first steps are BIM's.  As FGSM it is in the full run."""
    _, results = short
    for curve in results["accuracy_against_budget"].values():
        left = {name: np.array(curve[name]) for name in curve}
        assert (left["PGD"] <= left["BIM"]).all() and (left["PGD"] <= left["noise"]).all()


def test_every_image_is_in_its_ball_and_within_its_bounds(short):
    assert short[1]["outside"] <= 1e-6


def test_carlini_and_wagner_find_less_than_pgd_needs(short):
    median = short[1]["median_distance"]
    assert median["Carlini-Wagner"] < median["PGD"]
    assert short[1]["table"]["Carlini-Wagner"]["success_rate"] == 1.0


def test_budgets_begin_at_nothing_and_rise():
    for budgets in attacks.BUDGETS.values():
        assert budgets[0] == 0 and list(budgets) == sorted(set(budgets))
