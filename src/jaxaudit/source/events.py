"""What happens in a body that is followed: branches, loops, tests, stores, uses, returns, each where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import values as v

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow


class Branch:
    """One `if`, `match`, `try` or conditional expression: arms exclude each other."""

    __slots__ = ("kind", "line", "test")

    def __init__(self, kind: str, test: v.Value | None, line: int) -> None:
        self.kind = kind
        self.test = test
        self.line = line


class Loop:
    """One `for`, `while` or comprehension clause."""

    __slots__ = (
        "carried",
        "end_line",
        "expr",
        "flow",
        "iterable",
        "kind",
        "line",
        "outer",
        "path",
        "target",
        "test",
        "whole",
    )

    def __init__(self, kind: str, flow: Flow, line: int, end_line: int, path: v.Path, outer: tuple[Loop, ...]) -> None:
        self.kind = kind
        self.flow = flow
        self.line = line
        self.end_line = end_line
        self.path = path
        self.outer = outer
        self.iterable: v.Value | None = None
        self.test: v.Value | None = None
        self.target: Any = None
        self.expr: Any = None
        self.carried: dict[str, v.Carried] = {}
        self.whole: v.Comprehension | None = None
        """The comprehension whose clause it is."""

    def seen_from(self, path: str) -> str:
        """`line 44`; told in another file, `demo/denoise.py:44`."""
        own = self.flow.function.module.path
        return f"line {self.line}" if path == own else f"{own}:{self.line}"


class Test(NamedTuple):
    """A value whose truth Python asks for: `if`, `while`, `assert`, `not`, `and`, a conditional expression."""

    kind: str
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]


class Store(NamedTuple):
    """A write that outlives the name: to an attribute, an item, a global or an enclosing function's name."""

    kind: str
    base: v.Value | None
    name: Any
    value: v.Value
    augmented: bool
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int


class Use(NamedTuple):
    """A name that is read."""

    name: str
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int


class Return(NamedTuple):
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int


class Bind(NamedTuple):
    """A name that an assignment binds: what stale values are told by. `expr` is the name as it stands there."""

    name: str
    value: v.Value
    expr: Any
    path: v.Path
    loops: tuple[Loop, ...]
    order: int
