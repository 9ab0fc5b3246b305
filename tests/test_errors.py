"""Wrong calls and what a learner reads: every example in docs/errors.md raises just that.

After a message was improved, run the example and put its new text into the page, which says it
all in one place.
"""

import pathlib
import re
import warnings

import pytest

PAGE = pathlib.Path(__file__).parent.parent / "docs" / "errors.md"


def blocks(language):
    """The blocks of code of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def namespace():
    """Fresh names, as the page defines them."""
    names = {}
    for block in blocks("python"):
        exec(block, names)
    return names


def examples():
    """(code, message) for each example: lines after >>> and ..., then those of the error."""
    for block in blocks("pycon"):
        for example in block.strip().split("\n\n"):
            lines = example.splitlines()
            code = [line[4:] for line in lines if line.startswith((">>> ", "... "))]
            yield "\n".join(code), " ".join(lines[len(code) :])


def outcome(code):
    """What running the code raises, as the last line of a traceback has it."""
    names = namespace()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, names)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


TABLE = [*examples()]


@pytest.mark.parametrize("code, message", TABLE, ids=[code for code, _ in TABLE])
def test_message(code, message):
    assert outcome(code).split() == message.split()


def test_the_table_is_long_enough():
    assert len(TABLE) >= 100 and len({code for code, _ in TABLE}) == len(TABLE)


def test_messages_are_short_and_end_without_a_full_stop():
    for code, message in TABLE:
        assert len(message) < 420 and not message.endswith("."), code
