"""One parameter more, wherever a signature has room for it, and calls that bring it."""

import ast

import pytest

from jaxaudit.edits import CannotEdit, SourceText
from jaxaudit.edits.name_scopes import Names
from jaxaudit.edits.parameters import add_argument, add_parameters, handed_on, signature_text

LAST = {
    "def f(): pass": "def f(t): pass",
    "def f(x): pass": "def f(x, t): pass",
    "def f(x, n=(3)): pass": "def f(x, n=(3), *, t): pass",
    "def f(x, /): pass": "def f(x, /, t): pass",
    "def f(*a, **k): pass": "def f(*a, t, **k): pass",
    "def f(x, *, k=[1, '),(']): pass": "def f(x, *, k=[1, '),('], t): pass",
    "def f(\n    x,\n    y,  # why\n): pass": "def f(\n    x,\n    y,\n    t,  # why\n): pass",
    "f = lambda: 1": "f = lambda t: 1",
    "f = lambda x, y=2: x": "f = lambda x, y=2, *, t: x",
    "async def f(x: 'a, b') -> dict[str, int]: pass": "async def f(x: 'a, b', t) -> dict[str, int]: pass",
}


def function(source: SourceText) -> ast.FunctionDef:
    return next(Names(source).functions())  # type: ignore[return-value]


@pytest.mark.parametrize("before", LAST)
def test_put_last_it_takes_nothing_from_the_others(before: str) -> None:
    source = SourceText.from_text("a.py", before)
    assert source.edited(add_parameters(source, function(source), ("t",))).text == LAST[before]


def test_put_first_it_stands_behind_self() -> None:
    source = SourceText.from_text("a.py", "class A:\n    def f(self, x): pass\n")
    assert (
        "def f(self, t, u, x)" in source.edited(add_parameters(source, function(source), ("t", "u"), "first", 1)).text
    )


def test_a_name_that_is_taken_is_refused() -> None:
    source = SourceText.from_text("a.py", "def f(x, *t): pass\n")
    with pytest.raises(CannotEdit, match="has a parameter t already"):
        add_parameters(source, function(source), ("t",))


@pytest.mark.parametrize(
    ("call", "after"),
    [
        ("f(1, 2)", "f(1, 2, T)"),
        ("f(1, y=2)", "f(1, y=2, t=T)"),
        ("f(*a)", "f(*a, t=T)"),
        ("f(1, **k)", "f(1, t=T, **k)"),
    ],
)
def test_a_call_brings_it_by_position_where_it_can(call: str, after: str) -> None:
    source = SourceText.from_text("a.py", f"def f(x, y): pass\n{call}\n")
    node = source.tree.body[1].value  # type: ignore[attr-defined]
    assert source.edited(add_argument(source, node, function(source), ("t",), ("T",))).text.endswith(f"{after}\n")


def test_a_wrapper_hands_everything_on() -> None:
    source = SourceText.from_text("a.py", "def f(x, /, y=1, *a, k: int = 2, **more) -> float: pass\n")
    assert signature_text(source, function(source)) == "(x, /, y=1, *a, k: int = 2, **more) -> float"
    assert handed_on(function(source)) == ["x", "y", "*a", "k=k", "**more"]


def test_names_belong_to_the_scope_that_python_gives_them() -> None:
    code = """
t = 1
class A:
    t = 2
    def f(self): return t
def g(x):
    t = 3
    def h():
        nonlocal t
        t = 4
        return [t for t in x] + [t]
    return h
def k():
    global t
    t = 5
"""
    names = Names(SourceText.from_text("a.py", code))
    lines = {
        getattr(scope, "name", type(scope).__name__): sorted(node.lineno for node in names.uses(scope, "t"))
        for scope in names.bindings
        if names.uses(scope, "t")
    }
    assert lines == {"Module": [2, 5, 15], "A": [4], "g": [7, 10, 11], "ListComp": [11, 11]}
