"""debug() finds each kind of mistake where it is made, and nothing where there is none."""

import gc
import threading

import numpy as np
import pytest

import minidl
from minidl import autograd, checkpoint, nn, tensor
from minidl.graph import op, operations
from minidl.recording import observers
from tests.op_table import ROWS
from tests.test_op_table import differentiable, each, gradients, incoming, run

x0 = np.random.default_rng(0).uniform(0.5, 2, (2, 3))


def leaf(values=x0):
    return tensor(values, requires_grad=True)


@pytest.fixture
def wrong():
    """Make an operation, x -> 2 x or what is given, with this rule; it is forgotten afterwards."""
    before = dict(operations)

    def make(rule, forward=None):
        def wrong_op(x):
            return 2 * x

        function = op(forward or wrong_op)
        function.vjp(x=rule)
        return function

    yield make
    operations.clear()
    operations.update(before)


def notes(raised):
    return "\n".join(getattr(raised.value, "__notes__", []))


# ---------------------------------------------------------------------------- where all is well


@each(ROWS, differentiable)
def test_every_operation_passes(row, case):
    with minidl.debug():
        xs, ys = run(row, case)
        gradients(ys, xs, incoming(ys))


def test_a_network_passes_in_all_modes():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2))
    x = leaf(x0.astype(np.float32))
    with minidl.debug():
        loss = nn.functional.cross_entropy(checkpoint(model, x), tensor([0, 1]))
        (g,) = autograd.grad(loss, x, create_graph=True)
        (g * g).sum().backward()
        gradient = minidl.hessian(lambda x: (minidl.exp(x) * x).sum())(x0)
        assert gradient.shape == (2, 3, 2, 3)
    assert observers == []


def test_mixed_dtypes_pass():
    with minidl.debug():
        (leaf(x0.astype(np.float32)) * leaf()).sum().backward()


def test_it_changes_no_number_and_keeps_nothing():
    plain, checked = leaf(), leaf()
    (minidl.exp(plain) * plain).sum().backward()
    with minidl.debug() as checks:
        (minidl.exp(checked) * checked).sum().backward()
    gc.collect()
    assert np.array_equal(plain.grad.numpy(), checked.grad.numpy())
    assert len(checks.births) == 0


# ----------------------------------------------------------------------------- wrong rules


@pytest.mark.parametrize(
    "rule, message",
    [
        (lambda g: g * g, "wrong_op is not linear in the incoming gradient"),
        (lambda g: g * 2 + 1, "not linear"),
        (lambda g, x: 2 * x, "not linear"),
        (lambda g: g.clip(0, None), "not linear"),
        (lambda g: np.multiply(g, 2, out=g), "writes into"),
        (lambda g, x: g * np.divide(2, x, out=x), "writes into|overwritten"),
        (lambda g: g * np.inf, r"gives its input 'x' the gradient (inf|-inf) at \[0, 0\]"),
    ],
)
def test_wrong_rules(wrong, rule, message):
    with minidl.debug(), pytest.raises(RuntimeError, match=message) as raised:
        (wrong(rule)(leaf()) * 1.0).sum().backward()
    assert "wrong_op was recorded here" in notes(raised)


def test_a_rule_that_turns_float32_into_float64(wrong):
    double = wrong(lambda g: g * np.array(2.0))
    with minidl.debug(), pytest.raises(RuntimeError, match="of float32, a gradient of float64"):
        double(leaf(x0.astype(np.float32))).sum().backward()


def test_the_line_is_named_in_errors_of_the_engine_too(wrong):
    short = wrong(lambda g: g[0, :2])
    with minidl.debug(), pytest.raises(RuntimeError, match=r"gradient of shape \(2,\)") as raised:
        y = short(leaf())  # this line
        y.sum().backward()
    assert "test_debugging.py" in notes(raised) and "# this line" in notes(raised)


def test_the_line_is_that_of_the_program_not_of_a_layer():
    model = nn.Sequential(nn.Linear(3, 2))
    x = leaf(x0.astype(np.float32))
    with minidl.debug(), pytest.raises(RuntimeError, match="linear: a value") as raised:
        y = model(x)  # this line
        model[0].weight.data = np.zeros((2, 3), np.float32)
        y.sum().backward()
    assert "y = model(x)  # this line" in notes(raised)


# ------------------------------------------------------------------------- values and indices


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda x: minidl.log(x - 10), r"debug: log gives nan at \[0, 0\], where x = -8\.5"),
        (lambda x: nn.functional.softmax(x - np.inf, 1), r"softmax gives nan at \[0, 0\]"),
        (lambda x: nn.functional.log_softmax(x - np.inf, 1), "log_softmax gives nan"),
        (lambda x: (x - x) / (x - x), r"divide gives nan at \[0, 0\], where a = 0, b = 0"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_nan_is_reported_where_it_arises(make, message):
    with minidl.debug(), pytest.raises(RuntimeError, match=message):
        make(leaf())


def test_a_nan_in_the_data_is_not_the_operations_fault():
    with minidl.debug():
        minidl.nansum(leaf([1.0, np.nan, 2.0]) * 2.0).sum()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_infinite_gradient():
    x = leaf([4.0, 0.0])
    message = r"sqrt gives its input 'x' the gradient inf at \[1\], where y = 0"
    with minidl.debug(), pytest.raises(RuntimeError, match=message):
        minidl.sqrt(x).sum().backward()
    with minidl.debug(), pytest.raises(RuntimeError, match="arrives at multiply is not finite"):
        (x * 2.0).backward([np.inf, 1.0])


def test_masked_softmax_is_fine():
    masked = np.where([[True, False, True]], x0, -np.inf)
    with minidl.debug():
        nn.functional.softmax(leaf() + (masked - x0), 1)[:, 0].sum().backward()


def test_writing_past_minidl_is_noticed():
    x = leaf()
    with minidl.debug():
        y = (x * x).sum()
        x.data[0, 0] = 7.0
        with pytest.raises(RuntimeError, match="gradient of multiply needs was overwritten"):
            y.backward()


def test_indices_are_checked_where_the_device_would_wrap(device):
    x = tensor(x0, requires_grad=True, device=device)
    with minidl.debug():
        assert x[:, [0, -3]].shape == (2, 2)
        assert x[..., None, [2]].shape == (2, 1, 1)
        assert x[x > 0].ndim == 1
        with pytest.raises(IndexError, match="3"):
            x[:, [0, 3]]
        with pytest.raises(IndexError, match="-4"):
            x[..., [-4]]
        with pytest.raises(IndexError, match="2"):
            x[[2]]
        places = tensor([[3]], device=device)
        with pytest.raises(IndexError, match="3"):
            minidl.take_along_axis(x, places, axis=1)


# ------------------------------------------------------------------------------------- the block


def test_blocks_nest_and_end_with_an_error():
    with pytest.raises(ZeroDivisionError), minidl.debug(), minidl.debug():
        assert len(observers) == 2
        raise ZeroDivisionError
    assert observers == []


def test_graphs_from_before_the_block_are_checked_too(wrong):
    y = wrong(lambda g: g * g)(leaf()).sum()
    with minidl.debug(), pytest.raises(RuntimeError, match="not linear") as raised:
        y.backward()
    assert notes(raised) == ""


def test_in_another_thread(wrong):
    caught = []

    def work():
        try:
            wrong(lambda g: g * g)(leaf()).sum().backward()
        except RuntimeError as error:
            caught.append(error)

    with minidl.debug():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(caught) == 1
