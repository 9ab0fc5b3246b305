"""Sphinx's settings.  Build with: sphinx-build -W docs docs/_build"""

project = "minidl"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
