"""How a traced parameter gets to a place by names and arithmetic alone, through calls of helpers."""

from collections.abc import Iterator

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.knowledge.structure import ARITHMETIC
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.structure import Sink, parameters_in
from jaxaudit.source.tracing import Why, entering, static_names

MAKES_TRACERS = frozenset({"jit", "pmap", "vmap", "loop", "branch", "checkpoint", "shard_map"})


def entry(program: Program, function: Function, name: str, depth: int = 0) -> Why | None:
    """How a tracer comes into a parameter by names and arithmetic alone: the transformation, and the calls between."""
    key = ("entry", name)
    if key not in function.memo:
        function.memo[key] = None
        function.memo[key] = _entry(program, function, name, depth)
    return function.memo[key]


def _entry(program: Program, function: Function, name: str, depth: int) -> Why | None:
    graph = program.graph
    for handed in list(graph.handed.get(function, ())):
        use = handed.use
        if use is None or use.spec.kind not in MAKES_TRACERS or use.name == "jax.numpy.vectorize":
            continue
        if entering(program, handed, name) == "sure":
            return Why(use, name, function)
    if depth > 6:
        return None
    for edge in list(graph.edges.get(function, ())):
        if edge.caller not in program.tracing.contexts:
            continue
        argument = bind(edge.call, edge.target).get(name)
        if argument is None or any(name in static_names(program, use, edge.target) for use in edge.target.chain):
            continue
        for param in parameters_in(program, argument):
            if is_plain(program, argument, param):
                why = entry(program, param.function, param.name, depth + 1)
                if why is not None:
                    return why._replace(calls=(*why.calls, edge.call))
    return None


def is_plain(program: Program, value: v.Value, param: v.Value, items: bool = False, depth: int = 0) -> bool:
    """Whether a value is made of the parameter by names and arithmetic alone (`items`: or is a part of it)."""
    kind = value.__class__
    if depth > 12 or kind is v.Unknown or kind is v.Attr:
        return False
    if value is param or kind in (v.Const, v.External):
        return True
    if kind is v.Call:
        name = c.known_name(program, value.func)  # type: ignore[attr-defined]
        if name is None or (name not in ARITHMETIC and not name.startswith("jax.numpy.")):
            return param not in parameters_in(program, value)
        return all(is_plain(program, a, param, items, depth + 1) for a in value.args)  # type: ignore[attr-defined]
    if kind is v.Item:
        inside = param in parameters_in(program, value)
        return not inside or (items and is_plain(program, value.base, param, items, depth + 1))  # type: ignore[attr-defined]
    if kind is v.Elem:
        return False
    parts = value.parts()
    if kind in (v.Phi, v.Carried, v.Left):
        parts = tuple([p for p in parts if param in parameters_in(program, p)][:1])
    return all(is_plain(program, p, param, items, depth + 1) for p in parts)


def guarded(program: Program, sink: Sink) -> bool:
    """Behind `isinstance(n, int)` and the like, a tracer never gets there."""
    tests = [branch.test for branch, _ in sink.path if branch.test is not None]
    return any(True in part_calls(program, test) for test in (*tests, sink.value))


def part_calls(program: Program, value: v.Value) -> Iterator[bool]:
    if value.__class__ is v.Call:
        yield c.known_name(program, value.func) in ("builtins.isinstance", "builtins.callable", "jax.core.is_concrete")
    elif value.__class__ is v.Op:
        for operand in value.operands:
            yield from part_calls(program, operand)


def asks_parameters(test: v.Value | None) -> bool:
    return test is not None and any(part.__class__ is v.Param for part in (test, *test.parts()))
