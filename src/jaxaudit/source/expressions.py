"""What each kind of lowered expression stands for, in the scope that is followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaxaudit.source import values as v
from jaxaudit.source.events import Branch, Loop

if TYPE_CHECKING:
    from jaxaudit.source.flow import Flow


def name(flow: Flow, e: Any) -> v.Value:
    name = e[1]
    value = flow.env.get(name)
    if value is None:
        if flow.quiet:
            return flow.anyhow(name, e)
        value = flow.frees.get(name)
        if value is None:
            value = flow.frees[name] = flow.outer(name, e)
    elif value.__class__ is v.Imported:
        value = value.resolve()
    if not flow.quiet:
        flow.order = order = flow.order + 1
        flow.reads.append((name, value, e, flow.path, flow.loop_stack, order))
    return value


def constant(flow: Flow, e: Any) -> v.Value:
    return v.Const(e[1], e, flow)


def attribute(flow: Flow, e: Any) -> v.Value:
    return flow.program.attribute(EVAL[e[1][0]](flow, e[1]), e[2], e, flow)


def call(flow: Flow, e: Any) -> v.Value:
    table = EVAL
    func = table[e[1][0]](flow, e[1])
    args = tuple([table[a[0]](flow, a) for a in e[2]])
    kwargs = tuple([(k, table[a[0]](flow, a)) for k, a in e[3]])
    return flow.record(v.Call(func, args, kwargs, e, flow, flow.path, flow.loop_stack, flow.order))


def subscript(flow: Flow, e: Any) -> v.Value:
    base = EVAL[e[1][0]](flow, e[1])
    index = EVAL[e[2][0]](flow, e[2])
    if isinstance(index, v.Const):
        if isinstance(base, v.Sequence):
            at = index.value
            items = base.items
            if type(at) is int and -len(items) <= at < len(items) and not has_star(items):
                return items[at]
        elif isinstance(base, v.Mapping):
            found = base.get(index.value)
            if found is not None:
                return found
    item = v.Item(base, index, e, flow)
    if not flow.quiet and _needs_python(base, index):
        flow.computed_items.append((item, flow.path))
    return item


def slice_(flow: Flow, e: Any) -> v.Value:
    parts = tuple([v.Const(None) if p is None else EVAL[p[0]](flow, p) for p in e[1:4]])
    return v.Sequence("slice", parts, 3, e, flow)


def sequence(flow: Flow, e: Any) -> v.Value:
    return v.Sequence(e[1], tuple([EVAL[i[0]](flow, i) for i in e[2]]), e[7], e, flow)


def mapping(flow: Flow, e: Any) -> v.Value:
    pairs = tuple([(None if k is None else EVAL[k[0]](flow, k), EVAL[x[0]](flow, x)) for k, x in e[1]])
    return v.Mapping(pairs, e, flow)


def binary(flow: Flow, e: Any) -> v.Value:
    chain = []
    left = e
    while left[0] == "b":
        chain.append(left)
        left = left[2]
    out = EVAL[left[0]](flow, left)
    for part in reversed(chain):
        out = v.Op(part[1], (out, EVAL[part[3][0]](flow, part[3])), part, flow)
    return out


def unary(flow: Flow, e: Any) -> v.Value:
    operand = EVAL[e[2][0]](flow, e[2])
    if e[1] == "Not":
        flow.test("not", operand, e[2])
    elif e[1] == "USub" and isinstance(operand, v.Const) and type(operand.value) in (int, float):
        return v.Const(-operand.value, operand.expr, flow)
    return v.Op(e[1], (operand,), e, flow)


def boolean(flow: Flow, e: Any) -> v.Value:
    operands = tuple([EVAL[x[0]](flow, x) for x in e[2]])
    for operand, expr in zip(operands[:-1], e[2]):
        flow.test("and", operand, expr)
    return v.Op(e[1], operands, e, flow)


def compare(flow: Flow, e: Any) -> v.Value:
    operands = tuple([EVAL[x[0]](flow, x) for x in e[2]])
    return v.Op(e[1][0] if len(e[1]) == 1 else "Chain", operands, e, flow)


def conditional(flow: Flow, e: Any) -> v.Value:
    test = EVAL[e[1][0]](flow, e[1])
    flow.test("ifexp", test, e[1])
    branch = Branch("ifexp", test, 0)
    path = flow.path
    flow.path = (*path, (branch, 0))
    first = EVAL[e[2][0]](flow, e[2])
    flow.path = (*path, (branch, 1))
    second = EVAL[e[3][0]](flow, e[3])
    flow.path = path
    phi = v.Phi((first, second), branch, flow)
    phi.expr = e
    return phi


def lambda_(flow: Flow, e: Any) -> v.Value:
    function = flow.function.module.functions[e[1]]
    value = v.FunctionValue(function, e, flow)
    function.bound = value
    return value


def comprehension(flow: Flow, e: Any) -> v.Value:
    env, outside = flow.env, flow.loop_stack
    flow.env = dict(env)
    bindings = flow.bindings
    loops = []
    for target, iterable, tests in e[3]:
        value = EVAL[iterable[0]](flow, iterable)
        loop = Loop("comprehension", flow, e[4], e[6], flow.path, flow.loop_stack)
        loop.iterable, loop.target, loop.expr = value, target, iterable
        flow.loops.append(loop)
        loops.append(loop)
        flow.loop_stack = (*flow.loop_stack, loop)
        for name in e[8]:  # what `:=` binds outlives the turn, and the comprehension
            loop.carried[name] = v.Carried(name, env.get(name), loop, flow)
            if name in env:
                flow.env[name] = loop.carried[name]
        flow.bindings = {}
        flow.assign(target, v.Elem(value, loop, target, flow))
        flow.bindings = bindings
        for test in tests:
            flow.test("if", EVAL[test[0]](flow, test), test)
    element = EVAL[e[2][0]](flow, e[2])
    for name in e[8]:
        for loop in loops:
            after = flow.env.get(name)
            loop.carried[name].after = None if after is loop.carried[name] else after
        env[name] = v.Left(loops[-1].carried[name], flow)
    flow.env, flow.loop_stack = env, outside
    whole = v.Comprehension(e[1], element, tuple(loops), e, flow)
    for loop in loops:
        loop.whole = whole
    return whole


def starred(flow: Flow, e: Any) -> v.Value:
    return v.Star(EVAL[e[1][0]](flow, e[1]), e, flow)


def yielded(flow: Flow, e: Any) -> v.Value:
    if e[1] is not None:
        flow.yields.append(EVAL[e[1][0]](flow, e[1]))
    else:
        flow.yields.append(v.Const(None))
    return v.Unknown(e, flow)


def walrus(flow: Flow, e: Any) -> v.Value:
    value = EVAL[e[2][0]](flow, e[2])
    flow.assign(e[1], value)
    return value


def formatted(flow: Flow, e: Any) -> v.Value:
    return v.Text(tuple([EVAL[p[0]](flow, p) for p in e[1]]), e, flow)


def _needs_python(base: v.Value, index: v.Value) -> bool:
    """`x[:n]` and `[a, b][n]`: Python itself must know the index."""
    if isinstance(index, v.Sequence):
        if index.kind == "slice":
            return any(not isinstance(p, v.Const) for p in index.items)
        return index.kind == "tuple" and any(isinstance(i, v.Sequence) and _needs_python(base, i) for i in index.items)
    return not isinstance(index, v.Const) and isinstance(base, (v.Sequence, v.Mapping))


def has_star(items: tuple[v.Value, ...]) -> bool:
    return any(isinstance(i, v.Star) for i in items)


EVAL: dict[str, Callable[[Flow, Any], v.Value]] = {
    "n": name,
    "k": constant,
    ".": attribute,
    "c": call,
    "[": subscript,
    ":": slice_,
    "T": sequence,
    "D": mapping,
    "b": binary,
    "u": unary,
    "o": boolean,
    "<": compare,
    "?": conditional,
    "f": lambda_,
    "g": comprehension,
    "*": starred,
    "y": yielded,
    ":=": walrus,
    "F": formatted,
}
