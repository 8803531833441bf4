"""Any bytes give a tree, or one sentence that says why not and in which line."""

import ast
import sys
import warnings

import pytest

from jaxaudit.model import Unread
from jaxaudit.source.parse import parse
from jaxaudit.source.syntax_reasons import needs_python, reason

RUNNING = sys.version_info.minor


def reason_of(data: bytes) -> str:
    unread = parse(data, "some.py")
    assert isinstance(unread, Unread)
    assert unread.path == "some.py"
    return unread.reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\xef\xbb\xbfx = 1",
        b"# coding: latin-1\nx = '\xe9'",
        b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'",
        b"\x0c\nx = 1",
        b"x = 1\r\ny = 2\r\n",
        b"x = 1\ry = 2\r",
        b"def f():\n\treturn 1",
    ],
)
def test_reads_what_python_reads(data: bytes) -> None:
    assert isinstance(parse(data, "some.py"), ast.Module)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x = 1\nx\0 = 2", "a NUL byte: this is not Python source (line 2)"),
        (
            "x = 1".encode("utf-16"),
            "UTF-16 text; Python reads UTF-8 unless a coding comment names another encoding (line 1)",
        ),
        (b"x = 1\ny = '\xe9'", "not UTF-8, and names no other encoding (byte 0xe9, line 2)"),
        (b"# coding: ascii\n\nx = '\xff'", "not the encoding 'ascii' declared in line 1 (byte 0xff, line 3)"),
        (b"# coding: klingon\n", "declares the unknown encoding 'klingon' (line 1)"),
        (b"# coding: hex\n", "declares the unknown encoding 'hex' (line 1)"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "starts with a UTF-8 mark but declares the encoding 'latin-1' (line 1)"),
        (b"x = (\n", "syntax error: '(' was never closed (line 1)"),
        (b"if a:\n\tb\n        c\n", "syntax error: inconsistent use of tabs and spaces in indentation (line 3)"),
        (b"\nx = asyncio.async(f)", "syntax of Python 3.6 or older (async or await as a name, line 2)"),
        (b"async = 1", "syntax of Python 3.6 or older (async or await as a name, line 1)"),
    ],
)
def test_says_why_not_and_where(data: bytes, expected: str) -> None:
    assert reason_of(data) == expected


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'print "a"', "print statement"),
        (b"print a", "print statement"),
        (b"exec code in names", "exec statement"),
        (b"raise ValueError, 'x'", "raise X, value"),
        (b"if a: raise what[0], what[1], what[2]", "raise X, value"),
        (b"mode = 0777", "octal number"),
        (b"big = 10L", "long integer"),
        (b"a <> b", "<> operator"),
        (b"x = `a`", "backquotes"),
        (b"x = ur'a'", "ur string"),
        (b"def f(a, (b, c)): pass", "tuple parameter"),
        (b"f = lambda (a, b): a", "tuple parameter"),
    ],
)
def test_knows_python_2(line: bytes, what: str) -> None:
    assert reason_of(b"\n\n" + line + b"\n") == f"Python 2 syntax ({what}, line 3)"


@pytest.mark.skipif(RUNNING >= 14, reason="Python 3.14 reads it as a tuple")
def test_knows_the_except_of_python_2() -> None:
    assert reason_of(b"try: pass\nexcept A, e: pass") == "Python 2 syntax (except X, name, line 2)"


@pytest.mark.parametrize(
    ("line", "minor", "what"),
    [
        (b"type X = int", 12, "type statement"),
        (b"type X[T] = list[T]", 12, "type statement"),
        (b"def f[T](x: T): pass", 12, "type parameter syntax"),
        (b"async def f[T](x: T): pass", 12, "type parameter syntax"),
        (b"class A[T]: pass", 12, "type parameter syntax"),
        (b"def f[T = int](x: T): pass", 13, "type parameter default"),
        (b'f"{x["a"]}"', 12, "f-string syntax"),
        (b'f"{f"{f"{1}"}"}"', 12, "f-string syntax"),
        (b"f\"{'\\n'.join(x)}\"", 12, "f-string syntax"),
        (b'f"{x  # why\n}"', 12, "f-string syntax"),
        (b'print(f"{a!r:>{10}} {"q"} {\n1}")', 12, "f-string syntax"),
        (b"t'{x}'", 14, "template string"),
    ],
)
def test_knows_newer_python(line: bytes, minor: int, what: str) -> None:
    read = parse(b"x = 1\n" + line + b"\n", "some.py")
    if minor <= RUNNING:
        assert isinstance(read, ast.Module)
    else:
        assert isinstance(read, Unread)
        assert read.reason == f"needs Python 3.{minor} or newer to read ({what}, line 2)"
        assert needs_python(read.reason) == minor


@pytest.mark.skipif(RUNNING >= 12, reason="this Python reads it")
def test_finds_the_f_string_among_joined_strings() -> None:
    assert (
        reason_of(b"x = (f'{' '.join(y)} '\n  f'{z}')")
        == "needs Python 3.12 or newer to read (f-string syntax, line 1)"
    )


@pytest.mark.parametrize("data", [b'f"{x"', b'f"{}"', b"class A[T", b"x = type y"])
def test_blames_no_newer_python_for_what_none_reads(data: bytes) -> None:
    error = SyntaxError("invalid syntax", ("<source>", 1, 1, "", 1, 1))
    assert needs_python(reason(error, data, running=20)) is None


@pytest.mark.parametrize(
    "source",
    [
        "(" * 100_000,
        "-" * 100_000 + "1",
        "+".join(["a"] * 100_000),
        "a" + ".b" * 100_000,
        "if a:\n pass\n" + "elif b:\n pass\n" * 100_000,
        "f(" * 500 + ")" * 500,
        "".join(" " * depth + "if 1:\n" for depth in range(200)) + " " * 200 + "pass",
    ],
)
def test_deep_nesting_is_a_reason_not_a_crash(source: str) -> None:
    unread = parse(source.encode(), "deep.py")
    assert isinstance(unread, Unread)
    assert "too deeply" in unread.reason or "too large" in unread.reason
    assert "line" in unread.reason


@pytest.mark.parametrize("data", [b"x = '\\d'", b"1 is 1", b"x = [0x1for x in y]", b"x = 1if y else 2"])
def test_warnings_about_the_source_stay_silent(data: bytes) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("error")
        assert isinstance(parse(data, "some.py"), ast.Module)
    assert not said


def test_a_comment_that_python_would_stumble_over_is_named() -> None:
    assert reason_of(b"x = 1\n# \xe9\n") == "not UTF-8, and names no other encoding (byte 0xe9, line 2)"
    assert isinstance(parse(b"# coding: latin-1\n# \xe9\n", "some.py"), ast.Module)
    assert isinstance(parse("# é\n".encode(), "some.py"), ast.Module)
