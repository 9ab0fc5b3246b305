"""Fetching a data set, from a server on this machine that breaks off, lies, or sends traps.

Whatever it does: the set is in its place whole, or not at all, and nothing else has changed.
"""

import hashlib
import http.server
import io
import os
import random
import socket
import tarfile
import threading
import warnings
import zipfile

import pytest

from minidl import cli, data
from minidl.data.sources import SOURCES, File, Source

CONTENT = random.Random(0).randbytes(300_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` as its switches say, and notes what it was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.asked = []  # (path, Range header)
        self.knows_range = True
        self.shift = 0  # how far from the wanted place a part begins
        self.breaks_after = None  # bytes of a body
        self.sent = 0

    def handle_error(self, request, client_address):
        """A client that goes away in the middle is part of the tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append((self.path, wanted))
        body = server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        start = 0
        if wanted and server.knows_range:
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) + server.shift
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        part = body[start:][: server.breaks_after]
        server.sent += len(part)  # before the client can be done with it
        self.wfile.write(part)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def offer(server, monkeypatch):
    """offer(name, content): the server has this file, and it is the data set 'tiny'."""

    def offer(name="data.gz", content=CONTENT, folder=None, unpacked=1 << 20, addresses=("a",)):
        server.files[f"/a/{name}"] = content
        port = server.server_address[1]
        source = Source(
            "random bytes", "none", tuple(f"http://127.0.0.1:{port}/{a}/" for a in addresses),
            (File(name, len(content), hashlib.sha256(content).hexdigest(), folder, unpacked),),
        )  # fmt: skip
        monkeypatch.setitem(SOURCES, "tiny", source)

    return offer


def everything(folder):
    """All files beneath a folder and what they hold; None for a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


WHOLE = {"tiny": None, "tiny/data.gz": CONTENT}
PARTIAL = "tiny/.data.gz.partial"


def test_a_set_is_fetched_once(server, offer, tmp_path):
    offer()
    for _ in range(2):
        assert data.fetch("tiny", tmp_path) == tmp_path / "tiny"
        assert everything(tmp_path) == WHOLE
    assert server.asked == [("/a/data.gz", None)]


def test_it_goes_where_the_loaders_look(offer, tmp_path, monkeypatch):
    offer()
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data.fetch("tiny") == tmp_path / "cache" / "minidl" / "tiny"
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path / "mine"))
    assert data.fetch("tiny") == tmp_path / "mine" / "tiny"


def test_a_broken_connection_leaves_a_part_and_the_rest_is_fetched_later(server, offer, tmp_path):
    offer()
    server.breaks_after = 100_000
    with pytest.raises(data.FetchError, match="broke off after 100,000 of 300,000"):
        data.fetch("tiny", tmp_path)
    assert everything(tmp_path) == {"tiny": None, PARTIAL: CONTENT[:100_000]}
    server.breaks_after = None
    data.fetch("tiny", tmp_path)
    assert everything(tmp_path) == WHOLE
    assert [part for _, part in server.asked] == [None, "bytes=100000-"]
    assert server.sent == len(CONTENT)


def test_a_server_that_sends_no_parts_sends_it_all_again(server, offer, tmp_path):
    offer()
    server.breaks_after = 100_000
    with pytest.raises(data.FetchError):
        data.fetch("tiny", tmp_path)
    server.breaks_after, server.knows_range = None, False
    data.fetch("tiny", tmp_path)
    assert everything(tmp_path) == WHOLE


def test_another_part_than_wanted_is_refused(server, offer, tmp_path):
    offer()
    server.breaks_after = 100_000
    with pytest.raises(data.FetchError):
        data.fetch("tiny", tmp_path)
    server.breaks_after, server.shift = None, -7
    with pytest.raises(data.FetchError, match="another part"):
        data.fetch("tiny", tmp_path)
    assert everything(tmp_path) == {"tiny": None, PARTIAL: CONTENT[:100_000]}


def test_a_part_of_something_else_is_fetched_anew(server, offer, tmp_path):
    offer()
    (tmp_path / "tiny").mkdir()
    (tmp_path / PARTIAL).write_bytes(b"x" * 5000)
    data.fetch("tiny", tmp_path)
    assert everything(tmp_path) == WHOLE


@pytest.mark.parametrize(
    "sent, message",
    [
        (CONTENT[:99] + b"x" + CONTENT[100:], "other content"),
        (CONTENT + b"x", "more than 300,000 bytes"),
        (CONTENT * 100, "more than 300,000 bytes"),
        (CONTENT[:-1], "broke off"),
    ],
)
def test_the_wrong_file_is_not_put_in_place(server, offer, tmp_path, sent, message):
    offer()
    server.files["/a/data.gz"] = sent
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "data.gz").write_bytes(b"what was there before")
    (tmp_path / "neighbour").write_bytes(b"untouched")
    with pytest.raises(data.FetchError, match=message):
        data.fetch("tiny", tmp_path)
    left = everything(tmp_path)
    assert len(left.pop(PARTIAL, b"")) < len(CONTENT)
    before = {"tiny": None, "tiny/data.gz": b"what was there before", "neighbour": b"untouched"}
    assert left == before


def test_the_next_address_is_tried(server, offer, tmp_path):
    offer(addresses=("nothing", "a"))
    data.fetch("tiny", tmp_path)
    assert everything(tmp_path) == WHOLE


def test_every_address_that_failed_is_named(offer, tmp_path):
    offer(addresses=("nothing", "neither"))
    with pytest.raises(data.FetchError, match="(?s)nothing/data.gz: .*neither/data.gz: Not Found"):
        data.fetch("tiny", tmp_path)
    assert everything(tmp_path) == {"tiny": None}


def test_no_server_at_all(offer, tmp_path, monkeypatch):
    offer()
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        source = Source("", "", (address,), SOURCES["tiny"].files)
        monkeypatch.setitem(SOURCES, "tiny", source)
        with pytest.raises(data.FetchError, match="refused"):
            data.fetch("tiny", tmp_path)


class Bar:
    """A progress bar that adds up, and is interrupted after `limit` bytes."""

    def __init__(self, limit=float("inf")):
        self.count, self.limit = 0, limit

    __enter__ = lambda self: self
    __exit__ = lambda self, *_: None

    def step(self, amount):
        self.count += amount
        if self.count > self.limit:
            raise KeyboardInterrupt


def test_an_interruption_leaves_a_part_that_is_gone_on_from(server, offer, tmp_path):
    offer()
    with pytest.raises(KeyboardInterrupt):
        data.fetch("tiny", tmp_path, lambda total, label: Bar(limit=150_000))
    part = everything(tmp_path)[PARTIAL]
    assert 0 < len(part) < len(CONTENT) and CONTENT.startswith(part)
    bar = Bar()
    data.fetch("tiny", tmp_path, lambda total, label: bar)
    assert everything(tmp_path) == WHOLE
    assert server.asked[-1] == ("/a/data.gz", f"bytes={len(part)}-")
    assert bar.count == len(CONTENT)


@pytest.mark.parametrize("knows_range", [True, False])
def test_the_bar_is_told_of_each_byte_once(server, offer, tmp_path, knows_range):
    offer(addresses=("nothing", "a"))
    (tmp_path / "tiny").mkdir()
    (tmp_path / PARTIAL).write_bytes(b"x" * 5000)
    server.knows_range = knows_range
    bar = Bar()
    data.fetch("tiny", tmp_path, lambda total, label: bar)
    assert bar.count == len(CONTENT)


def test_an_unknown_set_is_named():
    with pytest.raises(ValueError, match=r"'minst'.*mnist, fashion-mnist"):
        data.fetch("minst")


def test_a_folder_that_cannot_be_made(offer, tmp_path):
    offer()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(data.FetchError, match="cannot write to"):
        data.fetch("tiny", tmp_path / "file")


# ------------------------------------------------------------------------------------- archives


def tar(*members):
    """A .tar.gz of (name, content), or of TarInfos that may be anything."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                file.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                file.addfile(info, io.BytesIO(member[1]))
    return buffer.getvalue()


def zipped(*members, kind=zipfile.ZIP_DEFLATED):
    """A .zip of (name, content, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name twice, which is the point
        for name, content, *mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode[0] if mode else 0o100644) << 16
            info.compress_type = kind
            file.writestr(info, content)
    return buffer.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


GOOD = (("set/a.bin", b"aaa"), ("set/inner/b.bin", b"bb"), ("readme.txt", b"not wanted"))
UNPACKED = {"tiny": None, "tiny/set": None, "tiny/set/a.bin": b"aaa",
            "tiny/set/inner": None, "tiny/set/inner/b.bin": b"bb"}  # fmt: skip


@pytest.mark.parametrize("name, make", [("s.tar.gz", tar), ("s.zip", zipped)])
def test_an_archive_is_unpacked_and_removed(server, offer, tmp_path, name, make):
    offer(name, make(*GOOD), folder="set")
    for _ in range(2):
        data.fetch("tiny", tmp_path)
        assert everything(tmp_path) == UNPACKED
    assert len(server.asked) == 1


LINKS = [
    (special("set/link", tarfile.SYMTYPE, "../../outside"), "link"),
    (special("set/link", tarfile.LNKTYPE, "/etc/passwd"), "link"),
    (special("set/null", tarfile.CHRTYPE), "device"),
    (special("set/disk", tarfile.BLKTYPE), "device"),
    (special("set/pipe", tarfile.FIFOTYPE), "device"),
    (special("set/holes", tarfile.GNUTYPE_SPARSE), "sparse|damaged"),
]
NAMES = [
    ("../outside", "leads outside"),
    ("set/../../outside", "leads outside"),
    ("set/inner/..", "leads outside"),
    ("/tmp/outside", "not a relative"),
    ("//outside", "not a relative"),
    ("..\\outside", "not a relative"),
    ("C:/outside", "not a relative"),
    ("set/a.bin", "twice"),
    ("set/a.bin/below", "twice"),
    ("set", "twice"),
]
HOSTILE = [
    *(("s.tar.gz", tar(*GOOD, member), message) for member, message in LINKS),
    *(("s.tar.gz", tar(*GOOD, (name, b"x")), message) for name, message in NAMES),
    *(("s.zip", zipped(*GOOD, (name, b"x")), message) for name, message in NAMES),
    ("s.zip", zipped(*GOOD, ("set/link", b"../../outside", 0o120777)), "link"),
    ("s.zip", zipped(*GOOD, ("set/pipe", b"", 0o010644)), "device"),
    ("s.zip", zipped(*GOOD, kind=zipfile.ZIP_LZMA), "unusual"),
    # a link first, then a file through it
    ("s.tar.gz", tar(special("set", tarfile.SYMTYPE, ".."), ("set/outside", b"x")), "link"),
    # bombs: 50 MB in 50 kB, as content, as a name, as many files
    ("s.tar.gz", tar(("set/bomb", bytes(50 << 20))), "more than 1,048,576 bytes"),
    ("s.zip", zipped(("set/bomb", bytes(50 << 20))), "more than 1,048,576 bytes"),
    ("s.zip", zipped(*((f"set/{i}", bytes(1 << 16)) for i in range(17))), "more than 1,048,576"),
    ("s.tar.gz", tar(("elsewhere/a.bin", b"x")), "no folder 'set'"),
    ("s.tar.gz", tar(("set", b"a file")), "no folder 'set'"),
    ("s.tar.gz", b"no archive", "damaged"),
    ("s.zip", b"no archive", "damaged"),
    ("s.tar.gz", tar(*GOOD)[:-20], "damaged"),
    ("s.zip", zipped(*GOOD)[:-20], "damaged"),
]  # fmt: skip


@pytest.mark.parametrize("name, archive, message", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_archive_leaves_nothing(offer, tmp_path, name, archive, message):
    offer(name, archive, folder="set")
    (tmp_path / "root").mkdir()
    (tmp_path / "neighbour").write_bytes(b"untouched")
    with pytest.raises(data.FetchError, match=f"not unpacked: .*({message})"):
        data.fetch("tiny", tmp_path / "root")
    left = everything(tmp_path)
    assert left.pop(f"root/tiny/{name}") == archive  # it is what the table promises
    assert left == {"root": None, "root/tiny": None, "neighbour": b"untouched"}
    assert not os.path.exists("/tmp/outside")


def test_a_header_that_is_a_bomb_is_not_read_whole(offer, tmp_path, monkeypatch):
    """A name may have any length in a tar file; tarfile reads it at once."""
    monkeypatch.setattr("minidl.data.unpack.MOST_FILES", 100)
    info = tarfile.TarInfo("set/" + "x" * (20 << 20))
    offer("s.tar.gz", tar(info), folder="set")
    with pytest.raises(data.FetchError, match="more than 1,048,576 bytes"):
        data.fetch("tiny", tmp_path)


def test_an_archive_of_too_many_files(offer, tmp_path, monkeypatch):
    monkeypatch.setattr("minidl.data.unpack.MOST_FILES", 10)
    offer("s.zip", zipped(*((f"set/{i}", b"") for i in range(11))), folder="set")
    with pytest.raises(data.FetchError, match="more than 10 files"):
        data.fetch("tiny", tmp_path)
    assert set(everything(tmp_path)) == {"tiny", "tiny/s.zip"}


@pytest.mark.parametrize("name, make", [("s.tar.gz", tar), ("s.zip", zipped)])
def test_a_damaged_archive_is_refused_or_unpacked_but_never_half(tmp_path, name, make):
    """One byte in each of 300 archives is changed: a FetchError, or a folder; no other exception.

    The seed is fixed, so there is no chance in it.
    """
    whole, chance = make(*GOOD), random.Random(0)
    refused = 0
    for i in range(300):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= chance.randrange(1, 256)
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / name).write_bytes(damaged)
        try:
            data.unpack.unpack(folder / name, "set", 1 << 20)
        except data.FetchError:
            refused += 1
            assert [path.name for path in folder.iterdir()] == [name]
        else:
            assert {path.name for path in folder.iterdir()} == {name, "set"}
    assert refused > 30


# ------------------------------------------------------------------------------ the command line


def test_the_command_fetches_and_lists(offer, tmp_path, monkeypatch, capsys):
    offer()
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    assert cli.main(["data", "list"]) == 0
    before = capsys.readouterr().out
    for expected in ("omniglot", "MIT", "minidl data fetch tiny", "minidl.data.digits"):
        assert expected in before
    assert cli.main(["data", "fetch", "tiny"]) == 0
    assert str(tmp_path / "tiny") in capsys.readouterr().out
    assert everything(tmp_path) == WHOLE
    cli.main(["data", "list"])
    listed = capsys.readouterr().out
    assert str(tmp_path / "tiny") in listed and "fetch tiny" not in listed


def test_the_command_says_why_and_what_to_do(server, offer, tmp_path, capsys):
    offer()
    server.breaks_after = 1000
    assert cli.main(["data", "fetch", "tiny", "--root", str(tmp_path)]) == 1
    answer = capsys.readouterr().err
    assert "broke off after 1,000" in answer and "same command goes on" in answer
    assert "Traceback" not in answer


@pytest.mark.parametrize(
    "words, message",
    [([], "data list"), (["fech"], "data list"), (["fetch"], "NAME"),
     (["fetch", "minst"], "did you mean 'mnist'")],
)  # fmt: skip
def test_a_mistake_is_answered(words, message, capsys):
    assert cli.main(["data", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in SOURCES])
def test_the_table_is_well_formed(name):
    source = SOURCES[name]
    assert source.addresses and source.files and source.licence
    for address in source.addresses:
        assert address.startswith(("https://", "http://")) and address.endswith("/")
    for file in source.files:
        assert len(bytes.fromhex(file.sha256)) == 32 and file.bytes > 0
        assert file.name == os.path.basename(file.name)
        assert (file.folder is not None) == file.name.endswith((".tar.gz", ".zip"))
