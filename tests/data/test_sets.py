"""The data sets that ship are what they say; a set that is missing or damaged says what to do."""

import gzip
import struct

import numpy as np
import pytest

from minidl import data
from minidl.data import find as find_module


def test_fashion_mini_is_balanced_images_and_labels():
    for split, per_class in (("train", 200), ("test", 50)):
        x, y = data.fashion_mini(split)
        assert x.shape == (10 * per_class, 1, 28, 28) and x.dtype == np.float32
        assert y.dtype == np.int64
        assert (x.min(), x.max()) == (0, 1)
        np.testing.assert_array_equal(np.bincount(y), [per_class] * 10)
    assert len(data.FASHION_CLASSES) == 10


def test_no_test_image_of_fashion_mini_is_a_training_image():
    splits = [data.fashion_mini(split)[0] for split in ("train", "test")]
    train, test = ({image.tobytes() for image in images} for images in splits)
    assert len(train) == 2000 and len(test) == 500 and not train & test


def test_digits():
    x, y = data.digits()
    assert x.shape == (1797, 1, 8, 8) and x.dtype == np.float32 and y.dtype == np.int64
    assert (x.min(), x.max()) == (0, 1)
    # nearest class mean is a known, crude classifier of these digits: right nine times in ten
    means = np.stack([x[y == k].mean(axis=0).ravel() for k in range(10)])
    distance = ((x.reshape(-1, 1, 64) - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == y).mean() > 0.85


def test_an_unknown_split_is_named():
    with pytest.raises(ValueError, match="'train' or 'test', not 'valid'"):
        data.fashion_mini("valid")


def write_idx(path, array):
    header = struct.pack(f">HBB{array.ndim}i", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def tiny_fashion(tmp_path, monkeypatch):
    """A folder with a 'Fashion-MNIST' of three images, and no other place to find one."""
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    monkeypatch.setattr(find_module, "SYSTEM", tmp_path / "system")
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


def test_a_missing_set_says_where_it_looked_and_what_to_type(tiny_fashion, tmp_path):
    with pytest.raises(data.DataNotFoundError) as caught:
        data.fashion_mnist(root=tmp_path / "empty")
    message = str(caught.value)
    for expected in (str(tmp_path / "empty"), "system", "apt-get install dataset-fashion-mnist"):
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
