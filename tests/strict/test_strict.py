"""The double refuses what CuPy refuses, allows what it allows, and computes what NumPy computes."""

import copy
import pickle

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_array_equal

import minidl
from minidl import backend

from . import StrictArray, cupy, cupyx, make_table, methods, table

HOST = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.5]])


@pytest.fixture
def x():
    return cupy.asarray(HOST)


def refused(error, call, *args):
    """The message of the error that the call must raise."""
    with pytest.raises(error) as caught:
        call(*args)
    return str(caught.value)


# ------------------------------------------------------------------------- host and device

MIXTURES = {
    "asarray": lambda x: np.asarray(x),
    "array of arrays": lambda x: np.array([x, x]),
    "ascontiguousarray": lambda x: np.ascontiguousarray(x),
    "x + host": lambda x: x + HOST,
    "host + x": lambda x: HOST + x,
    "host - x, 0-d": lambda x: np.asarray(1.0) - x,
    "x += host": lambda x: x.__iadd__(HOST),
    "host += x": lambda x: HOST.copy().__iadd__(x),
    "x == host": lambda x: x == HOST,
    "x @ host": lambda x: x @ HOST.T,
    "x + list": lambda x: x + [1.0, 2.0, 3.0],
    "ufunc": lambda x: np.maximum(HOST, x),
    "ufunc's out": lambda x: np.exp(x, out=np.empty((2, 3))),
    "function": lambda x: np.tensordot(x, HOST, 2),
    "sequence": lambda x: np.concatenate([x, HOST]),
    "sequence of numbers": lambda x: np.stack([x, 1.0]),
    "list": lambda x: np.dot(x, [1.0, 2.0, 3.0]),
    "condition": lambda x: np.where(HOST > 2, x, 0.0),
    "cupy's function": lambda x: cupy.sum(HOST),
    "cupy's ufunc": lambda x: cupy.exp(HOST),
    "method": lambda x: x.dot(HOST.T),
    "indices along an axis": lambda x: np.take_along_axis(x, np.zeros((2, 1), int), axis=1),
    "index of ufunc.at": lambda x: np.add.at(x, (slice(None), 0), 1.0),
    "SciPy's Python function": lambda x: scipy.special.polygamma(1, x),
}


@pytest.mark.parametrize("name", MIXTURES)
def test_mixing_with_the_host_is_refused(x, name):
    refused(TypeError, MIXTURES[name], x)
    assert_array_equal(x.get(), HOST)


def test_implicit_conversion_names_the_way_out(x):
    assert ".get()" in refused(TypeError, np.asarray, x)


@pytest.mark.parametrize("scalar", [2, 2.0, True, np.float32(2), np.int64(2), np.bool_(True)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32])
def test_scalars_mix_and_promote_as_in_numpy(scalar, dtype):
    host = HOST.astype(dtype)
    x = cupy.asarray(host)
    for result, expected in ((x * scalar, host * scalar), (scalar + x, scalar + host)):
        assert_array_equal(result.get(), expected, strict=True)


def test_a_comparison_takes_none_and_a_host_array_without_axes(x):
    assert_array_equal((x > np.asarray(2.0)).get(), HOST > 2)
    assert not (x == None).any() and (x != None).all()  # noqa: E711


def test_assignment_from_the_host(x):
    refused(ValueError, x.__setitem__, slice(None), HOST)  # integers and slices: scalars only
    refused(ValueError, x.__setitem__, 0, [1.0, 2.0, 3.0])
    x[cupy.asarray([0, 1])] = HOST + 1  # with an array as index CuPy uploads
    assert_array_equal(x.get(), HOST + 1)
    x[0] = np.asarray(5.0)
    assert_array_equal(x[0].get(), [5.0] * 3)


def test_get_and_asarray_copy_between_host_and_device(x):
    x.get()[...] = 0
    assert_array_equal(x.get(), HOST)
    host = HOST.copy()
    cupy.asarray(host)[...] = 0
    assert_array_equal(host, HOST)
    assert cupy.asarray(x) is x


@pytest.mark.parametrize("data", [["a"], [None], np.ones(2, np.longdouble)])
def test_dtypes_that_cuda_lacks(data):
    assert "Unsupported dtype" in refused(ValueError, cupy.array, data)


def test_a_type_with_a_protocol_of_its_own_is_asked():
    class Other:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return ufunc.__name__

        def __array_function__(self, function, types, args, kwargs):
            return function.__name__

    assert np.concatenate([cupy.ones(2), Other()]) == "concatenate"
    assert cupy.ones(2) + Other() == "add"
    assert np.multiply(cupy.ones(2), Other()) == "multiply"


# --------------------------------------------------------------------- arrays without axes


@pytest.mark.parametrize(
    "reduce",
    [np.sum, np.mean, np.max, np.argmax, np.all, np.linalg.norm, np.count_nonzero, np.median],
)
def test_a_reduction_is_an_array(x, reduce):
    result = reduce(x)
    assert type(result) is StrictArray and result.shape == ()
    assert result.item() == reduce(HOST)


def test_questions_about_two_arrays_are_answered_by_arrays(x):
    for answer in (np.array_equal(x, x), np.allclose(x, x)):
        assert type(answer) is StrictArray and answer


def test_an_element_is_a_view(x):
    element = x[1, 2]
    assert element.shape == () and element.base is x
    element[...] = -1.0
    assert x.get()[1, 2] == -1.0


def test_conversion_to_python(x):
    one = x[1, 0]
    assert (float(one), int(one), bool(one), complex(one), one.item()) == (
        4.0,
        4,
        True,
        4j**0 * 4,
        4,
    )
    assert f"{one:.2f}" == "4.00" and x.tolist() == HOST.tolist()
    refused(TypeError, range, cupy.asarray(3))  # there is no __index__
    refused(TypeError, np.sum, x, cupy.asarray(0))
    refused(ValueError, bool, x)
    refused(ValueError, x.item)
    refused(TypeError, len, one)
    refused(TypeError, list, one)
    refused(TypeError, hash, x)


# ----------------------------------------------------------------------- what CuPy lacks

ABSENT = {
    "block": lambda x: np.block([x]),
    "einsum_path": lambda x: np.einsum_path("ij,ij->", x, x),
    "geomspace": lambda x: np.geomspace(abs(x), abs(x)),
    "insert": lambda x: np.insert(x, 0, 1.0),
    "linalg.multi_dot": lambda x: np.linalg.multi_dot([x, x.T]),
    "linalg.outer": lambda x: np.linalg.outer(x[0], x[1]),
    "linalg.svdvals": lambda x: np.linalg.svdvals(x),
    "linalg.vector_norm": lambda x: np.linalg.vector_norm(x),
    "nanquantile": lambda x: np.nanquantile(x, 0.5),
    "unstack": lambda x: np.unstack(x),
    "vecdot": lambda x: np.vecdot(x, x),
    "special.ive": lambda x: scipy.special.ive(1.0, x),
    "special.spence": lambda x: scipy.special.spence(x),
}


@pytest.mark.parametrize("name", ABSENT)
def test_functions_that_cupy_lacks(x, name):
    module, _, bare = name.rpartition(".")
    owner = {"": cupy, "linalg": cupy.linalg, "special": cupyx.scipy.special}[module]
    assert bare in refused(AttributeError, getattr, owner, bare)
    ABSENT[name](HOST)
    refused(TypeError, ABSENT[name], x)


KEYWORDS = [
    lambda x: np.sum(x, where=x > 2),
    lambda x: np.max(x, initial=0.0),
    lambda x: np.var(x, correction=1),
    lambda x: np.clip(x, min=2.0),
    lambda x: np.sort(x, stable=True),
    lambda x: np.einsum("ij->i", x, out=x[:, 0].copy()),
    lambda x: np.reshape(x, shape=(3, 2)),
    lambda x: np.count_nonzero(x, keepdims=True),
    lambda x: np.take(x, 0, mode="clip"),
    lambda x: np.broadcast_to(x, (2, 2, 3), subok=True),
    lambda x: np.linalg.cholesky(x @ x.T, upper=True),
    lambda x: np.exp(x, out=x.copy(), where=x > 2),
    lambda x: np.exp(x, order="F"),
    lambda x: np.add.reduce(x, initial=1.0),
    lambda x: x.sum(where=x > 2),
    lambda x: x.astype(np.float32, casting="unsafe"),
]


@pytest.mark.parametrize("call", KEYWORDS)
def test_keywords_that_cupy_lacks(x, call):
    call(HOST)
    refused(TypeError, call, x)


def test_options_that_cupy_lacks(x):
    refused(ValueError, lambda: np.pad(x, 1, mode="median"))
    refused(ValueError, lambda: np.argsort(x, kind="quicksort"))
    assert "one array value" in refused(ValueError, lambda: np.modf(x, out=(x, x)))
    refused(NotImplementedError, lambda: x.T.sort())
    refused(AttributeError, lambda: np.linalg.eigh(x @ x.T).eigenvalues)  # a plain tuple


def test_flags_know_the_layout_only(x):
    assert x.flags.c_contiguous and not x.T.flags.c_contiguous and x.flags["OWNDATA"]
    refused(AttributeError, lambda: x.flags.writeable)
    refused(KeyError, lambda: x.flags["WRITEABLE"])


def test_the_class_has_all_that_cupy_lists_and_nothing_else():
    listed = table.members("cupy.ndarray").keys()
    ours = {name for cls in StrictArray.__mro__[:-1] for name in vars(cls)}
    special = {n for n in ours if n.startswith("__") and callable(getattr(StrictArray, n))}
    assert special - set(dir(object)) - {"__imatmul__"} <= listed
    public = {name for name in ours if not name.startswith("_")} - {"library", "special"}
    assert public == {name for name in listed if not name.startswith("_")} - methods.NOT_OFFERED


def test_the_table_is_what_cupy_says():
    pytest.importorskip("cupy", reason="CuPy is not installed: the table cannot be compared")
    heading, *rows = make_table.lines()
    committed = table.TABLE.read_text().splitlines()
    if heading != committed[0]:
        pytest.skip(f"the table is of {table.VERSION} or of other libraries, not {heading}")
    assert rows == committed[1:]


# --------------------------------------------------------------------------------- ufuncs


@pytest.mark.parametrize(
    "method, having", [("reduce", "add multiply"), ("accumulate", "add multiply")]
)
@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "logaddexp"])
def test_reduce_and_accumulate(x, name, method, having):
    call = getattr(getattr(np, name), method)
    if name in having:
        assert_array_equal(call(x, axis=1).get(), call(HOST, axis=1))
    else:
        refused(NotImplementedError, call, x)


def test_reduceat_and_outer(x):
    starts = cupy.asarray([0, 2])
    expected = np.add.reduceat(HOST, [0, 2], axis=1)
    assert_array_equal(np.add.reduceat(x, starts, axis=1).get(), expected)
    refused(NotImplementedError, np.maximum.reduceat, x, starts)
    assert_array_equal(np.hypot.outer(x[0], x[1]).get(), np.hypot.outer(*HOST))


def test_at_adds_each_time_and_wraps():
    x = cupy.zeros(3)
    cupy.add.at(x, cupy.asarray([0, 0, 4]), cupy.asarray([1.0, 2.0, 4.0]))
    assert x.tolist() == [3.0, 4.0, 0.0]
    cupyx.scatter_add(x, (slice(0, 2),), 1.0)
    assert x.tolist() == [4.0, 5.0, 0.0]
    cupy.maximum.at(x, cupy.asarray([2, 2]), cupy.asarray([7.0, 6.0]))
    assert x.tolist() == [4.0, 5.0, 7.0]
    refused(NotImplementedError, cupy.multiply.at, x, cupy.asarray([0]), 2.0)
    refused(TypeError, cupy.add.at, cupy.zeros(2, np.int8), cupy.asarray([0]), 1)
    refused(TypeError, cupy.subtract.at, x, cupy.asarray([0]), 1.0)


def test_out(x):
    out = cupy.empty((2, 3))
    assert np.exp(x, out=out) is out is np.exp(x, out=(out,)) is cupy.exp(x, out)
    assert_array_equal(out.get(), np.exp(HOST))
    assert np.sum(x, axis=0, out=out[0]).base is out
    before = x
    x += 1
    assert x is before and x[0, 0] == 2.0


def test_results_are_c_ordered_whatever_the_inputs_are(x):
    for result in (x.T + 1, np.exp(x.T), np.clip(x.T, 0, 1), x.T.round(), x.T[:, [0, 1]]):
        assert result.flags.c_contiguous
    assert x.T.astype(np.float32).flags.f_contiguous and np.zeros_like(x.T).flags.f_contiguous


def test_special_functions_hand_over(x):
    for function in (scipy.special.erf, scipy.special.digamma, scipy.special.expit):
        assert_array_equal(function(x).get(), function(HOST))
    assert_array_equal(
        cupyx.scipy.special.zeta(2.0, abs(x)).get(), scipy.special.zeta(2.0, abs(HOST))
    )


def test_floating_point_warnings_do_not_exist():
    zeros = cupy.zeros(2)
    with np.errstate(all="raise"):
        assert np.isneginf(np.log(zeros)).all() and np.isnan(zeros / zeros).all()
        assert np.isnan(np.var(np.log(zeros)))


# ------------------------------------------------------------------------------- indexing


def test_indices_in_arrays_wrap_and_integers_do_not(x):
    expected = HOST[:, [0, 2, 0]]
    assert_array_equal(x[:, [3, -1, -6]].get(), expected)
    assert_array_equal(np.take(x, cupy.asarray([3, -1, -6]), axis=1).get(), expected)
    along = cupy.asarray([[3, -1, -6]] * 2)
    assert_array_equal(np.take_along_axis(x, along, axis=1).get(), expected)
    refused(IndexError, x.__getitem__, (0, 3))
    refused(IndexError, x.__getitem__, cupy.asarray([0.0]))


def test_a_place_assigned_twice_does_not_keep_the_last_value():
    x = cupy.zeros(3)
    x[cupy.asarray([0, 0, 1])] = cupy.asarray([1.0, 2.0, 3.0])
    assert x.tolist() == [1.0, 3.0, 0.0]


def test_assignment_by_mask_and_by_arrays(x):
    x[x < 0] = 0.0
    x[1, [0, 2]] = cupy.asarray([8.0, 9.0])
    x[..., 1:2] += 1
    assert x.tolist() == [[1.0, 1.0, 3.0], [8.0, 6.0, 9.0]]
    empty = cupy.zeros(0)
    empty[[]] = 1.0
    assert empty.size == 0


# ------------------------------------------------------------------- views, copies, layout


def test_views_know_their_base(x):
    for view in (
        x.T,
        x[1:],
        x[0].reshape(3, 1),
        x.ravel(),
        np.moveaxis(x, 0, 1),
        np.split(x, 2)[1],
    ):
        assert view.base is x and not view.flags.owndata
    for new in (x.copy(), x[[0]], x + 0, x.T.ravel(), np.concatenate([x])):
        assert new.base is None
    assert cupy.lib.stride_tricks.as_strided(x, (2, 2), (24, 8)).base is None  # as in CuPy


def test_writing_through_views(x):
    cupy.lib.stride_tricks.as_strided(x, (2,), (24,))[...] = 0.0
    x.T[2] = -1.0
    x.shape = (3, 2)
    assert x.tolist() == [[0.0, -2.0], [-1.0, 0.0], [5.0, -1.0]]


def test_copies_and_pickles(x):
    for other in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(other) is StrictArray and other.tolist() == x.tolist()
        other[...] = 0.0
    assert_array_equal(x.get(), HOST)


# ----------------------------------------------------------------- linalg, random numbers


def test_linalg_raises_only_under_errstate(x):
    singular = cupy.ones((2, 2))
    vector = cupy.ones(2)
    calls = (
        lambda: np.linalg.inv(singular),
        lambda: np.linalg.solve(singular, vector),
        lambda: np.linalg.cholesky(-singular),
    )
    for call in calls:
        assert np.isnan(call()).all()
        with cupyx.errstate(linalg="raise"):
            refused(np.linalg.LinAlgError, call)
        assert np.isnan(call()).all()
    refused(np.linalg.LinAlgError, np.linalg.inv, x)  # not square: noticed always
    refused(NotImplementedError, cupyx.errstate(divide="raise").__enter__)


def test_generator():
    rng = cupy.random.default_rng(7)
    drawn = rng.standard_normal((2, 3), dtype=np.float32)
    assert type(drawn) is StrictArray and drawn.dtype == np.float32 and drawn.shape == (2, 3)
    again = cupy.random.default_rng(7)
    assert_array_equal(drawn.get(), again.standard_normal((2, 3), np.float32).get())
    other_numbers = np.random.default_rng(7).standard_normal(2)
    assert cupy.random.default_rng(7).standard_normal(2)[0] != other_numbers[0]
    assert rng.uniform(size=2, dtype=np.float32).dtype == np.float32
    assert rng.random().shape == () and 0 <= int(rng.integers(5)) < 5
    out = cupy.zeros(4)
    assert rng.random(out=out) is out and (out > 0).all()
    for name in ("normal", "permutation", "choice", "shuffle", "laplace", "gumbel", "multinomial"):
        refused(AttributeError, getattr, rng, name)
    refused(TypeError, lambda: rng.exponential(size=2, dtype=np.float32))


# --------------------------------------------------------------------- NumPy's results

SAME = [
    lambda x: x + x.T[:2, :2].sum() * 2.0,
    lambda x: (x @ x.T, x**2, -x, abs(x), x // 2, x % 2, divmod(x, 2.0), 1 / x, 2**x),
    lambda x: (x > 0, x != 3, (x > 0) & (x < 4), ~(x > 0), x.astype(int) << 1),
    lambda x: (np.tanh(x), np.hypot(x, 2.0), np.arctan2(x, x), np.modf(x), np.frexp(x)),
    lambda x: (x.sum(0), x.mean(1, keepdims=True), x.var(ddof=1), x.std(0), x.max(1), x.prod()),
    lambda x: (x.argmin(0), x.cumsum(1), x.clip(0, 3), x.round(), x.any(0), np.ptp(x), x.trace()),
    lambda x: (np.sort(x, axis=0), np.argsort(x), x.argsort(axis=0), np.unique(x), np.median(x, 0)),
    lambda x: (x.reshape(3, 2), x.reshape((-1,)), x.transpose(1, 0), x.swapaxes(0, 1), x.squeeze()),
    lambda x: (np.concatenate([x, x], 1), np.stack([x, x]), np.hstack([x, x]), np.split(x, 3, 1)),
    lambda x: (np.flip(x, 1), np.roll(x, 1), np.tile(x, 2), np.repeat(x, 2, 0), np.rot90(x)),
    lambda x: (np.pad(x, ((1, 0), (0, 2))), np.expand_dims(x, 1), np.broadcast_to(x, (2, 2, 3))),
    lambda x: (np.einsum("ij,kj->ik", x, x, optimize=True), np.tensordot(x, x, ([1], [1]))),
    lambda x: (
        np.outer(x[0], x[1]),
        np.kron(x, x),
        np.dot(x, x.T),
        np.matmul(x, x.T),
        np.cross(x, x),
    ),
    lambda x: (np.where(x > 0, x, 0.0), np.nonzero(x > 0), np.clip(x, None, 2.0), np.nan_to_num(x)),
    lambda x: (x[0], x[:, 1], x[..., None], x[::-1, ::2], x[1, 2], x[None]),
    lambda x: (x[[1, 0]], x[:, [2, 0]], x[[0, 1], [2, 1]], x[x > 0], x[[True, False]], x[[]]),
    lambda x: (np.tril(x), np.diagonal(x), np.diag(x[0]), np.zeros_like(x), np.full_like(x, 2.0)),
    lambda x: (np.linalg.qr(x), np.linalg.svd(x, full_matrices=False), np.linalg.det(x @ x.T)),
    lambda x: (np.linalg.inv(x @ x.T), np.linalg.solve(x @ x.T, x), np.linalg.norm(x, axis=1)),
    lambda x: (np.fft.rfft(x), np.fft.ifft2(x), np.lib.stride_tricks.sliding_window_view(x, 2, 1)),
    lambda x: (np.shape(x), np.ndim(x), np.size(x), np.result_type(x, np.float32), np.meshgrid(*x)),
    lambda x: (np.percentile(x, 30), np.searchsorted(np.sort(x[0]), x), np.diff(x), np.cumprod(x)),
]


def assert_same(result, expected):
    """Equal in structure, dtype, shape and every element, and an array where CuPy returns one."""
    if isinstance(expected, tuple | list):
        assert isinstance(result, tuple | list) and len(result) == len(expected)
        for one, other in zip(result, expected):
            assert_same(one, other)
    elif isinstance(expected, np.ndarray | np.generic):
        assert type(result) is StrictArray
        assert_array_equal(result.get(), np.asarray(expected), strict=True)
    else:
        assert result == expected and not isinstance(result, StrictArray)


@pytest.mark.parametrize("call", SAME)
def test_results_are_numpys(x, call):
    assert_same(call(x), call(HOST))


# -------------------------------------------------------------------------------- minidl


def test_a_tensor_on_any_device(device):
    x = minidl.tensor(HOST, requires_grad=True, device=device)
    assert x.device.partition(":")[0] == device
    x.register_hook(lambda g: 1.0 * g)
    ((x @ x.T) ** 2).sum().backward()
    assert type(x.grad.data) is type(x.data)
    # d/dX tr(A^2) for the symmetric A = X X^T is 4 A X
    np.testing.assert_allclose(np.array(x.grad.data.tolist()), 4 * HOST @ HOST.T @ HOST, rtol=1e-12)


def test_the_random_state_can_be_put_back(device):
    minidl.seed(3)
    rng = backend.generator(device)
    rng.random(5)
    state = backend.random_state()
    first = rng.random(7)
    backend.set_random_state(state)
    again = rng.random(7)
    assert first.tolist() == again.tolist() != rng.random(7).tolist()
