"""Where Python itself must know a value while a function is traced: shapes, axes, slices, loops, branches, modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.knowledge.array_values import ARRAY_METHODS, AT_METHODS, HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.knowledge.structure import ARITHMETIC, NUMBER_MAKERS, STRUCTURE, STRUCTURE_METHODS, Slots

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function


class Sink(NamedTuple):
    """A place that needs a plain Python value.

    `sort`: "structure" (a tracer always raises there), "number" (Python's own arithmetic) or "branch" (Python asks for
    the truth). `method` is set where it is an array's method, if the object is one.
    """

    sort: str
    what: str
    value: v.Value
    expr: Any
    flow: Flow
    path: v.Path
    method: v.Value | None = None


def sinks(program: Program, function: Function) -> list[Sink]:
    """All such places of one function's body."""
    found = function.memo.get("sinks")
    if found is None:
        flow = function.flow
        found = [*_of_calls(program, flow), *_of_items(flow), *_of_tests(flow)]
        function.memo["sinks"] = found
    return found


def _of_calls(program: Program, flow: Flow) -> list[Sink]:
    out: list[Sink] = []
    for call in flow.calls:
        name = c.known_name(program, call.func)
        if name is None:
            func = call.func
            slots = STRUCTURE_METHODS.get(func.name) if isinstance(func, v.Attr) else None
            if slots and not _is_update(func):
                out += [s._replace(method=func) for s in _of_slots(call, slots)]
        elif name in NUMBER_MAKERS:
            word = name.rpartition(".")[2]
            out += [
                Sink("number", f"a Python number (`{word}(...)`)", a, call.expr, flow, call.path) for a in call.args
            ]
        else:
            slots = STRUCTURE.get(name)
            if slots:
                if name == "jax.numpy.repeat" and call.argument(3, "total_repeat_length") is not None:
                    continue
                out += _of_slots(call, slots)
    return out


def _is_update(func: v.Value) -> bool:
    """`x.at[i].min(y)`."""
    base = func.base if isinstance(func, v.Attr) else func
    return isinstance(base, v.Item) and isinstance(base.base, v.Attr) and base.base.name == "at"


def argument_expr(call: v.Call, value: v.Value) -> Any:
    """The argument as it is written in the call (a name's value stands where the name was bound)."""
    expr = call.expr
    if expr is not None and expr[0] == "c":
        for written_expr, argument in zip(expr[2], call.args):
            if argument is value:
                return written_expr
        for (_, written_expr), (_, argument) in zip(expr[3], call.kwargs):
            if argument is value:
                return written_expr
    return value.expr or expr


def _of_slots(call: v.Call, slots: Slots) -> list[Sink]:
    out = []
    for position, keyword, what in slots:
        if position < 0 and not keyword:
            values = [a for a in call.args if not isinstance(a, v.Star)]
        else:
            value = call.argument(position if position >= 0 else None, keyword or None)
            values = [] if value is None else [value]
        assert call.flow is not None
        out += [Sink("structure", what, value, argument_expr(call, value), call.flow, call.path) for value in values]
    return out


def _of_items(flow: Flow) -> list[Sink]:
    out = []
    for item, path in flow.computed_items:
        index = item.index
        parts = index.items if isinstance(index, v.Sequence) and index.kind == "tuple" else (index,)
        for part in parts:
            if isinstance(part, v.Sequence) and part.kind == "slice":
                out += [
                    Sink("structure", "the length of a slice", bound, item.expr, flow, path)
                    for bound in part.items
                    if not isinstance(bound, v.Const)
                ]
            elif isinstance(item.base, (v.Sequence, v.Mapping)):
                out.append(Sink("structure", "an item of a Python list or dict", part, item.expr, flow, path))
    return out


def _of_tests(flow: Flow) -> list[Sink]:
    words = {"if": "which branch is taken", "while": "how often a loop runs", "assert": "an assertion"}
    return [
        Sink("branch", words.get(t.kind, "which branch is taken"), t.value, t.expr, flow, t.path) for t in flow.tests
    ]


# -- which parameters decide -------------------------------------------------------------------------------------------


class Role(NamedTuple):
    """What a parameter is used for: `needs` are the places that need it as a plain value, `only_computed` says that
    every use that was seen is arithmetic on it."""

    needs: tuple[Sink, ...]
    only_computed: bool


def role(program: Program, function: Function, name: str, depth: int = 0) -> Role:
    """What becomes of a parameter in a function, in the functions nested in it, and in those it is handed to."""
    key = ("role", name, program.keys[""])
    found = function.memo.get(key)
    if found is None:
        function.memo[key] = Role((), True)
        found = function.memo[key] = _role(program, function, name, depth)
    return found


def _role(program: Program, function: Function, name: str, depth: int) -> Role:
    needs: list[Sink] = []
    plain = True
    for inner in _with_nested(function):
        flow = inner.flow
        needs += [s for s in sinks(program, inner) if leans_on(program, s.value, function, name)]
        for call in flow.calls:
            known = c.known_name(program, call.func)
            if known is not None and known.startswith("numpy."):
                needs += [
                    Sink("number", f"what NumPy computes (`{known.rpartition('.')[2]}`)", a, call.expr, flow, call.path)
                    for a in call.args
                    if leans_on(program, a, function, name)
                ]
                continue
            if known is not None and (known.startswith(_COMPUTES) or known in ARITHMETIC):
                continue
            func = call.func
            if isinstance(func, v.Attr) and func.name in _METHODS:
                continue
            if leans_on(program, func, function, name):
                plain = False  # it is called: a function, or an object of some class
            handed = [a for a in (*call.args, *[x for _, x in call.kwargs]) if leans_on(program, a, function, name)]
            if not handed:
                continue
            targets = c.targets(program, call.func)
            if not targets or depth >= 4:
                plain = False
            for target in targets if depth < 4 else ():
                for parameter, value in bind(call, target).items():
                    if any(value is h for h in handed):
                        below = role(program, target.function, parameter, depth + 1)
                        needs += below.needs
                        plain = plain and below.only_computed
    return Role(tuple(needs), plain and not needs)


_METHODS = frozenset({*ARRAY_METHODS, *AT_METHODS, "reshape", "astype", "item"})
_COMPUTES = ("jax.numpy.", "jax.lax.", "jax.nn.", "jax.random.", "jax.scipy.", "math.")


def _with_nested(function: Function) -> list[Function]:
    found = function.memo.get("nested")
    if found is None:
        found = function.memo["nested"] = [function]
        for other in function.module.program.functions_of_unit(function.module, function.unit):
            above = other.parent
            while above is not None and above is not function:
                above = above.parent
            if above is function:
                found.append(other)
    return found


def leans_on(program: Program, value: v.Value, function: Function, name: str, depth: int = 0) -> bool:
    """Whether a value is made of this parameter's value (its shape and dtype aside)."""
    return any(p.function is function and p.name == name for p in parameters_in(program, value))


def parameters_in(program: Program, value: v.Value) -> tuple[v.Param, ...]:
    """The parameters whose values a value is made of."""
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    found = memo.get("parameters")
    if found is None:
        memo["parameters"] = ()
        out: dict[int, v.Param] = {}
        for part in _made_of(program, value):
            if isinstance(part, v.Param):
                out[id(part)] = part
            else:
                out.update({id(p): p for p in parameters_in(program, part)})
        if isinstance(value, v.Param):
            out[id(value)] = value
        found = memo["parameters"] = tuple(out.values())
    return found


def _made_of(program: Program, value: v.Value) -> tuple[v.Value, ...]:
    kind = value.__class__
    if kind in _ROOTS:
        return ()
    if isinstance(value, v.Attr) and value.name in STATIC_ATTRIBUTES:
        return ()
    if isinstance(value, v.Op) and value.name in ("Is", "IsNot"):
        return ()
    if isinstance(value, v.Call):
        name = c.known_name(program, value.func)
        if name is not None:
            if name.startswith("jax.") or name in HOST_RESULTS or name in ("builtins.len", "builtins.isinstance"):
                return ()  # an array, or known while tracing
        elif isinstance(value.func, v.Attr) and value.func.name in _METHODS:
            return ()
        return (*value.args, *[x for _, x in value.kwargs], *((value.func,) if name is None else ()))
    if isinstance(value, (v.Free, v.Imported)):
        return tuple([p for p in value.parts() if isinstance(p, v.Param) or p.__class__ not in _ROOTS])
    return value.parts()


_ROOTS = frozenset({v.Const, v.External, v.ModuleValue, v.FunctionValue, v.ClassValue, v.Unknown, v.Param})
