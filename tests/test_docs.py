"""The programs in README.md and docs/ run, and print what the comment beside each print says.

A block of Python that imports something is a program; others are excerpts.
"""

import re
from pathlib import Path

import pytest

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


def test_the_readme_has_its_example_and_its_two_commands():
    readme = PAGES[0].read_text()
    assert "```python" in readme
    assert len(re.findall(r"^ *pip install .* && .*$", readme, re.MULTILINE)) == 2
