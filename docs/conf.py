"""Sphinx's settings.  Build with: sphinx-build -W docs docs/_build

What the pages need beyond Sphinx is in `maker/` (mathematics as pictures, pages of the notes, code
beside prose, the reference, tutorials) and `theme/` (their look).  Nothing is fetched, to build or
to read.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]  # maker; and minidl, as it stands beside docs/

project = "minidl"
extensions = [
    "myst_parser",
    "maker.mathematics",
    "maker.source_pages",
    "maker.notes_pages",
    "maker.programs",
    "maker.reference",
    "maker.sides",
    "maker.tutorials",
]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

smartquotes = False  # quotation marks are part of formulas and of code

html_theme_path = ["theme"]
html_theme = "minidl"
html_title = "minidl"
html_copy_source = False
html_show_search_summary = False  # it fetches pages, which browsers refuse to do from files
html_math_renderer = "ziamath"
