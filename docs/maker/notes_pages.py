"""Pages written from the map of the notes: {notes-family} NAME and {notes-index}.

A row's section says where in the notes it stands, what they print, what is right, and links to the
code and to the tests.  When the page is built, the row's code is checked against finite differences
and its executable erratum is run, and the numbers that are shown are those just found
(`-D run_errata=0` leaves both out, for haste).
"""

from __future__ import annotations

import functools

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from minidl import checks
from minidl.notes import DOCUMENTS, Row, coverage, errata, families, lookup, rows

from .prose import literal, prose
from .source_pages import page_of, place, test_place


@functools.cache
def experiment(id: str) -> str:
    """What the experiment of an erratum finds, run once for all pages."""
    return errata.table(errata.find(id).experiment())


class NotesDirective(SphinxDirective):
    """What the two directives share: links, and tables."""

    def link(self, text: str, page: str, anchor: str, code: bool = False) -> nodes.reference:
        """A link from this page to an anchor of another."""
        uri = self.env.app.builder.get_relative_uri(self.env.docname, page) + f"#{anchor}"
        shown = nodes.literal(text=text) if code else nodes.Text(text)
        return nodes.reference("", "", shown, refuri=uri, internal=True)

    def depend_on_the_map(self) -> None:
        """Have the page written again when the map or its formulas change."""
        for file in (lookup.MAP, lookup.FORMULAS):
            self.env.note_dependency(str(file))

    def to_row(self, row: Row) -> nodes.reference:
        return self.link(row.id, f"notes/{row.family}", row.id)

    def to_code(self, name: str) -> nodes.reference:
        file, line = place(name)
        return self.link(name.rpartition(".")[2], page_of(file), f"line-{line}", code=True)

    def to_test(self, test: str) -> nodes.reference:
        file, line = test_place(test)
        return self.link(test.split("::")[-1], page_of(file), f"line-{line}", code=True)


def listed(links: list[nodes.Node]) -> list[nodes.Node]:
    """The links with commas between."""
    return [piece for link in links for piece in (nodes.Text(", "), link)][1:]


def table(head: list[str], lines: list[list[list[nodes.Node]]]) -> nodes.container:
    """A table; cells are lists of inline nodes.  It scrolls by itself where the page is narrow."""

    def row(cells: list[list[nodes.Node]]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))

    widths = [nodes.colspec(colwidth=1) for _ in head]
    titles = nodes.thead("", row([[nodes.Text(title)] for title in head]))
    group = nodes.tgroup("", *widths, titles, nodes.tbody("", *map(row, lines)), cols=len(head))
    return nodes.container("", nodes.table("", group), classes=["scrolls"])


class Family(NotesDirective):
    """{notes-family} vae: a section for each row of the family."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.depend_on_the_map()
        return [self.section(row) for row in families()[self.arguments[0]]]

    def section(self, row: Row) -> nodes.section:
        command = nodes.literal(text=f"minidl notes {row.id}")
        entries = [
            ("In the notes", [nodes.Text(f"{row.where} ("), command, nodes.Text(")")]),
            *self.formulas(row),
            ("Erratum", [nodes.Text(row.erratum)]),
            ("To be shown", [nodes.Text(row.criterion)]),
            *self.done(row),
        ]
        fields = nodes.field_list(classes=["row"])
        for label, content in entries:
            block = isinstance(content[0], nodes.math_block)
            body = content[0] if block else nodes.paragraph("", "", *content)
            fields += nodes.field("", nodes.field_name(text=label), nodes.field_body("", body))
        words = row.id.replace("-", " ")
        title = nodes.title("", "", nodes.Text(words[0].upper() + words[1:]))
        what = nodes.paragraph("", row.what)
        return nodes.section("", title, what, fields, *self.erratum(row), ids=[row.id])

    def formulas(self, row: Row) -> list[tuple[str, list[nodes.Node]]]:
        """The formula, as printed and as it should be; and what else the notes say."""
        shown = []
        if row.latex_printed:
            shown.append(("Printed", [math(row.latex_printed)]))
        if row.latex:
            shown.append(("Right" if row.latex_printed else "Formula", [math(row.latex)]))
        if not row.formula.startswith("as left"):  # in the map: as in the column to the left
            shown.append(("The notes say", [nodes.literal(text=row.formula)]))
        return shown

    def done(self, row: Row) -> list[tuple[str, list[nodes.Node]]]:
        """Code and tests, what is differentiated, and how far that is from finite differences."""
        if not row.implementation:
            return [("Code", [nodes.strong(text="not implemented yet")])]
        shown = [
            ("Code", listed([self.to_code(name) for name in row.implementation])),
            ("Tests", listed([self.to_test(test) for test in row.tests])),
        ]
        if row.check != "-":
            shown.append(("Gradient of", [nodes.Text(row.check)]))
        if self.config.run_errata and measured(row):
            shown.append(("Its error", [nodes.Text("; ".join(measured(row)))]))
        return shown

    def erratum(self, row: Row) -> list[nodes.Node]:
        """The erratum in words, and what its experiment found just now."""
        erratum = errata.find(row.id)
        if erratum is None:
            return []
        shown = prose(erratum.__doc__)
        if self.config.run_errata:
            shown.append(literal(experiment(row.id), "text"))
        return [nodes.container("", *shown, classes=["erratum"])]


def math(latex: str) -> nodes.math_block:
    return nodes.math_block(latex, latex)


def measured(row: Row) -> list[str]:
    """The error of each function of the row that is on the list of checks, just measured."""
    functions = [getattr(thing, "__func__", thing) for thing in row.objects()]
    every = enumerate(checks.load())
    return [errors(number) for number, check in every if check.function in functions]


@functools.cache  # rows share functions
def errors(number: int) -> str:
    """'jensen_shannon 7.5e-10, second order 1.6e-09': relative to the largest slope."""
    check = checks.CHECKS[number]
    found = [f"{outcome.error:.1e}" for outcome in checks.run(check)]
    return f"{check.function.__name__} {', second order '.join(found)}"


class Index(NotesDirective):
    """{notes-index}: how far the families are; then each heading of the notes, and what it has."""

    def run(self) -> list[nodes.Node]:
        self.depend_on_the_map()
        counts = [
            [[self.to_family(family)], [nodes.Text(str(done))], [nodes.Text(str(total))]]
            for family, (done, total) in coverage().items()
        ]
        found: list[nodes.Node] = [table(["family", "with code and test", "rows"], counts)]
        for letter, document in DOCUMENTS.items():
            lines = [
                [
                    [nodes.Text(heading)],
                    listed([self.to_row(row) for row in members]),
                    listed([self.to_code(name) for row in members for name in row.implementation]),
                ]
                for heading, members in headings()[letter].items()
            ]
            title = nodes.title("", document[0].upper() + document[1:])
            found.append(
                nodes.section(
                    "",
                    title,
                    table(["heading", "rows", "code"], lines),
                    ids=[f"document-{letter.lower()}"],
                )
            )
        return found

    def to_family(self, family: str) -> nodes.reference:
        uri = self.env.app.builder.get_relative_uri(self.env.docname, f"notes/{family}")
        return nodes.reference("", family, refuri=uri, internal=True)


def headings() -> dict[str, dict[str, list[Row]]]:
    """Of each document: its headings, and the rows under each, in the order of the map.

    `where` reads "C GAN; S": the letter of a document, then a heading, and so on.  What begins with
    no letter is another heading of the same document.
    """
    found: dict[str, dict[str, list[Row]]] = {letter: {} for letter in DOCUMENTS}
    for row in rows().values():
        letter = ""
        for piece in row.where.split("; "):
            first, _, heading = piece.partition(" ")
            if first in DOCUMENTS:
                letter = first
            else:
                heading = piece
            found[letter].setdefault(heading, []).append(row)
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("run_errata", True, "env", types=bool)
    app.add_directive("notes-family", Family)
    app.add_directive("notes-index", Index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
