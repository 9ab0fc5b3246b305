"""One file from the network: resumed where it broke off, and put in place only when it is right.

What has arrived lies in a hidden file beside the place, `.NAME.partial`.  A broken connection
leaves it there, and the next attempt asks the server for the rest only (HTTP `Range`, RFC 9110,
section 14).  The file takes its place, in one step, when its length and SHA-256 are as expected.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 16
TIMEOUT = 30  # seconds without a byte


class FetchError(Exception):
    """A data set could not be brought; the message says why, and what to do."""


def download(
    url: str, path: Path, size: int, sha256: str, arrived: Callable[[int], None] = lambda n: None
) -> None:
    """Bring `url`, of `size` bytes and this SHA-256, to `path`; `arrived` is told of each chunk.

    Raises FetchError if the server cannot be reached, breaks off, or sends something else.  What it
    sent of the right file is kept for the next attempt; what is wrong is removed.
    """
    partial = path.with_name(f".{path.name}.partial")
    had_some = partial.exists()
    try:
        _bring(url, partial, size, arrived)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise FetchError(f"{url}: {reason}") from error
    length = partial.stat().st_size
    if length < size:
        raise FetchError(f"{url}: broke off after {length:,} of {size:,} bytes")
    if length > size or digest(partial) != sha256:
        partial.unlink()
        if had_some:  # the first part may have been of something else
            arrived(-length)
            return download(url, path, size, sha256, arrived)
        wrong = f"more than {size:,} bytes" if length > size else "other content"
        raise FetchError(f"{url}: the server sends {wrong}, not the file of SHA-256 {sha256}")
    os.replace(partial, path)


def _bring(url: str, partial: Path, size: int, arrived: Callable[[int], None]) -> None:
    """Add to `partial` what it lacks, or all of it where the server cannot send a part.

    Not more than one byte too many is written, however much the server sends.
    """
    have = partial.stat().st_size if partial.exists() else 0
    arrived(have)
    if have >= size:
        return
    request = urllib.request.Request(url, headers={"User-Agent": "minidl"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        continues = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        if continues and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise OSError("the server sends another part than it was asked for")
        if not continues:
            arrived(-have)
            have = 0
        with open(partial, "ab" if continues else "wb") as file:
            while chunk := answer.read(min(CHUNK, size + 1 - have)):
                file.write(chunk)
                have += len(chunk)
                arrived(len(chunk))


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
