"""A page for each file of the package, and for each test that the map of the notes names.

They are what "code" and "test" link to: the file as it was when the site was built, highlighted,
with an anchor for each line.
"""

from __future__ import annotations

import ast
import functools
import html
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.application import Sphinx

from minidl.notes import rows

ROOT = Path(__file__).parent.parent.parent


def page_of(file: str) -> str:
    """The page of a file, named from the root of the repository: "minidl/graph.py"."""
    return "code/" + file.removesuffix(".py")


def place(name: str) -> tuple[str, int]:
    """File and line where a dotted name is defined."""
    thing = inspect.unwrap(pkgutil.resolve_name(name))
    file = Path(inspect.getsourcefile(thing)).relative_to(ROOT).as_posix()
    return file, 1 if inspect.ismodule(thing) else inspect.getsourcelines(thing)[1]


def test_place(test: str) -> tuple[str, int]:
    """File and line of "tests/file.py::test_name", or of "tests/file.py::TestClass::test_name"."""
    file, *names = test.split("::")
    body, line = tree(file).body, 1
    for name in names:
        found = next(n for n in body if getattr(n, "name", None) == name.partition("[")[0])
        body, line = found.body, found.lineno
    return file, line


@functools.cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def files() -> list[str]:
    """Every file that has a page."""
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "minidl").rglob("*.py")}
    return sorted(package | {test.split("::")[0] for row in rows().values() for test in row.tests})


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    formatter = HtmlFormatter(lineanchors="line")
    for file in files():
        code = highlight((ROOT / file).read_text(encoding="utf-8"), PythonLexer(), formatter)
        body = f"<h1>{html.escape(file)}</h1>\n{code}"
        yield page_of(file), {"title": file, "body": body, "is_code": True}, "page.html"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
