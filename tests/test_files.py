"""Saving and loading: what comes back, what is refused, and what an interrupted save leaves."""

import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

import minidl
from minidl import nn, optim

SUFFIXES = [".npz", ".safetensors"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"file{request.param}"


def test_a_nest_comes_back_as_it_was(path):
    data = {
        "weights": {"a.b": minidl.tensor([[1.5, 2.0]]), "count": minidl.tensor(3)},
        "steps": [1, 2.5, None, True, "text", float("inf")],
        "betas": (0.9, 0.999),
        0: {1: np.float32(2.0)},
        "empty": {"dict": {}, "list": [], "array": minidl.tensor(np.zeros((0, 3)))},
    }
    minidl.save(path, data)
    back = minidl.load(path)
    assert back["steps"] == data["steps"] and back["betas"] == data["betas"]
    assert back[0] == {1: 2.0} and back["empty"]["dict"] == {} and back["empty"]["list"] == []
    for one, other in [
        (back["weights"]["a.b"], data["weights"]["a.b"]),
        (back["weights"]["count"], data["weights"]["count"]),
        (back["empty"]["array"], data["empty"]["array"]),
    ]:
        assert one.dtype == other.dtype and one.shape == other.shape
        np.testing.assert_array_equal(one.data, other.data)


def test_a_single_tensor_and_every_dtype(path):
    for dtype in (np.float64, np.float32, np.float16, np.int64, np.int32, np.uint8, np.bool_):
        value = minidl.tensor(np.array([[0, 1], [1, 0]]).astype(dtype).T)  # not contiguous
        minidl.save(path, value)
        back = minidl.load(path)
        assert back.dtype == dtype
        np.testing.assert_array_equal(back.data, value.data)


def test_a_state_dict_is_a_plain_safetensors_file(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    minidl.save(tmp_path / "model.safetensors", model.state_dict())
    plain = library.load_file(tmp_path / "model.safetensors")
    assert list(plain) == sorted(model.state_dict())
    other = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    other.load_state_dict(minidl.load(tmp_path / "model.safetensors"))
    x = minidl.random.normal(size=(5, 3))
    np.testing.assert_array_equal(model(x).data, other(x).data)


def test_training_goes_on_bit_for_bit_from_a_checkpoint(path):
    def begin():
        minidl.seed(3)
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        optimiser = optim.Adam(model.parameters(), lr=0.1)
        return model, optimiser, optim.lr_scheduler.StepLR(optimiser, 2)

    def train(model, optimiser, schedule, steps):
        for _ in range(steps):
            optimiser.zero_grad()
            (model(minidl.random.normal(size=(6, 4))) ** 2).mean().backward()
            optimiser.step()
            schedule.step()

    straight = begin()
    train(*straight, 7)

    first = begin()
    train(*first, 3)
    parts = [part.state_dict() for part in first]
    minidl.save(path, {"parts": parts, "random": minidl.backend.random_state()})

    second = begin()
    minidl.random.normal(size=100)
    checkpoint = minidl.load(path)
    for part, state in zip(second, checkpoint["parts"]):
        part.load_state_dict(state)
    minidl.backend.set_random_state(checkpoint["random"])
    train(*second, 4)
    for p, q in zip(straight[0].parameters(), second[0].parameters()):
        np.testing.assert_array_equal(p.data, q.data)


def test_every_truncation_is_refused(path):
    minidl.save(path, {"a": minidl.tensor(np.arange(6.0)), "n": 1})
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"truncated, damaged or no (npz|safetensors) file"):
            minidl.load(path)


def test_foreign_files_are_refused(path):
    for content in (b"", b"hello", b"\x80\x04\x95pickle", os.urandom(1000)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{path.name} is truncated, damaged or no"):
            minidl.load(path)


def test_places_that_would_have_one_name(path):
    data = {"a.b": minidl.tensor(1.0), "a": {"b": minidl.tensor(2.0)}}
    minidl.save(path, data)
    found = minidl.load(path)
    assert (found["a.b"].item(), found["a"]["b"].item()) == (1.0, 2.0)


def test_names_that_numpy_uses_itself(path):
    minidl.save(path, {"file": minidl.tensor(1.0), "allow_pickle": minidl.tensor(2.0)})
    assert {k: v.item() for k, v in minidl.load(path).items()} == {"file": 1.0, "allow_pickle": 2.0}


def test_arrays_that_are_no_tensors_are_refused(tmp_path):
    for name, array, reason in [
        ("text", np.array(["a"]), "numbers, not text"),
        ("complex", np.array([1j]), "complex numbers are not supported"),
    ]:
        np.savez(tmp_path / f"{name}.npz", a=array)
        with pytest.raises(ValueError, match=f"{name}.npz is .*no npz file of tensors.*{reason}"):
            minidl.load(tmp_path / f"{name}.npz")
    with zipfile.ZipFile(tmp_path / "torch.npz", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02")
    with pytest.raises(ValueError, match="holds archive/data.pkl, which is no array"):
        minidl.load(tmp_path / "torch.npz")
    header = b'{"w":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    content = len(header).to_bytes(8, "little") + header + b"\0\0"
    (tmp_path / "half.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="NumPy has no dtype BF16: save it as float32"):
        minidl.load(tmp_path / "half.safetensors")


def test_a_pickle_inside_an_npz_is_not_opened(tmp_path):
    np.savez(tmp_path / "evil.npz", a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        minidl.load(tmp_path / "evil.npz")


def test_what_cannot_be_saved_is_named_and_the_old_file_stays(path):
    minidl.save(path, {"a": 1})
    with pytest.raises(TypeError, match=r"layers\.1\.f is a function"):
        minidl.save(path, {"layers": [0, {"f": lambda: 0}]})
    assert minidl.load(path) == {"a": 1}
    assert os.listdir(path.parent) == [path.name]


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.safetensors or \.npz"):
        minidl.save(tmp_path / "model.pt", {})
    with pytest.raises(ValueError, match=r"must end in"):
        minidl.load(tmp_path / "model.pkl")


def test_a_process_killed_while_saving_leaves_a_whole_file(tmp_path):
    """Ten kills at different moments of a loop of saves: the file always loads, old or new."""
    path = tmp_path / "big.npz"
    program = (
        "import numpy as np, minidl, itertools\n"
        "for n in itertools.count():\n"
        f"    minidl.save({str(path)!r}, {{'n': n, 'x': minidl.tensor(np.full(300_000, n))}})\n"
    )
    process = None
    for kill in range(10):
        process = subprocess.Popen([sys.executable, "-c", program])
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.02 + 0.013 * kill if kill == 0 else 0.6 + 0.013 * kill)
        process.send_signal(signal.SIGKILL)
        process.wait()
        back = minidl.load(path)
        assert (back["x"].data == back["n"]).all()
    minidl.save(path, {})
    assert os.listdir(tmp_path) == [path.name]  # what a killed save left is gone
