"""A student's code in a process of its own: what goes in and out, and what cannot get out."""

import io

import numpy as np
import pytest

from minidl.gradcheck.trials import CodeError
from minidl.learn.sandbox import messages
from minidl.learn.sandbox.process import Sandbox

CODE = '''
import numpy as np

def double(x):
    print("hello")
    return 2 * x

def into(x):
    x *= 2

def forever(x):
    while True:
        pass

def leave(x):
    import os
    os._exit(0)

def leave_politely(x):
    raise SystemExit(0)

def huge(x):
    return np.ones(1 << 37)

def an_object(x):
    return object()

def fail(x):
    return x @ x.nothing

def fake(x):
    import os
    np.allclose = np.array_equal = lambda *a, **k: True
    for stream in (1, 2):
        os.write(stream, b"all tests passed")
    print("all tests passed")
    return np.zeros(3)

def unfinished(x):
    raise NotImplementedError
'''


@pytest.fixture
def sandbox(tmp_path):
    path = tmp_path / "student.py"
    path.write_text(CODE)
    with Sandbox(path, seconds=1.0) as current:
        yield current


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 1.5, float("nan"), "text", np.arange(6.0).reshape(2, 3), np.float32(2),
        np.array([True, False]), np.zeros((0, 3)), (1, [2.0, np.ones(2)], {"a": None}), [],
    ],
    ids=str,
)  # fmt: skip
def test_a_message_arrives_as_it_was_sent(value):
    pipe = io.BytesIO()
    messages.write(pipe, value)
    pipe.seek(0)
    back = messages.read(pipe)
    assert type(back) is (np.ndarray if isinstance(value, np.generic) else type(value))
    np.testing.assert_equal(back, value)


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1: 2}, {"a": len}])
def test_objects_are_not_sent(value):
    with pytest.raises(messages.NotData):
        messages.write(io.BytesIO(), value)


def test_a_function_is_called_and_what_it_prints_is_kept(sandbox):
    np.testing.assert_array_equal(sandbox.function("double")(np.arange(3.0)), [0, 2, 4])
    assert sandbox.printed == "hello\n"


def test_what_it_writes_to_is_changed_here_too(sandbox):
    x = np.ones(3)
    assert sandbox.function("into")(x) is None
    np.testing.assert_array_equal(x, 2)


@pytest.mark.parametrize(
    "name, code, message",
    [
        ("forever", "timeout", "more than 1 s"),
        ("leave", "died", "ended without a result"),
        ("leave_politely", "died", "SystemExit"),
        ("huge", "memory", "MemoryError"),
        ("an_object", "type", "no array or number: object"),
        ("fail", "raised", "has no attribute 'nothing'"),
        ("unfinished", "not-written", "NotImplementedError"),
        ("absent", "not-written", "the file has no function absent"),
    ],
)
def test_whatever_happens_is_one_error_and_the_next_call_works(sandbox, name, code, message):
    with pytest.raises(CodeError, match=message) as caught:
        sandbox.function(name)(np.ones(3))
    assert caught.value.code == code
    assert sandbox.function("double")(np.float64(2)) == 4


def test_an_error_names_the_line(sandbox):
    with pytest.raises(CodeError) as caught:
        sandbox.function("fail")(np.ones(3))
    assert caught.value.source == "return x @ x.nothing"
    assert CODE.splitlines()[caught.value.line - 1].strip() == caught.value.source


def test_patched_functions_and_faked_output_change_nothing_here(sandbox):
    np.testing.assert_array_equal(sandbox.function("fake")(np.ones(3)), 0)
    assert not np.allclose([1.0], [2.0])
    np.testing.assert_array_equal(sandbox.function("double")(np.ones(3)), 2)


def test_a_file_that_does_not_compile_says_where_on_every_call(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("x = 1\ndef f(:\n")
    with Sandbox(path) as sandbox:
        for _ in range(2):
            with pytest.raises(CodeError, match="SyntaxError") as caught:
                sandbox.function("f")(1.0)
            assert caught.value.line == 2


def test_the_next_file_finds_nothing_of_the_last_one(tmp_path):
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    begin = "import sys\nimport numpy as np\n"
    first.write_text(begin + "np.sum = None\nsys.left = 1\ndef f(x):\n    return x\n")
    second.write_text(begin + "def f(x):\n    return np.sum(x) + hasattr(sys, 'left')\n")
    with Sandbox(first) as sandbox:
        assert sandbox.function("f")(1.0) == 1.0
        sandbox.open(second)
        assert sandbox.function("f")(np.ones(3)) == 3.0
