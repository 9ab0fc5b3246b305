"""The executable errata: each separates the printed formula from the corrected one."""

import pytest

from minidl import notes
from minidl.notes import errata


@pytest.mark.parametrize("id", errata.names())
def test_the_experiment_separates_printed_from_corrected(id):
    lines = errata.find(id).experiment()
    assert lines
    for line in lines:
        assert line.separates, line


@pytest.mark.parametrize("id", errata.names())
def test_an_erratum_has_both_formulas_and_belongs_to_a_row(id):
    module = errata.find(id)
    assert module.__doc__ and callable(module.as_printed) and callable(module.corrected)
    assert not notes.rows()[id].erratum.startswith("OK")


def test_what_has_no_erratum_gives_none():
    assert errata.find("softmax") is None


def test_a_line_separates_only_what_is_far_apart():
    assert errata.Line("x", 2.0, 1.0, 1.0, 1e-9).separates
    assert errata.Line("x", float("inf"), 1.0, 1.0, 1e-9).separates
    assert errata.Line("x", float("nan"), 1.0, 1.0, 1e-9).separates
    assert not errata.Line("x", 1.0 + 5e-9, 1.0, 1.0, 1e-9).separates
    assert not errata.Line("x", 2.0, 1.1, 1.0, 1e-9).separates
