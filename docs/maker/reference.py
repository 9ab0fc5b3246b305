"""{reference} minidl.nn: each public name of a module, its signature, its docstring, its source.

The source of an operation includes its rules, which stand beneath it in the file.  A public name
without a docstring is a warning, and so, with -W, stops the build.  `reference/examples.txt` has
examples: a name, a session in Python, a blank line.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from .notes_pages import NotesDirective
from .prose import literal, prose
from .sides import Piece, pieces
from .source_pages import ROOT, page_of

EXAMPLES = ROOT / "docs" / "reference" / "examples.txt"

log = logging.getLogger(__name__)


@functools.cache
def examples() -> dict[str, str]:
    """The session that shows a name, by the name."""
    blocks = EXAMPLES.read_text(encoding="utf-8").strip().split("\n\n")
    return dict(block.split("\n", 1) for block in blocks)


def public(module: ModuleType) -> dict[str, Any]:
    """The functions and classes that a module offers; of a chapter, those of each of its files."""
    names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    offered = {name: getattr(module, name) for name in names}
    face = hasattr(module, "__all__") or hasattr(module, "__path__")
    own = "minidl" if face else module.__name__  # a file without a list offers what it defines
    found = {name: thing for name, thing in offered.items() if _belongs(thing, own)}
    if not found:
        for part in pkgutil.iter_modules(getattr(module, "__path__", [])):
            inner = importlib.import_module(f"{module.__name__}.{part.name}")
            found |= {f"{part.name}.{name}": thing for name, thing in public(inner).items()}
    return found


def _belongs(thing: Any, package: str) -> bool:
    code = inspect.isclass(thing) or inspect.isroutine(thing)
    return code and (thing.__module__ or "").startswith(package)


def signature(thing: Any) -> str:
    """The parameters and their defaults; types stand in the source."""
    try:
        whole = inspect.signature(thing)
    except (TypeError, ValueError):  # a class that takes what its base takes, in C
        return "(...)"
    bare = [p.replace(annotation=p.empty) for p in whole.parameters.values()]
    return str(whole.replace(parameters=bare, return_annotation=inspect.Signature.empty))


@functools.cache
def _pieces(file: str) -> list[Piece]:
    return pieces((ROOT / file).read_text(encoding="utf-8"))


class Reference(NotesDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        prefix = self.arguments[0]
        self.env.note_dependency(str(EXAMPLES))
        by_file: dict[str, list[nodes.Node]] = {}
        for name, thing in public(pkgutil.resolve_name(prefix)).items():
            source = inspect.getsourcefile(inspect.unwrap(thing))
            file = Path(source).relative_to(ROOT).as_posix()
            by_file.setdefault(file, []).append(self.entry(f"{prefix}.{name}", thing, file))
        return [self.section(file, entries) for file, entries in by_file.items()]

    def section(self, file: str, entries: list[nodes.Node]) -> nodes.section:
        title = nodes.title("", "", nodes.Text(file))
        return nodes.section("", title, *entries, ids=[nodes.make_id(file)])

    def entry(self, name: str, thing: Any, file: str) -> nodes.container:
        if not inspect.getdoc(thing):
            log.warning("%s has no docstring", name)
        own = inspect.unwrap(thing)
        parts = [
            piece
            for piece in _pieces(file)
            if piece.name == own.__name__ or piece.name.startswith(f"{own.__name__}.")
        ]
        head = nodes.literal(text=name + signature(thing))
        shown = nodes.container("", nodes.paragraph("", "", head, ids=[name]), classes=["entry"])
        shown += prose(inspect.getdoc(thing) or "")
        if name in examples():
            shown += literal(examples()[name], "pycon")
        for piece in parts[1:]:
            method = piece.name.partition(".")[2]
            if not method.startswith("_"):
                shown += nodes.paragraph("", "", nodes.literal(text=f".{method}"))
                shown += nodes.container("", *prose(piece.text), classes=["method"])
        if parts:
            shown += nodes.raw("", "<details><summary>source</summary>", format="html")
            shown += literal("\n\n".join(piece.code for piece in parts), "python")
            line = inspect.getsourcelines(own)[1]
            shown += nodes.paragraph("", "", self.link(file, page_of(file), f"line-{line}"))
            shown += nodes.raw("", "</details>", format="html")
        return shown


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("reference", Reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
