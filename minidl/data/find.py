"""Where a data set lies: the places that are searched, and what to do when it is in none of them.

The files of the set NAME are looked for in PLACE/NAME, where PLACE is

1. the folder that the caller names (`root=`),
2. the folder that the environment variable MINIDL_DATA names,
3. the folder into which `minidl data fetch` puts what it brings,
4. the system's folder for data sets (`/usr/share/datasets`, where Debian's packages put them),

and in the first two of these, which a user chooses, also in PLACE itself.  For MINIDL_DATA that
holds only if the folder is called NAME: MNIST and its descendants call their files alike, and one
must not be taken for another.

A folder that is named but lacks the set is passed over, so that one MINIDL_DATA may hold some sets
and not others; the error at the end lists every place that was tried.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

SYSTEM = Path("/usr/share/datasets")


class DataNotFoundError(FileNotFoundError):
    """A data set is in none of the places; the message says which, and how to get it."""


def home() -> Path:
    """Where `minidl data fetch` puts a set if no folder is named: $MINIDL_DATA, or the cache."""
    if os.environ.get("MINIDL_DATA"):
        return Path(os.environ["MINIDL_DATA"]).expanduser()
    return cache()


def cache() -> Path:
    """$XDG_CACHE_HOME/minidl, or ~/.cache/minidl."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "minidl"


def folders(name: str, root: str | os.PathLike[str] | None = None) -> dict[str, Path]:
    """The folders that are searched for the set `name`, in order: why each, and where it is."""
    found = {}
    if root is not None:
        found["root="] = Path(root).expanduser() / name
        found["root= itself"] = Path(root).expanduser()
    if os.environ.get("MINIDL_DATA"):
        found["$MINIDL_DATA"] = home() / name
        if home().name == name:
            found["$MINIDL_DATA itself"] = home()
    return found | {"fetched": cache() / name, "the system": SYSTEM / name}


def find(
    name: str,
    files: list[str],
    how: str,
    root: str | os.PathLike[str] | None = None,
    package: str | None = None,
) -> list[Path]:
    """The paths of all `files` (or folders) of the set `name`, together in one folder.

    how: what the user can do to get the set, printed with the error.
    package: "PACKAGE/FOLDER", where an installed Python package has the files; it is not imported.
    Raises DataNotFoundError, a FileNotFoundError, when no place holds all of them.
    """
    places = folders(name, root)
    if package is not None:
        module, _, inside = package.partition("/")
        spec = find_spec(module)
        if spec is not None and spec.submodule_search_locations:
            places[f"the package {module}"] = Path(spec.submodule_search_locations[0]) / inside
    for folder in places.values():
        paths = [folder / file for file in files]
        if all(path.exists() for path in paths):
            return paths
    searched = "".join(f"  {folder} ({why})\n" for why, folder in places.items())
    raise DataNotFoundError(
        f"the data set {name!r} ({', '.join(files)}) was not found. Looked in\n{searched}{how}"
    )
