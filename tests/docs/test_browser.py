"""The site in a browser, from files, with no host to be found: nothing fails, nothing is cut off.

Skipped where no Chromium is installed.  The pages of code come out of one template; of those the
longest are opened.  All others are opened, as wide as a small phone.
"""

import re
import time

import pytest

from .browser import PROGRAM, Browser

pytestmark = pytest.mark.skipif(not PROGRAM, reason="no Chromium is installed")

# How far the page is wider than the window; text that should have been a formula; empty formulas
PROBE = r"""(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), source = [];
  while (walker.nextNode()) {
    const inCode = walker.currentNode.parentElement.closest('code, pre, svg, script, style');
    const found = /\$[^$]+\$|\\[a-zA-Z]{2,}/.exec(walker.currentNode.data);
    if (found && !inCode) source.push(found[0]);
  }
  const drawn = [...document.querySelectorAll('.math svg')];
  const empty = drawn.filter(svg => svg.checkVisibility() && !svg.getBoundingClientRect().height);
  return [document.documentElement.scrollWidth - window.innerWidth, source, empty.length];
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def faults(browser, page):
    """What is wrong with a page, in words."""
    browser.open(page.as_uri())
    beyond, source, empty = browser.ask(PROBE)
    found = list(browser.failed)
    if beyond > 0:
        found.append(f"it is {beyond} pixels wider than the window")
    found += [f"a formula is left as its source: {text}" for text in source]
    if empty:
        found.append(f"{empty} formulas have no height")
    return found


def test_nothing_fails_and_nothing_is_cut_off_on_a_phone(browser, site_folder):
    browser.look(380)
    pages = sorted(site_folder.rglob("*.html"), key=lambda page: page.stat().st_size)
    code = [page for page in pages if page.is_relative_to(site_folder / "code")]
    opened = [page for page in pages if page not in code] + code[-10:]
    assert len(opened) > 60
    found = {page.relative_to(site_folder).as_posix(): faults(browser, page) for page in opened}
    assert {page: said for page, said in found.items() if said} == {}


def test_what_is_wrong_is_noticed(browser, tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text(
        """<!DOCTYPE html><body style="margin: 0"><p>If $x = 1$,<p>\\alpha.
        <div style="width: 500px">wide</div> <span class="math"><svg height="0"></svg></span>
        <img src="absent.png"> <img src="https://example.org/far.png">
        <script>console.error("oh"); undefined_function()</script>"""
    )
    browser.look(380)
    found = "\n".join(faults(browser, page))
    for words in (
        "120 pixels wider",
        "source: $x = 1$",
        "source: \\alpha",
        "1 formulas have no height",
        "a request failed: net::ERR_FILE_NOT_FOUND",
        "a request left the site: https://example.org/far.png",
        "a script failed",
        "the console says oh",
    ):
        assert words in found


# Text, and the first background behind it that is not transparent
COLOURS = """[...document.querySelectorAll('main :is(p, a, dt, td, pre span), nav a')].filter(
  e => e.textContent.trim()).map(e => {
  let behind = e, colour = 'rgba(0, 0, 0, 0)';
  while (colour == 'rgba(0, 0, 0, 0)' && behind) {
    colour = getComputedStyle(behind).backgroundColor; behind = behind.parentElement;
  }
  return [getComputedStyle(e).color, colour, e.className + ' ' + e.textContent.slice(0, 40)];
})"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["index", "notes/vae", "reference/minidl.optim", "beside/vae"])
def test_text_stands_out_from_its_background(browser, site_folder, name, dark):
    browser.look(1200, dark)
    browser.open((site_folder / f"{name}.html").as_uri())
    (paper,) = browser.ask("[getComputedStyle(document.body).backgroundColor]")
    assert (luminance(paper) < 0.1) == dark
    colours = browser.ask(COLOURS)
    assert colours
    faint = {f"{text}, {ink} on {paper}" for ink, paper, text in colours if ratio(ink, paper) < 4.5}
    assert faint == set()


def luminance(colour):
    """Relative luminance of "rgb(r, g, b)", from 0 to 1: WCAG 2.2."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def ratio(one, other):
    """The contrast of two colours, from 1 to 21; WCAG asks for 4.5."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_search_works_from_files(browser, site_folder):
    browser.look(1200)
    browser.open((site_folder / "search.html").as_uri() + "?q=softmax")
    found, until = [], time.monotonic() + 30
    while "notes/supervised.html#softmax" not in found and time.monotonic() < until:
        links = "[...document.querySelectorAll('ul.search a')]"
        found = browser.ask(f"{links}.map(a => a.getAttribute('href'))")
    assert "notes/supervised.html#softmax" in found
    assert browser.failed == []
