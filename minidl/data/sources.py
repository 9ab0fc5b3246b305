"""Where the data sets that `minidl data fetch` brings come from, and how they are recognised.

The sizes and SHA-256 sums stand in two public tables that were made independently: the checksums of
TensorFlow Datasets (tensorflow_datasets/url_checksums) and the loaders of torchvision-ruby, for
Omniglot those of torchvision's prototype.  Those of Fashion-MNIST were also computed, from Debian's
package dataset-fashion-mnist, whose files differ only in the name and the time in their header.
"""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class File:
    """A file of a set: its name, length and SHA-256.

    folder: for an archive, the folder in it that the loader reads; the archive is unpacked.
    unpacked: the most that the archive may hold, in bytes.
    """

    name: str
    bytes: int
    sha256: str
    folder: str | None = None
    unpacked: int = 0

    @property
    def result(self) -> str:
        """What there is at the end: the file, or the folder unpacked from it."""
        return self.folder or self.name


@dataclass(frozen=True)
class Source:
    """A data set: what it is, its licence, the addresses to try in turn, its files."""

    summary: str
    licence: str
    addresses: tuple[str, ...]
    files: tuple[File, ...]

    @property
    def bytes(self) -> int:
        """How much is downloaded."""
        return sum(file.bytes for file in self.files)


SOURCES = {
    "mnist": Source(
        "handwritten digits, 70,000 of 28x28",
        "CC BY-SA 3.0",
        (
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        (
            File("train-images-idx3-ubyte.gz", 9_912_422,
                 "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            File("train-labels-idx1-ubyte.gz", 28_881,
                 "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            File("t10k-images-idx3-ubyte.gz", 1_648_877,
                 "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            File("t10k-labels-idx1-ubyte.gz", 4_542,
                 "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
    ),
    "fashion-mnist": Source(
        "clothes, 70,000 of 28x28",
        "MIT",
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        (
            File("train-images-idx3-ubyte.gz", 26_421_880,
                 "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            File("train-labels-idx1-ubyte.gz", 29_515,
                 "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            File("t10k-images-idx3-ubyte.gz", 4_422_102,
                 "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            File("t10k-labels-idx1-ubyte.gz", 5_148,
                 "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ),
    ),
    "kmnist": Source(
        "cursive Japanese letters, 70,000 of 28x28",
        "CC BY-SA 4.0",
        ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        (
            File("train-images-idx3-ubyte.gz", 18_165_135,
                 "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
            File("train-labels-idx1-ubyte.gz", 29_497,
                 "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
            File("t10k-images-idx3-ubyte.gz", 3_041_136,
                 "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
            File("t10k-labels-idx1-ubyte.gz", 5_120,
                 "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
        ),
    ),
    "cifar10": Source(
        "photographs of 10 kinds of things, 60,000 of 32x32",
        "none stated; cite Krizhevsky 2009",
        ("https://www.cs.toronto.edu/~kriz/",),
        (
            File("cifar-10-binary.tar.gz", 170_052_171,
                 "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                 folder="cifar-10-batches-bin", unpacked=200 * MB),
        ),
    ),
    "omniglot": Source(
        "letters of 50 alphabets, 1,623 characters by 20 drawers",
        "MIT",
        (
            "https://github.com/brendenlake/omniglot/raw/master/python/",
            "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/",
        ),
        (
            File("images_background.zip", 9_464_212,
                 "ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640",
                 folder="images_background", unpacked=100 * MB),
            File("images_evaluation.zip", 6_462_886,
                 "1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee",
                 folder="images_evaluation", unpacked=100 * MB),
        ),
    ),
}  # fmt: skip
