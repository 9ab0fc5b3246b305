"""The sets that are found on the machine: where they are looked for, and what is refused."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from minidl import data
from minidl.data import find as find_module


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}i", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def tiny_fashion(tmp_path, monkeypatch):
    """A folder with a 'Fashion-MNIST' of three images, and no other place to find one."""
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    monkeypatch.setattr(find_module, "SYSTEM", tmp_path / "system")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "sets"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", np.array([9, 0, 4], np.uint8))
    return folder, images


def test_the_full_set_is_found_in_each_place(tiny_fashion, tmp_path, monkeypatch):
    folder, images = tiny_fashion
    x, y = data.fashion_mnist("test", root=folder)
    np.testing.assert_allclose(x[:, 0] * 255, images, rtol=1e-6)
    np.testing.assert_array_equal(y, [9, 0, 4])
    (tmp_path / "system").mkdir()
    folder.rename(tmp_path / "system" / "fashion-mnist")
    assert len(data.fashion_mnist()[1]) == 3
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path / "system" / "fashion-mnist"))
    monkeypatch.setattr(find_module, "SYSTEM", tmp_path / "nowhere")
    assert len(data.fashion_mnist()[1]) == 3


def test_a_set_is_not_taken_for_another_whose_files_are_called_alike(
    tiny_fashion, tmp_path, monkeypatch
):
    folder, _ = tiny_fashion
    folder = folder.rename(tmp_path / "fashion-mnist")
    monkeypatch.setenv("MINIDL_DATA", str(folder))
    assert len(data.fashion_mnist()[1]) == 3
    with pytest.raises(data.DataNotFoundError, match="minidl data fetch mnist"):
        data.mnist()
    with pytest.raises(data.DataNotFoundError, match="minidl data fetch kmnist"):
        data.kmnist()


def test_a_missing_set_says_where_it_looked_and_what_to_type(tiny_fashion, tmp_path):
    with pytest.raises(data.DataNotFoundError) as caught:
        data.fashion_mnist(root=tmp_path / "empty")
    message = str(caught.value)
    for expected in (str(tmp_path / "empty"), "system", "minidl data fetch fashion-mnist"):
        assert expected in message


def test_a_damaged_file_is_refused_with_the_reason(tiny_fashion):
    folder, _ = tiny_fashion
    images, labels = (folder / f"train-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1"))
    whole = images.read_bytes()
    images.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cut short"):
        data.fashion_mnist(root=folder)
    images.write_bytes(b"not a gzip file at all")
    with pytest.raises(ValueError, match="damaged"):
        data.fashion_mnist(root=folder)
    images.write_bytes(gzip.compress(b"\0\0\x0d\x01"))
    with pytest.raises(ValueError, match="not an IDX file"):
        data.fashion_mnist(root=folder)
    images.write_bytes(gzip.compress(struct.pack(">HBBi", 0, 8, 1, 12) + bytes(7)))
    with pytest.raises(ValueError, match=r"\(12,\).*7 values"):
        data.fashion_mnist(root=folder)
    images.write_bytes(whole)
    write_idx(labels, np.zeros(2, np.uint8))
    with pytest.raises(ValueError, match="do not belong together"):
        data.fashion_mnist(root=folder)
    images.write_bytes(gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12))
    with pytest.raises(ValueError, match="which cannot be"):
        data.fashion_mnist(root=folder)


def test_a_gzip_bomb_is_not_unpacked(tiny_fashion):
    folder, _ = tiny_fashion
    bomb = struct.pack(">HBB3i", 0, 8, 3, 3, 28, 28) + bytes(1 << 26)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bomb))
    tracemalloc.start()
    with pytest.raises(ValueError, match="holds more values"):
        data.fashion_mnist(root=folder)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
