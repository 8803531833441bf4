"""What an expression stands for, followed through names, imports and assignments, without running anything.

A value is made once, where its expression stands; reading a name gives back the same object. So "the same key is used
twice" is a question about identity, and "where does this come from" is a walk from value to value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxaudit.source.events import Branch, Loop
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Class, Function, Module

Path = tuple[tuple["Branch", int], ...]
NOT_ASKED = object()
DEEPEST = 14
"""How many names, wrappers and factories are looked through before we say that we don't know."""


class Value:
    """Something that an expression stands for. `expr` is its lowered expression, `flow` the scope that made it."""

    __slots__ = ("expr", "flow", "memo")

    def __init__(self, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr = expr
        self.flow = flow
        self.memo: dict[str, Any] | None = None

    def parts(self) -> tuple[Value, ...]:
        """The values that this one is made of."""
        return ()


class Unknown(Value):
    __slots__ = ()

    def __repr__(self) -> str:
        return "?"


class Const(Value):
    """A literal."""

    __slots__ = ("value",)

    def __init__(self, value: Any, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


class External(Value):
    """Something of a library, by its canonical dotted name: `jax.numpy.zeros`."""

    __slots__ = ("name",)

    def __init__(self, name: str, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.name = name

    def __repr__(self) -> str:
        return self.name


class ModuleValue(Value):
    __slots__ = ("module",)

    def __init__(self, module: Module, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.module = module

    def __repr__(self) -> str:
        return f"<module {self.module.name}>"


class FunctionValue(Value):
    """A function or lambda of the project; `flow` is the scope whose every run makes it anew."""

    __slots__ = ("function",)

    def __init__(self, function: Function, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.function = function

    def __repr__(self) -> str:
        return f"<def {self.function.qualname}>"


class ClassValue(Value):
    __slots__ = ("cls",)

    def __init__(self, cls: Class, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.cls = cls

    def __repr__(self) -> str:
        return f"<class {self.cls.name}>"


class Param(Value):
    """A parameter as the function's body sees it."""

    __slots__ = ("function", "name")

    def __init__(self, function: Function, name: str, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.function = function
        self.name = name

    def __repr__(self) -> str:
        return f"{self.function.name}({self.name})"


class Call(Value):
    """A call, and what it returns. A decorated `def` is the call of its decorator (`decorator` is then true)."""

    __slots__ = ("args", "decorator", "func", "kwargs", "loops", "order", "path", "transform")
    flow: Flow

    def __init__(
        self,
        func: Value,
        args: tuple[Value, ...],
        kwargs: tuple[tuple[str | None, Value], ...],
        expr: Any,
        flow: Flow,
        path: Path,
        loops: tuple[Loop, ...],
        order: int,
        decorator: bool = False,
    ) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.func = func
        self.args = args
        self.kwargs = kwargs
        self.path = path
        self.loops = loops
        self.order = order
        self.decorator = decorator
        self.transform: Any = NOT_ASKED
        """The transformation that it applies, once `calls.transform_of` has found out."""

    def parts(self) -> tuple[Value, ...]:
        return (self.func, *self.args, *[v for _, v in self.kwargs])

    def keyword(self, name: str) -> Value | None:
        for key, value in self.kwargs:
            if key == name:
                return value
        return None

    def argument(self, position: int | None, name: str | None = None) -> Value | None:
        """The argument at a position or under a name; None when absent or hidden behind a star."""
        if name is not None:
            found = self.keyword(name)
            if found is not None:
                return found
        if position is not None and 0 <= position < len(self.args):
            if any(a.__class__ is Star for a in self.args[: position + 1]):
                return None
            return self.args[position]
        return None

    def __repr__(self) -> str:
        inner = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs]
        return f"{self.func!r}({', '.join(inner)})"


class Attr(Value):
    """`base.name`, where base is no module and no library."""

    __slots__ = ("base", "name")

    def __init__(self, base: Value, name: str, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.base = base
        self.name = name

    def parts(self) -> tuple[Value, ...]:
        return (self.base,)

    def __repr__(self) -> str:
        return f"{self.base!r}.{self.name}"


class Item(Value):
    """`base[index]`, or the index-th value of an unpacked base."""

    __slots__ = ("base", "index")

    def __init__(self, base: Value, index: Value, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.base = base
        self.index = index

    def parts(self) -> tuple[Value, ...]:
        return (self.base, self.index)

    def __repr__(self) -> str:
        return f"{self.base!r}[{self.index!r}]"


class Elem(Value):
    """One turn's element of what a loop runs over."""

    __slots__ = ("iterable", "loop")

    def __init__(self, iterable: Value, loop: Loop, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.iterable = iterable
        self.loop = loop

    def parts(self) -> tuple[Value, ...]:
        return (self.iterable,)

    def __repr__(self) -> str:
        return f"each({self.iterable!r})"


class Op(Value):
    """An operator's result: arithmetic, comparison, `not`, `and`; `name` is the operator's."""

    __slots__ = ("name", "operands")

    def __init__(self, name: str, operands: tuple[Value, ...], expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.name = name
        self.operands = operands

    def parts(self) -> tuple[Value, ...]:
        return self.operands

    def __repr__(self) -> str:
        return f"{self.name}{self.operands!r}"


class Sequence(Value):
    """A tuple, list, set or slice written out; `length` is the true one where items were left out."""

    __slots__ = ("items", "kind", "length")

    def __init__(self, kind: str, items: tuple[Value, ...], length: int, expr: Any = None, flow: Any = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.kind = kind
        self.items = items
        self.length = length

    def parts(self) -> tuple[Value, ...]:
        return self.items

    def __repr__(self) -> str:
        return f"{self.kind}{self.items!r}"


class Mapping(Value):
    """A dict written out; a `**part` has the key None."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: tuple[tuple[Value | None, Value], ...], expr: Any = None, flow: Any = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.pairs = pairs

    def parts(self) -> tuple[Value, ...]:
        return tuple([v for _, v in self.pairs])

    def get(self, key: object) -> Value | None:
        for k, v in self.pairs:
            if k.__class__ is Const and k.value == key:
                return v
        return None

    def __repr__(self) -> str:
        return f"dict{self.pairs!r}"


class Comprehension(Value):
    """`[element for ... in ...]`; its loops are the loops that run."""

    __slots__ = ("element", "kind", "loops")

    def __init__(self, kind: str, element: Value, loops: tuple[Loop, ...], expr: Any = None, flow: Any = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.kind = kind
        self.element = element
        self.loops = loops

    def parts(self) -> tuple[Value, ...]:
        return (self.element,)

    def __repr__(self) -> str:
        return f"<{self.kind} of {self.element!r}>"


class Phi(Value):
    """One of several values, by the branch taken (`branch` is None for alternatives that no branch tells apart)."""

    __slots__ = ("branch", "options")

    def __init__(self, options: tuple[Value, ...], branch: Branch | None = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = None, flow, None
        self.options = options
        self.branch = branch

    def parts(self) -> tuple[Value, ...]:
        return self.options

    def __repr__(self) -> str:
        return f"phi{self.options!r}"


class Carried(Value):
    """A name that a loop rebinds, as it is at the head of a turn: `before` at the first, `after` at the others."""

    __slots__ = ("after", "before", "loop", "name")

    def __init__(self, name: str, before: Value | None, loop: Loop, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = None, flow, None
        self.name = name
        self.before = before
        self.after: Value | None = None
        self.loop = loop

    def parts(self) -> tuple[Value, ...]:
        return tuple([v for v in (self.before, self.after) if v is not None])

    def __repr__(self) -> str:
        return f"carried({self.name})"


class Left(Value):
    """A carried name after its loop has ended."""

    __slots__ = ("carried",)

    def __init__(self, carried: Carried, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = None, flow, None
        self.carried = carried

    def parts(self) -> tuple[Value, ...]:
        return self.carried.parts()

    def __repr__(self) -> str:
        return f"left({self.carried.name})"


class Free(Value):
    """A name of an enclosing scope, as a function sees it: any of the values that scope binds to it."""

    __slots__ = ("home", "name")

    def __init__(self, name: str, home: Flow, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.name = name
        self.home = home

    def values(self) -> tuple[Value, ...]:
        """What the scope binds to the name, so far: scopes that are still followed may bind more."""
        bound = self.home.bindings.get(self.name)
        if bound is None:
            return ()
        return (bound[0],) if len(bound) == 1 else tuple(bound)

    def parts(self) -> tuple[Value, ...]:
        return self.values()

    def __repr__(self) -> str:
        return f"free({self.name})"


class Star(Value):
    """`*value` among arguments or items."""

    __slots__ = ("value",)

    def __init__(self, value: Value, expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.value = value

    def parts(self) -> tuple[Value, ...]:
        return (self.value,)


class Text(Value):
    """An f-string: literal parts and the values between them."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: tuple[Value, ...], expr: Any = None, flow: Flow | None = None) -> None:
        self.expr, self.flow, self.memo = expr, flow, None
        self.pieces = pieces

    def parts(self) -> tuple[Value, ...]:
        return self.pieces


class Imported(Value):
    """A name imported from another module of the project: looked up when it is first read."""

    __slots__ = ("attr", "found", "module", "program")

    def __init__(self, program: Program, module: Module, attr: str) -> None:
        self.expr, self.flow, self.memo = None, None, None
        self.program = program
        self.module = module
        self.attr = attr
        self.found: Value | None = None

    def resolve(self) -> Value:
        if self.found is None:
            self.found = Unknown()  # what a circle of imports sees
            self.found = self.program.member(self.module, self.attr)
        return self.found

    def parts(self) -> tuple[Value, ...]:
        return (self.resolve(),)

    def __repr__(self) -> str:
        return f"<import {self.module.name}.{self.attr}>"


def settle(value: Value) -> Value:
    """Follows names that can only mean one thing; alternatives by import fallback give the first."""
    kind = value.__class__
    if kind not in _SETTLING:
        return value
    if kind is not Free:
        return _settled(value)
    name, home = value.name, value.home  # type: ignore[attr-defined]
    found: Value | None = home.settled.get(name)
    if found is None:
        found = _settled(value)
        if home.done:
            home.settled[name] = found
    if found.__class__ is Free and found.home is home and found.name == name:
        return value  # it means several things, so it is what it was
    return found


def _settled(value: Value) -> Value:
    for _ in range(20):
        if value.__class__ not in _SETTLING:
            return value
        if isinstance(value, Imported):
            value = value.resolve()
        elif isinstance(value, Free):
            found = value.values()
            if len(found) != 1:
                first = found[0] if found else None
                return first if isinstance(first, (External, ModuleValue)) else value
            value = found[0]
        elif isinstance(value, Phi) and value.options and isinstance(value.options[0], (External, ModuleValue)):
            return value.options[0]
        else:
            return value
    return value


_SETTLING = frozenset({Imported, Free, Phi})
