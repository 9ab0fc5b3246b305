"""Tables, drawings and explanations: they show what is there, and change nothing."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minidl
from minidl import autograd, nn, tensor
from minidl.show import table
from minidl.show.facts import Facts
from minidl.show.heat import number, png
from minidl.show.table import shown

rng = np.random.default_rng(0)
SVG = "{http://www.w3.org/2000/svg}"


def texts(drawing):
    """Every line of text in a drawing, which must be well-formed XML."""
    return [t.text for t in ElementTree.fromstring(drawing.svg).iter(SVG + "text")]


def network():
    """A small loss, and its inputs and results."""
    x = tensor(rng.standard_normal((4, 3)))
    w = tensor(rng.standard_normal((3, 2)), requires_grad=True)
    b = tensor(rng.standard_normal(2), requires_grad=True)
    h = minidl.tanh(x @ w + b)
    return x, w, b, h, (h * h).mean()


# --------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "value, text",
    [
        (0.0, "0"), (1.0, "1"), (-2.5, "-2.5"), (1 / 3, "0.333"), (0.0711, "0.071"),
        (1e-9, "1e-09"),
        (123456.0, "1e+05"), (12345.6, "1.23e+04"), (np.nan, "nan"), (-np.inf, "-inf"), (7, "7"),
        (True, "True"), (np.float32(0.25), "0.25"), (np.int64(3), "3"),
    ],
)  # fmt: skip
def test_number(value, text):
    assert number(value) == text


def test_png_has_the_colours():
    """Decoded by hand: red for the largest, blue for its negative, white for 0, grey for nan."""
    import base64
    import zlib

    uri = png(np.array([[1.0, -1.0], [0.0, np.nan]]), 1.0, (1, 1))
    file = base64.b64decode(uri.partition(",")[2])
    assert file[:8] == b"\x89PNG\r\n\x1a\n" and file[16:24] == b"\0\0\0\2\0\0\0\2"
    start = file.index(b"IDAT") + 4
    rows = zlib.decompress(file[start : file.index(b"IEND") - 8])
    assert rows == bytes([0, 178, 24, 43, 33, 102, 172, 0, 255, 255, 255, 127, 127, 127])


# ----------------------------------------------------------------------------------------- tables


def cells(html):
    root = ElementTree.fromstring(html.replace("&hellip;", "..."))
    return [[[c.text for c in row] for row in t.iter("tr")] for t in root.iter("table")]


def test_table_of_value_and_gradient():
    x = tensor([[1.0, -2.0], [0.5, 0.0]], requires_grad=True)
    assert "no gradient yet" in table(x)
    (x * x).sum().backward()
    assert cells(x._repr_html_()) == [[["1", "-2"], ["0.5", "0"]], [["2", "-4"], ["1", "0"]]]
    assert "tensor (2, 2) float32" in table(x) and "made by multiply" in table(x * x)
    assert "parameter (3,)" in nn.Parameter(np.ones(3))._repr_html_()


def test_large_tables_are_cut():
    (rows,) = cells(table(tensor(np.arange(600).reshape(20, 30))))
    assert len(rows) == 10 and {len(row) for row in rows} == {10}
    assert rows[0] == ["0", "1", "2", "3", "4", "...", "26", "27", "28", "29"]
    assert rows[-1][-1] == "599" and rows[5] == ["..."] * 10
    assert shown(10) == [*range(10)] and len(shown(11)) == 10


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (2, 3, 4), (2, 1, 3, 4)])
def test_tables_of_any_shape(shape):
    html = table(tensor(rng.standard_normal(shape)))
    ElementTree.fromstring(html.replace("&hellip;", "..."))
    assert str(shape) in html
    assert ("at [0, 0, :, :]" in html) == (len(shape) == 4)


def test_table_on_a_device(device):
    x = tensor([1.0, 2.0], requires_grad=True, device=device)
    x.sum().backward()
    assert cells(table(x)) == [[["1", "2"]], [["1", "1"]]]


# --------------------------------------------------------------------------------------- drawings


def test_every_value_and_gradient_is_found():
    x, w, b, h, loss = network()
    facts = Facts([loss], {})
    facts.look_around([])
    facts.differentiate()
    product = x.numpy() @ w.detach().numpy()
    total = product + b.detach().numpy()
    expected = {
        "matmul": product,
        "add": total,
        "tanh": np.tanh(total),
        "multiply": np.tanh(total) ** 2,
        "mean": np.mean(np.tanh(total) ** 2),
    }
    made = [node for node in facts.nodes if node.plan is not None]
    assert [node.name for node in made] == [*expected]
    for node in made:
        np.testing.assert_allclose(facts.values[node, 0], expected[node.name], rtol=1e-12)
    inner = autograd.grad(loss, [w, b, h], retain_graph=True)
    for t, g in zip((w, b, h), inner):
        np.testing.assert_array_equal(facts.gradients[t.edge[:2]], g.numpy())


def test_a_drawing_names_what_there_is():
    x, weights, bias, hidden, loss = network()
    seen = texts(minidl.draw(loss))
    for words in ("x", "weights", "bias", "hidden = tanh", "loss = mean", "(4, 3)", "(3, 2)"):
        assert words in seen
    assert "keeps a" in seen and "keeps y" in seen and "keeps nothing" in seen
    assert "b (2,)" in seen  # broadcast
    assert "gradient of loss · blue below 0, red above" in seen[0]


def test_names_given_by_hand_or_by_a_module():
    def elsewhere(model):
        return (model(tensor(np.ones((2, 3), np.float32))) ** 2).sum()

    hidden = [nn.Sequential(nn.Linear(3, 2))]
    y = elsewhere(hidden[0])
    assert "leaf" in texts(minidl.draw(y))
    assert "kernel" in texts(minidl.draw(y, names={"kernel": hidden[0][0].weight}))
    assert "0.weight" in texts(minidl.draw(y, names=hidden[0]))
    model = hidden[0]
    assert "model.0.weight" in texts(minidl.draw(elsewhere(model)))


def test_a_function_is_drawn_with_all_its_constants():
    w = tensor(rng.standard_normal((3, 2)), requires_grad=True)

    def loss(images, target):
        return ((images @ w - target) ** 2).sum()

    seen = texts(minidl.draw(loss, tensor(np.ones((4, 3))), tensor(np.zeros((4, 2)))))
    assert {"images", "target", "w", "b = 2", "a", "b"} <= {*seen}
    model = nn.Linear(3, 2)
    seen = texts(minidl.draw(model, tensor(np.ones((4, 3), np.float32))))
    assert {"weight", "bias", "input", "linear"} <= {*seen}
    assert "gradient of the sum of linear" in seen[0]


def test_drawing_changes_nothing():
    x, w, b, h, loss = network()
    calls = []
    w.register_hook(calls.append)
    h.retain_grad()
    minidl.draw(loss)
    assert w.grad is None and h.grad is None and calls == []
    loss.backward()
    assert len(calls) == 1 and h.grad is not None


def test_after_backward():
    x, w, b, h, loss = network()
    loss.backward()
    seen = texts(minidl.draw(loss))
    assert "backward has freed what is inside" in seen[1]
    assert "freed" in seen and "w" in seen
    gradient = number(w.grad.numpy()[0, 0])
    assert gradient in seen


def test_after_a_step_the_note_says_what_is_wrong():
    x, w, b, h, loss = network()
    loss = loss + (w * w).sum()
    with minidl.no_grad():
        w -= 0.1
    assert any("changed in place" in line for line in texts(minidl.draw(loss)))


class Double(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2.0

    @staticmethod
    def backward(ctx, g):
        return g * 2.0


def test_any_graph_can_be_drawn(device):
    x = tensor(rng.standard_normal((2, 3, 4, 4)), requires_grad=True, device=device)
    halves = minidl.split(x, 2, axis=2)
    y = Double.apply(halves[0]) + minidl.checkpoint(minidl.exp, halves[1])
    y = minidl.concatenate([y, y * 0.0 + np.nan if device == "cpu" else y]).reshape(-1)
    seen = texts(minidl.draw((y[::2] * minidl.where(y[::2] > 0, 1.0, 0.0)).sum()))
    assert {"Double", "checkpoint", "concatenate", "getitem", "arrays[0]", "arrays[1]"} <= {*seen}


def test_save_and_show(tmp_path):
    x, w, b, h, loss = network()
    drawing = minidl.draw(loss)
    drawing.save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text(encoding="utf-8") == drawing._repr_svg_()


def test_what_has_no_graph():
    with pytest.raises(RuntimeError, match="draw: this tensor requires no gradient"):
        minidl.draw(tensor([1.0]))
    with pytest.raises(RuntimeError, match="draw: what the function returned requires no gradient"):
        minidl.draw(minidl.exp, tensor([1.0]))


# ----------------------------------------------------------------------------------- explanations


def test_an_explanation_word_for_word():
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    w = tensor([1.0, -1.0], requires_grad=True)
    scale = tensor(2.0, requires_grad=True)
    out = io.StringIO()
    with minidl.explain(file=out):
        loss = (minidl.tanh(x @ w * scale)).sum()
        loss.backward()
    assert out.getvalue().splitlines() == [
        " 1. sum",
        "    arrives   g ()             1",
        "    rule      x: spread(g, x_shape, axis)",
        "    uses      x_shape = (2,), axis = None",
        "    leaves    x (2,)           [1, 1]  to tanh",
        " 2. tanh",
        "    arrives   g (2,)           [1, 1]",
        "    rule      x: g * (1.0 - y * y)",
        "    uses      y (2,)",
        "    leaves    x (2,)           [0.071, 0.071]  to multiply",
        " 3. multiply",
        "    arrives   g (2,)           [0.071, 0.071]",
        "    rule      a: g * b",
        "    rule      b: g * a",
        "    uses      b (), a (2,)",
        "    leaves    a (2,)           [0.141, 0.141]  to matmul",
        "    leaves    b (2,)           [-0.071, -0.071]  to scale.grad, summed to ()",
        " 4. matmul",
        "    arrives   g (2,)           [0.141, 0.141]",
        out.getvalue().splitlines()[19],  # where the rule is: a line number
        "    uses      a (2, 2), b_shape = (2,)",
        "    leaves    b (2,)           [0.565, 0.848]  to w.grad",
    ]
    assert "rule      b: _matmul_b, ops/products.py:" in out.getvalue()


def test_explanations_of_fused_and_own_operations():
    model = nn.Linear(3, 2)
    x = tensor(np.ones((2, 3), np.float32), requires_grad=True)
    out = io.StringIO()
    with minidl.explain(names=model, file=out):
        y = nn.functional.cross_entropy(model(Double.apply(x)), tensor([0, 1]))
        y.backward()
    told = out.getvalue()
    assert "for all inputs together: ops/cross_entropy.py:" in told
    assert "to model.weight.grad" in told or "to weight.grad" in told
    assert "Double" in told and "to x.grad" in told


def test_every_pass_in_the_block_is_told_recorded_ones_too():
    x = tensor([1.0, 2.0], requires_grad=True)
    out = io.StringIO()
    with minidl.explain(file=out):
        (g,) = autograd.grad((x[0] * x[1] ** 2), x, create_graph=True)
        g.sum().backward()
    steps = [line for line in out.getvalue().splitlines() if line[2:3] == "."]
    assert [int(line[:2]) for line in steps] == [*range(1, len(steps) + 1)]
    assert len(steps) > 8 and np.array_equal(x.grad.numpy(), [4, 6])
