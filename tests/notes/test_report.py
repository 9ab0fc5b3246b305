"""What `minidl notes` prints."""

import pytest

from minidl import notes
from minidl.notes import report


def test_without_a_name_the_coverage_of_every_family():
    text = report()
    for family, (done, total) in notes.coverage().items():
        assert any(line.split()[:4] == [family, str(done), "of", str(total)]
                   for line in text.splitlines())  # fmt: skip
    assert "261" in text


def test_a_family_lists_its_rows():
    lines = report("vae").splitlines()
    assert [line[2:].split()[0] for line in lines] == [row.id for row in notes.families()["vae"]]
    assert all((line[0] == "x") == bool(row.implementation)
               for line, row in zip(lines, notes.families()["vae"]))  # fmt: skip


def test_part_of_a_name_lists_what_contains_it():
    found = [line[2:].split()[0] for line in report("Langevin").splitlines()]
    assert len(found) > 1 and set(found) <= set(notes.rows())


def test_a_row_is_shown_whole_and_so_are_rows_that_begin_alike():
    assert report("langevin-multimodal") == str(notes.where("langevin-multimodal"))
    assert len(notes.where("ewc")) > 1
    assert all(str(row) in report("ewc") for row in notes.where("ewc"))


def test_a_row_with_an_erratum_shows_its_experiment():
    text = report("jsd")
    assert all(word in text for word in ("as printed", "corrected", "truth", "0.693147"))


def test_what_is_nowhere_raises_with_near_names():
    with pytest.raises(LookupError, match="beta-vae"):
        report("beta-vea")
