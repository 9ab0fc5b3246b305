"""Where a data set lies: the places that are searched, and what to do when it is in none of them.

A file of the set NAME is looked for, as PLACE/NAME/FILE and as PLACE/FILE, in

1. the folder that the caller names (`root=`),
2. the folder that the environment variable MINIDL_DATA names,
3. the package itself (`minidl/data/files`),
4. the system's folder for data sets (`/usr/share/datasets`, where Debian's packages put them).

A folder that is named but lacks the file is passed over, so that one MINIDL_DATA may hold some sets
and not others; the error at the end lists every place that was tried.
"""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent / "files"
SYSTEM = Path("/usr/share/datasets")


class DataNotFoundError(FileNotFoundError):
    """A data set is in none of the places; the message says which, and how to get it."""


def places(root: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """The folders that are searched, in order: how each was named, and where it is."""
    named = {"root=": root, "$MINIDL_DATA": os.environ.get("MINIDL_DATA") or None}
    found = {name: Path(place).expanduser() for name, place in named.items() if place is not None}
    return found | {"the package": PACKAGE, "the system": SYSTEM}


def find(
    name: str,
    files: list[str],
    how: str,
    root: str | os.PathLike[str] | None = None,
) -> list[Path]:
    """The paths of all `files` of the set `name`, together in one folder.

    how: what the user can do to get the set, printed with the error.
    Raises DataNotFoundError, a FileNotFoundError, when no place holds all of them.
    """
    searched = []
    for label, place in places(root).items():
        for folder in (place / name, place):
            paths = [folder / file for file in files]
            if all(path.is_file() for path in paths):
                return paths
        searched.append(f"  {place} ({label})")
    raise DataNotFoundError(
        f"the data set {name!r} ({', '.join(files)}) was not found. Looked in\n"
        + "\n".join(searched)
        + f"\n{how}"
    )
