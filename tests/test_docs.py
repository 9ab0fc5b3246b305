"""The programs in README.md and docs/ run, and print what the comment beside each print says.

A block of Python that imports something is a program; others are excerpts.
"""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from minidl.experiments import EXPERIMENTS
from minidl.notes.report import markdown

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
    if "import " in block
]


@pytest.mark.parametrize("block", BLOCKS)
def test_block(block, capsys):
    exec(compile(block, "example", "exec"), {})
    promised = re.findall(r"print\(.*\)  # (.*)", block)
    assert capsys.readouterr().out.splitlines() == promised


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page):
    text = page.read_text()
    for link in re.findall(r"\]\(([^):#]+)\)", text):
        assert (page.parent / link).exists(), link
    for path in re.findall(r"`((?:minidl|tests|docs|tutorials)/[\w./]*)", text):
        assert path.startswith("docs/_build") or (ROOT / path).exists(), path
    for name in re.findall(r"minidl run ([a-z][a-z-]*)", text):
        assert name in EXPERIMENTS, name
    for module in re.findall(r"python -m (tests[\w.]*\w)", text):
        assert find_spec(module), module


def test_the_readme_has_its_example_and_its_two_commands():
    readme = PAGES[0].read_text()
    assert "```python" in readme
    assert len(re.findall(r"^ *pip install .* && .*$", readme, re.MULTILINE)) == 2


def test_the_readme_says_how_far_the_notes_are_covered():
    assert f"\n{markdown()}\n" in PAGES[0].read_text(), f"it should say\n{markdown()}"


def test_the_readme_has_the_ratios_that_were_measured():
    measured = ratios((ROOT / "docs" / "benchmarks.md").read_text())
    said = ratios(PAGES[0].read_text().partition("## How fast")[2])
    assert len(said) > 3 and set(said) <= set(measured)


def ratios(text):
    """Of the first table with that heading: workload, ratio, and ratio on two cores."""
    lines = text.partition("| workload | ratio |")[2].partition("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip("* ") for cell in line.split("|")[1:4]) for line in lines]
