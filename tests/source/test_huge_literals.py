"""Big tables are emptied, and everything around them keeps its place."""

import ast

import pytest

from jaxaudit.model import Unread
from jaxaudit.source.huge_literals import CUT_FROM, cut_huge_literals
from jaxaudit.source.parse import parse

TABLES = {
    "numbers": b"x = [" + b"1," * 200_000 + b"]",
    "lines": b"x = [\n" + b"    1.25e-5, -2,\n" * 50_000 + b"]",
    "pairs": b"x = [" + b"(1, 2), " * 50_000 + b"]",
    "names within": b"x = [" + b"1," * 200_000 + b" a, " + b"1," * 200_000 + b" b]",
    "pairs at the end": b"x = [" + b"(1, 2), " * 50_000 + b"(3, 4)]",
    "pairs of pairs": b"x = [" + b"((1, 2), {3, 4}), " * 20_000 + b"((1, 2), 3)]",
    "dictionary": b"x = {" + b"'a]': [1, 2, 3],  # why ]\n" * 20_000 + b"}",
    "strings": b"x = (" + b"'it\\'s', \"a,b\", b'c', " * 30_000 + b")",
    "rows": b"x = [" + (b"[" + b"1," * 20_000 + b"],\n") * 15 + b"]",
    "array": b"x = jnp.array([" + b"1.5, " * 100_000 + b"], dtype=f32)",
    "words": b"x = ('''" + b"one, [two\n" * 60_000 + b"'''" + b", 1" * 10_000 + b")",
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_the_rest_keeps_its_lines_and_columns(table: bytes) -> None:
    data = b"before = 1\n" + table + b"; after = 2\nlast = 'end'\n"
    tree = parse(data, "table.py")
    assert isinstance(tree, ast.Module)
    assert sum(1 for _ in ast.walk(tree)) < 2 * CUT_FROM
    *_, after, last = tree.body
    lines = data.split(b"\n")
    assert lines[after.lineno - 1][after.col_offset :].startswith(b"after = 2")
    assert lines[last.lineno - 1].startswith(b"last")


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_only_blanks_are_put_in(table: bytes) -> None:
    cut = cut_huge_literals(table)
    assert len(cut) == len(table)
    assert all(new == old or (new == 32 and old not in b"\r\n") for new, old in zip(cut, table))


def test_the_first_element_stays() -> None:
    tree = parse(b"x = [1.5, " + b"2.5, " * 100_000 + b"]", "table.py")
    assert isinstance(tree, ast.Module)
    assert ast.unparse(tree) == "x = [1.5]"


def test_a_tuple_stays_a_tuple() -> None:
    tree = parse(b"x = (1, " + b"2, " * 200_000 + b")", "table.py")
    assert isinstance(tree, ast.Module)
    assert ast.unparse(tree) == "x = (1,)"


def test_names_are_never_blanked() -> None:
    data = b"x = [" + b"1, " * 100_000 + b"a, " + b"2, " * 100_000 + b"b(c)]"
    tree = parse(data, "table.py")
    assert isinstance(tree, ast.Module)
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} == {"x", "a", "b", "c"}


def test_short_literals_and_code_stay_as_they_are() -> None:
    data = b"x = [1, 2, 3]\n" * 200 + b"# [" + b"1, " * 10_000 + b"\n" + b"s = '" + b"1, " * 10_000 + b"'\n"
    assert cut_huge_literals(data) == data


def test_lines_of_bare_tuples_are_read_whole() -> None:
    tree = parse(b"1, 2, 3\n" * 40_000, "table.py")
    assert isinstance(tree, ast.Module)
    assert len(tree.body) == 40_000


def test_big_code_is_reported_on_purpose() -> None:
    unread = parse(b"x = f(a)\n" * 400_000, "generated.py")
    assert isinstance(unread, Unread)
    assert unread.reason.startswith("too large to read in bounded memory (3.6 MB in 400,001 lines")
    assert "exclude it" in unread.reason


def test_a_big_file_of_plain_code_is_read() -> None:
    data = b'def f(x):\n    """A docstring of some words."""\n    return x + 1  # and a comment\n' * 8_000
    tree = parse(data, "long.py")
    assert isinstance(tree, ast.Module)
    assert len(tree.body) == 8_000
