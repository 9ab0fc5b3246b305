"""The map of the notes: complete, findable, and true in what it says of code and tests."""

import ast
import re
from pathlib import Path

import pytest

import minidl
from minidl import checks, notes

REPOSITORY = Path(minidl.__file__).parent.parent
ROWS = list(notes.rows().values())
DONE = [row for row in ROWS if row.implementation]


def test_every_row_of_the_map_is_there():
    assert len(ROWS) == 261
    assert set(re.split(r"[ ;+,]", row.where)[0] for row in ROWS) <= set(notes.DOCUMENTS)
    assert all(" " in place for row in ROWS for place in re.split(r"; (?=[RCS]3? )", row.where))
    assert all(row.id and row.what and row.erratum and row.criterion for row in ROWS)
    assert sum(total for _, total in notes.coverage().values()) == 261


@pytest.mark.parametrize("row", DONE, ids=lambda row: row.id)
def test_named_implementations_import(row):
    assert all(callable(thing) for thing in row.objects())


@pytest.mark.parametrize("row", [r for r in ROWS if r.tests], ids=lambda row: row.id)
def test_named_tests_exist(row):
    for name in row.tests:
        file, _, test = name.partition("::")
        assert test in defined_tests(REPOSITORY / file), f"{name} does not exist"


def defined_tests(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_what_is_done_has_its_formula_in_latex_and_what_was_printed_only_if_it_differs():
    assert [row.id for row in DONE if not row.latex] == []
    assert [row.id for row in ROWS if row.latex and row.latex == row.latex_printed] == []


def test_code_and_tests_come_together():
    assert [row.id for row in ROWS if bool(row.implementation) != bool(row.tests)] == []


def test_what_the_map_wants_differentiated_is_checked_against_finite_differences():
    listed = {check.function for check in checks.load()}
    lacking = [
        row.id for row in DONE if row.check != "-" and listed.isdisjoint(map(plain, row.objects()))
    ]
    assert lacking == []


def plain(thing):
    return getattr(thing, "__func__", thing)


def test_where_finds_a_row_and_prints_it():
    (row,) = minidl.notes.where("jsd")
    assert (row.family, row.where) == ("autoencoder", "R JSD")
    text = str(row)
    for word in ("jsd", "autoencoder", row.formula, "Lin 1991", "code", "test"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_function_is_found_where_it_is_written_also_if_a_decorator_wraps_it():
    text = str(notes.where("lime"))
    assert "minidl/interpret/lime.py" in text and "recording.py" not in text


def test_the_beginning_of_names_finds_all_of_them():
    found = notes.where("ewc")
    assert [row.id for row in found] == ["ewc-taylor", "ewc-penalty"]
    assert all(str(row) in str(found) for row in found)


def test_a_name_that_is_not_there_is_answered_with_near_ones():
    with pytest.raises(LookupError, match="'jsdd'.*jsd"):
        notes.where("jsdd")
    with pytest.raises(LookupError, match="families: .*vae"):
        notes.where("xyzzy")


def test_search_looks_at_names_subjects_and_formulas():
    assert "beta-vae" in [row.id for row in notes.search("beta-VAE")]
    assert notes.search("xyzzy") == []
