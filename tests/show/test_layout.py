"""The layered layout: what must hold for any graph, and for graphs whose best drawing is known."""

import itertools

import numpy as np
import pytest

from minidl.show.layout import _crossings, layered

ACROSS, DOWN = 10.0, 20.0


def random_graph(seed):
    """Boxes of random sizes, each with arrows from up to three earlier ones."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 14))
    sizes = {k: (float(rng.uniform(20, 90)), float(rng.uniform(10, 60))) for k in range(count)}
    arrows = []
    for b in range(1, count):
        for a in rng.choice(b, min(b, int(rng.integers(0, 4))), replace=False):
            arrows.append((int(a), b))
    return sizes, arrows


def straight_parts(points):
    """The vertical parts of an arrow in passing: (x, top, bottom)."""
    inner = points[1:-1]
    return [(x, y0, y1) for (x, y0), (_, y1) in zip(inner[::2], inner[1::2])]


@pytest.mark.parametrize("seed", range(40))
def test_nothing_overlaps_and_arrows_go_down(seed):
    sizes, arrows = random_graph(seed)
    places, ways = layered(sizes, arrows, ACROSS, DOWN)
    assert places.keys() == sizes.keys() and ways.keys() == set(arrows)
    corners = {k: (x - sizes[k][0] / 2, y - sizes[k][1] / 2) for k, (x, y) in places.items()}
    for j, k in itertools.combinations(sizes, 2):
        apart = any(
            corners[j][i] + sizes[j][i] <= corners[k][i] + 1e-9
            or corners[k][i] + sizes[k][i] <= corners[j][i] + 1e-9
            for i in (0, 1)
        )
        assert apart, (j, k)
    assert min(x for x, _ in corners.values()) >= -1e-9
    for (a, b), points in ways.items():
        assert places[a][1] < places[b][1]
        assert [y for _, y in points] == sorted(y for _, y in points)
        assert points[-1][1] - points[0][1] >= DOWN - 1e-9
        for x, top, bottom in straight_parts(points):  # never behind a box
            for k in sizes:
                (left, upper), (w, h) = corners[k], sizes[k]
                assert not (left < x < left + w and upper < bottom and top < upper + h)


def test_a_chain_is_straight_with_its_weights_beside_it():
    """x -> op1 -> op2 -> op3, with a weight for each."""
    sizes, arrows = {"x": (50, 20)}, []
    previous = "x"
    for i in range(3):
        sizes |= {f"w{i}": (80, 30), f"op{i}": (60, 20)}
        arrows += [(previous, f"op{i}"), (f"w{i}", f"op{i}")]
        previous = f"op{i}"
    places, _ = layered(sizes, arrows, ACROSS, DOWN)
    assert len({round(places[f"op{i}"][0], 2) for i in range(3)}) == 1
    for i in (1, 2):  # right above its operation, to the right of what comes first
        assert places[f"w{i}"][1] == places[f"op{i - 1}"][1]
        assert places[f"w{i}"][0] > places[f"op{i - 1}"][0]


def test_crossings():
    rows = [["a", "b"], ["c", "d"]]
    assert _crossings(rows, {"a": ["c"], "b": ["d"]}) == 0
    assert _crossings(rows, {"a": ["d"], "b": ["c"]}) == 1
    assert _crossings(rows, {"a": ["c", "d"], "b": ["c", "d"]}) == 1


def test_crossings_that_can_be_avoided_are():
    """Two trees whose leaves come in mixed order."""
    sizes = dict.fromkeys(["p", "q", "r", "s", "left", "right"], (20.0, 10.0))
    arrows = [("p", "right"), ("q", "left"), ("r", "right"), ("s", "left")]
    places, _ = layered(sizes, arrows, ACROSS, DOWN)
    first, second = sorted(["left", "right"], key=lambda k: places[k][0])
    under = lambda key: [places[a][0] for a, b in arrows if b == key]
    assert max(under(first)) < min(under(second))


def test_one_box():
    places, ways = layered({"a": (30, 20)}, [], ACROSS, DOWN)
    assert places == {"a": (15, 10)} and ways == {}
