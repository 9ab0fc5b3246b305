"""Grad modes by thread, and values that were changed between forward and backward."""

import threading

import numpy as np
import pytest

import minidl
from minidl import enable_grad, is_grad_enabled, no_grad, set_grad_enabled, tensor
from minidl.autograd import grad


def leaf(*values):
    return tensor(np.array(values, float), requires_grad=True)


# ----------------------------------------------------------------------------------- grad mode


def test_no_grad():
    x = leaf(1, 2)
    with no_grad():
        assert not (x * 2).requires_grad
        with enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
        with set_grad_enabled(True):
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_the_mode_is_restored_after_an_error():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (leaf(1) * 2).requires_grad


def test_one_context_entered_twice():
    mode = no_grad()
    with mode:
        with mode:
            assert not (leaf(1) * 2).requires_grad
        assert not (leaf(1) * 2).requires_grad
    assert (leaf(1) * 2).requires_grad


def test_as_a_decorator():
    @no_grad()
    def double(x, times=2):
        """Doubles."""
        return x * times if times < 3 else double(x, times - 1)

    assert not double(leaf(1), times=5).requires_grad
    assert (double.__name__, double.__doc__) == ("double", "Doubles.")
    assert (leaf(1) * 2).requires_grad


def test_as_a_decorator_without_brackets():
    assert not no_grad(lambda x: x * 2)(leaf(1)).requires_grad
    with no_grad():
        assert enable_grad(lambda x: x * 2)(leaf(1)).requires_grad
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_a_generator_runs_in_its_mode_and_its_caller_in_their_own():
    ended = []

    @no_grad()
    def doubles(x):
        try:
            yield x * 2
            yield (x * 2) * 2
        finally:
            ended.append(is_grad_enabled())
        return "end"

    x = leaf(1)
    for y in doubles(x):
        assert not y.requires_grad
        assert (x * y).requires_grad
    steps = doubles(x)
    next(steps)
    steps.close()
    assert ended == [False, False]
    assert (yield_from(doubles(x)), (x * 2).requires_grad) == ("end", True)


def yield_from(steps):
    """What a generator returns when it ends."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return end.value


def test_a_coroutine_is_refused():
    async def waits():
        return leaf(1) * 2

    with pytest.raises(TypeError, match="waits is a coroutine.*write `with no_grad"):
        no_grad()(waits)


def test_a_backward_pass_ignores_the_mode_it_is_called_in():
    x = leaf(2)
    y = (x**3).sum()
    with no_grad():
        (g,) = grad(y, x, create_graph=True)
        y.backward()
    assert g.requires_grad
    assert x.grad.tolist() == [12]


def test_a_plain_pass_records_nothing():
    x = leaf(2)
    (x**3).sum().backward()
    (g,) = grad((x**3).sum(), x)
    assert not x.grad.requires_grad and not g.requires_grad


def test_threads_have_modes_of_their_own():
    """One thread stays in no_grad while the other records and differentiates, by turns."""
    x, results, turn = leaf(3), {}, threading.Barrier(2, timeout=10)

    def without():
        with no_grad():
            turn.wait()
            turn.wait()  # the other thread has entered its own mode and worked in it
            results["without"] = (x * x).requires_grad

    def recording():
        turn.wait()
        with enable_grad():
            y = x * x
            results["with"] = y.requires_grad
            results["grad"] = grad(y, x)[0].item()
        turn.wait()

    threads = [threading.Thread(target=f) for f in (without, recording)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {"without": False, "with": True, "grad": 6.0}


def test_a_new_thread_records():
    results = []
    with no_grad():
        thread = threading.Thread(target=lambda: results.append((leaf(1) * 2).requires_grad))
        thread.start()
        thread.join()
    assert results == [True]


def test_graphs_in_several_threads():
    """Each thread its own graph, over shared leaves."""
    w, found = leaf(*range(1, 6)), {}

    def work(k):
        for _ in range(50):
            y = minidl.tanh(w * float(k)).sum()
            found.setdefault(k, []).append(grad(y, w)[0].data)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, gradients in found.items():
        for g in gradients:
            np.testing.assert_allclose(g, k * (1 - np.tanh(k * w.data) ** 2), atol=1e-15)


# ---------------------------------------------------------------------------- changes in place


def rebind(x):
    x.data = x.data * 2


def copy_into(x):
    with no_grad():
        x.copy_(0.0)


def step(x):
    with no_grad():
        x -= 0.1


def write(x):
    x.detach()[0] = 7.0


def write_through_a_view(x):
    x.detach().reshape(2, 1)[1] = 7.0


CHANGES = [rebind, copy_into, step, write, write_through_a_view]


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
class TestChanges:
    def test_of_a_saved_input_are_refused(self, change):
        x, w = leaf(1, 2), leaf(3, 4)
        y = (x * w).sum()
        change(x)
        with pytest.raises(RuntimeError, match=r"^multiply: .*\(2,\).*changed in place"):
            y.backward()
        assert x.grad is None and w.grad is None

    def test_of_a_saved_constant_are_refused(self, change):
        x, constant = leaf(1, 2), tensor(np.array([3.0, 4.0]))
        y = (x * constant).sum()
        if change is step:  # -= makes a new tensor of a constant
            change = write
        change(constant)
        with pytest.raises(RuntimeError, match="multiply.*changed in place"):
            y.backward()

    def test_of_a_saved_output_are_refused(self, change):
        x = leaf(1, 2)
        h = minidl.exp(x)
        y = h.sum()
        if change in (rebind, step):  # these leave the memory of a result as it is
            change(h.detach())
        else:
            change(h)
            with pytest.raises(RuntimeError, match="exp.*changed in place"):
                y.backward()

    def test_of_what_is_not_saved_do_no_harm(self, change):
        x, w = leaf(1, 2), leaf(3, 4)
        y = (x + w).sum() + 3 * x.sum()
        change(x)
        y.backward()
        assert (x.grad.tolist(), w.grad.tolist()) == ([4, 4], [1, 1])

    def test_before_the_forward_do_no_harm(self, change):
        x = leaf(1, 2)
        change(x)
        (x * x).sum().backward()
        np.testing.assert_array_equal(x.grad.data, 2 * x.data)

    def test_after_the_backward_do_no_harm(self, change):
        x = leaf(1, 2)
        (x * x).sum().backward()
        change(x)
        x.grad = None
        (x * x).sum().backward()
        np.testing.assert_array_equal(x.grad.data, 2 * x.data)

    def test_are_noticed_under_create_graph_too(self, change):
        x = leaf(1, 2)
        (g,) = grad((x**3).sum(), x, create_graph=True)
        change(x)
        with pytest.raises(RuntimeError, match="changed in place"):
            grad(g.sum(), x)


def test_a_saved_value_is_the_one_of_the_forward():
    """Rebinding what nothing saved, then differentiating twice: no live tensor is consulted."""
    x = leaf(1, 2)
    h = x + 0.0  # saves nothing; h's memory is its own
    y = (h**3).sum()
    x.data = np.array([100.0, 200.0])
    (g,) = grad(y, x, create_graph=True)
    (gg,) = grad(g.sum(), x)
    np.testing.assert_allclose(g.data, [3, 12])
    np.testing.assert_allclose(gg.data, [6, 12])


def test_a_saved_view_of_memory_that_changed_is_refused():
    x = leaf(1, 2)
    y = (x.detach().reshape(2, 1) * leaf(3)).sum()
    write(x)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_gradient_that_a_graph_uses_and_a_pass_adds_to():
    x, w = leaf(1, 2), leaf(3, 4)
    (x * x).sum().backward()
    y = (w * x.grad).sum()
    (x * x).sum().backward()
    with pytest.raises(RuntimeError, match="multiply.*changed in place"):
        y.backward()


def test_an_index_that_was_changed_is_a_copy():
    x, index = leaf(1, 2, 3), tensor(np.array([0, 0]))
    y = x[index].sum()
    index[0] = 2
    y.backward()
    assert x.grad.tolist() == [2, 0, 0]


def test_an_optimiser_between_forward_and_backward():
    """The bug of many GAN training loops."""
    x, w = leaf(1, 2), leaf(3, 4)
    optimiser = minidl.optim.SGD([w], lr=0.1)
    loss = (w * w * x).sum()
    other = (w * 2).sum()
    other.backward()
    optimiser.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_memory_that_is_used_again_is_no_change():
    """Arrays come and go at the same address; a change belongs to the array, not to the address."""
    x = leaf(*range(100))
    for _ in range(200):
        scratch = tensor(np.ones(100))
        scratch[0] = 2.0
        y = (x * scratch).sum()
        del scratch
        y.backward()
    assert x.grad.data[1] == 200
