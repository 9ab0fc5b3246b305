"""The site, built: every row is there, every link leads somewhere, nothing is loaded from afar.

It needs what `pip install -e ".[docs]"` brings, and is skipped where that is absent.
"""

import ast
import importlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from minidl.notes import errata, families, rows

ROOT = Path(__file__).parent.parent.parent


class Page(HTMLParser):
    """What a page links to and loads, its anchors and formulas, and its code beside prose."""

    LOADING = {("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src")}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links, self.loaded, self.anchors, self.formulas = set(), set(), set(), set()
        self.code, self.side, self.in_pre = "", "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        classes = (dict(attributes).get("class") or "").split()
        self.side = next((side for side in ("said", "shown") if side in classes), self.side)
        self.in_pre = self.in_pre or tag == "pre"
        for name, value in attributes:
            if name in ("id", "name"):
                self.anchors.add(value)
            if (tag, name) in self.LOADING:
                self.loaded.add(value)
            elif (tag, name) == ("a", "href"):
                self.links.add(value)
            elif (tag, name) == ("svg", "aria-label"):
                self.formulas.add(value)

    def handle_endtag(self, tag):
        if tag == "pre":
            self.in_pre = False

    def handle_data(self, data):
        if self.in_pre and self.side == "shown":
            self.code += data


@pytest.fixture(scope="module")
def site(site_folder):
    """All pages of the site, by file."""
    return {path: Page(path.read_text(encoding="utf-8")) for path in site_folder.rglob("*.html")}


def page(site, name):
    return next(page for path, page in site.items() if path.as_posix().endswith(f"/{name}.html"))


def test_every_row_has_a_section_and_is_linked_from_the_index(site):
    for family, members in families().items():
        assert {row.id for row in members} <= page(site, f"notes/{family}").anchors
    index = page(site, "notes/index").links
    assert {f"{row.family}.html#{row.id}" for row in rows().values()} <= index


def test_the_formula_of_every_row_is_drawn_right_and_as_printed(site):
    for family, members in families().items():
        wanted = {text for row in members for text in (row.latex, row.latex_printed) if text}
        assert wanted <= page(site, f"notes/{family}").formulas


def test_every_link_leads_to_a_page_and_an_anchor_that_exist(site):
    broken = set()
    for path, page in site.items():
        for link in page.links:
            if urlsplit(link).scheme:
                continue  # to another site: nothing is loaded from it
            file, _, anchor = unquote(link).partition("#")
            target = (path.parent / file).resolve() if file else path
            if not target.is_file() or anchor and anchor not in site[target].anchors:
                broken.add(f"{path.name}: {link}")
    assert not broken


def test_no_page_loads_anything_from_another_host(site):
    loaded = {address for page in site.values() for address in page.loaded}
    assert loaded
    assert not [address for address in loaded if urlsplit(address).netloc]


def test_style_sheets_load_nothing(site):
    static = min(site, key=lambda path: len(path.parts)).parent / "_static"
    text = "".join(sheet.read_text(encoding="utf-8") for sheet in static.glob("*.css"))
    addresses = re.findall(r"""@import\s*["']([^"']*)|url\(["']?([^"')]*)""", text)
    assert text
    assert not [found for found in addresses if urlsplit("".join(found)).netloc]


def test_pages_are_read_without_scripts(site):
    script = re.compile(r"[^:]*\.js(\?|$)")  # a picture in the page is an address that begins data:
    scripted = {path.name for path, page in site.items() if any(map(script.match, page.loaded))}
    assert scripted == {"search.html"}


# Of these packages other modules offer what is public
INSIDE = {"minidl.cli", "minidl.ops", "minidl.notes.errata"}
PACKAGES = {
    ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "minidl").rglob("__init__.py")
} - INSIDE


@pytest.mark.parametrize("package", sorted(p for p in PACKAGES if ".learn." not in p))
def test_the_reference_has_every_public_name(site, package):
    module = importlib.import_module(package)
    offered = [n for n in getattr(module, "__all__", vars(module)) if not n.startswith("_")]
    public = {
        f"{package}.{name}"
        for name in offered
        if callable(thing := getattr(module, name)) and thing.__module__.startswith("minidl")
    } or {f"{package}.{name}" for name in defined_inside(ROOT / package.replace(".", "/"))}
    assert public
    assert public - page(site, f"reference/{package}").anchors == set()


def defined_inside(folder):
    """The functions and classes of a chapter, which offers its files and nothing else."""
    for file in folder.glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                yield f"{file.stem}.{node.name}"


def test_the_reference_shows_every_example(site):
    text = (ROOT / "docs/reference/examples.txt").read_text(encoding="utf-8")
    names = {block.split("\n")[0] for block in text.split("\n\n")}
    listed = set().union(*(p.anchors for f, p in site.items() if f.parent.name == "reference"))
    assert names - listed == set()


def named_beside(site, family):
    """Of a family, the rows to which a page links that sets code beside prose."""
    pages = [page for path, page in site.items() if path.parent.name == "beside"]
    link = f"../notes/{family}.html#"
    return {to.removeprefix(link) for page in pages for to in page.links if to.startswith(link)}


WITH_ERRATA = [
    "autoencoder", "vae", "gan", "score-diffusion", "attacks", "defences", "continual", "meta",
]  # fmt: skip


@pytest.mark.parametrize("family", [*WITH_ERRATA, "interpretability"])
def test_every_row_that_is_done_is_named_beside_its_code(site, family):
    done = {row.id for row in families()[family] if row.implementation and row.tests}
    assert done
    assert done - named_beside(site, family) == set()


@pytest.mark.parametrize("family", WITH_ERRATA)
def test_every_executable_erratum_is_shown_beside_its_code(site, family):
    wrong = {row.id for row in families()[family]} & set(errata.names())
    pages = "".join(page.read_text() for page in (ROOT / "docs/beside").glob("*.md"))
    shown = set(re.findall(r"```\{erratum\} (\S+)", pages))
    assert wrong
    assert wrong - shown == set()


@pytest.mark.parametrize("file", ["minidl/graph.py", "minidl/autoencoders/vae.py"])
def test_code_beside_prose_is_the_whole_file(site, file):
    shown = ast.parse(page(site, f"beside/{Path(file).stem}").code)
    whole = without_docstrings(ast.parse((ROOT / file).read_text(encoding="utf-8")))
    shown.body = shown.body[: len(whole.body)]  # errata may stand beneath, with code of their own
    assert ast.dump(shown) == ast.dump(whole)


def without_docstrings(tree):
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node):
            node.body = node.body[1:]
    return tree
