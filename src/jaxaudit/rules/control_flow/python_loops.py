"""Python loops as a trace sees them: how many turns, and what one turn needs of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.rules.control_flow.array_work import Work, turn_work, values_in
from jaxaudit.source import calls as c
from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.flow import Flow
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.structure import STRUCTURE, STRUCTURE_METHODS
from jaxaudit.source.numbers import length_of, numbers
from jaxaudit.source.structure import role
from jaxaudit.source.tracing import Context

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

COMPILED = frozenset({"jit", "pmap", "loop", "branch", "shard_map", "export", "solver", "checkpoint", "model"})
LEAST_TURNS = 8
_STEPPED = frozenset(
    {"builtins.enumerate", "builtins.zip", "builtins.reversed", "tqdm.tqdm", "tqdm.trange", "jax.numpy.flip"}
)


class Turns(NamedTuple):
    """How often a loop's body runs. `sort`: "known", "rows" of an array, "shape" of one, "option" (a value that is
    fixed while tracing, but not seen), or "" for loops over lists, dicts and the like."""

    number: int | None
    sort: str

    @property
    def words(self) -> str:
        if self.number is not None:
            return f"{self.number} times"
        return {
            "modules": "once for each module",
            "rows": "once for each row",
            "shape": "once for each entry of an axis",
        }.get(self.sort, "once per turn")


def compiled_context(program: Program, function: Function, depth: int = 0) -> Context | None:
    """Why a function's body ends up in a compiled program, through vmap and grad as well."""
    contexts = program.tracing.contexts.get(function, ())
    for context in contexts:
        if context.kind in COMPILED:
            return context
    if depth < 4:
        for context in contexts:
            caller = context.handed.caller
            if caller is not function and compiled_context(program, caller, depth + 1) is not None:
                return context
    return None


def turns_of(program: Program, loop: Loop) -> Turns:
    if loop.kind == "while":
        return _turns_of_while(program, loop)
    return turns_over(program, loop.iterable) if loop.iterable is not None else Turns(None, "")


def turns_over(program: Program, iterable: v.Value, depth: int = 0) -> Turns:
    source = _one(program, iterable)
    if source.__class__ is v.Call and depth < 6:
        name = c.known_name(program, source.func)
        args: tuple[v.Value, ...] = source.args
        if name in ("builtins.range", "tqdm.trange") and args:
            return _turns_of_range(program, args)
        if name in _STEPPED and args:
            inner = [turns_over(program, a, depth + 1) for a in args]
            if name == "builtins.zip":
                counts = [t.number for t in inner if t.number is not None]
                if any(t.sort == "" for t in inner):
                    return Turns(None, "")
                return Turns(min(counts) if counts else None, "known" if counts else inner[0].sort)
            return inner[0]
    if source.__class__ is v.Param and depth < 3:
        handed = [one for call, one in program.sources(source) if call is not None]
        listed = _one(program, handed[0]) if len(handed) == 1 else source
        if listed.__class__ is v.Comprehension and makes_modules(program, listed):
            return turns_over(program, listed, depth + 1)
    if source.__class__ is v.Comprehension and makes_modules(program, source):
        return Turns(length_of(program, source), "modules")
    kind = kind_of(program, source)
    if kind.is_array:
        return Turns(kind.shape[0] if kind.shape else None, "rows")
    if kind.what == "keys":
        return Turns(_number_of_keys(program, source), "rows")
    return Turns(None, "")


def _one(program: Program, value: v.Value) -> v.Value:
    """The iterable behind a name or a helper's `return`; a parameter stays what it is."""
    roots = provenance.roots(program, value)
    return roots[0] if len(roots) == 1 else v.settle(value)


def makes_modules(program: Program, made: v.Comprehension) -> bool:
    """`[eqx.nn.MLP(..., key=k) for k in keys]`, `[init(k) for k in keys]`: objects that differ by a key at most."""
    element = made.element
    if element.__class__ is v.Mapping and len(made.loops) == 1:
        loop = made.loops[0]
        return all(not _leans(x, loop) or _is_of_one_size(program, x) for _, x in element.pairs)
    if element.__class__ is not v.Call or len(made.loops) != 1:
        return False
    name = c.known_name(program, element.func) or ""
    of_class = v.settle(element.func).__class__ is v.ClassValue or name.startswith("equinox.nn.")
    if not of_class and not (name == "" and len(c.targets(program, element.func)) == 1):
        return False
    loop = made.loops[0]
    alike = ("key", "array") if of_class or _splits_a_key(program, loop) else ("key",)
    return all(
        not _leans(x, loop) or kind_of(program, x).what in alike
        for x in (*element.args, *[value for _, value in element.kwargs])
    )


def _splits_a_key(program: Program, loop: Loop) -> bool:
    over = _one(program, loop.iterable) if loop.iterable is not None else None
    return over.__class__ is v.Call and c.known_name(program, over.func) == "jax.random.split"


def _is_of_one_size(program: Program, value: v.Value) -> bool:
    kind = kind_of(program, value)
    return kind.what == "key" or kind.size is not None


def _number_of_keys(program: Program, source: v.Value) -> int | None:
    if source.__class__ is v.Call and len(source.args) > 1:
        found = [n for n in numbers(program, source.args[1]) if type(n) is int]
        return max(found) if found else None
    return None


def _turns_of_range(program: Program, args: tuple[v.Value, ...]) -> Turns:
    parts = [_ints(program, a) for a in args]
    if all(parts):
        counts = [len(range(*[p[min(i, len(p) - 1)] for p in parts])) for i in range(max(len(p) for p in parts))
                  if len(parts) < 3 or parts[2][min(i, len(parts[2]) - 1)]]  # fmt: skip
        return Turns(max(counts), "known") if counts else Turns(None, "")
    bound = args[0] if len(args) == 1 else args[1]
    sort = _sort_of_bound(program, bound)
    if sort == "option" and len(args) > 1 and not parts[0] and _sort_of_bound(program, args[0]) == "":
        return Turns(None, "")
    return Turns(None, sort)


def _ints(program: Program, value: v.Value) -> list[int]:
    found = [n for n in numbers(program, value) if type(n) is int]
    if found:
        return found
    dimension = _dimension(program, value)
    return [dimension] if dimension is not None else []


def _dimension(program: Program, value: v.Value) -> int | None:
    """`x.shape[0]`, `len(x)`, and either of them more or less a number, where the shape of x is seen."""
    value = _one(program, value)
    if value.__class__ is v.Op and value.name in ("Add", "Sub") and len(value.operands) == 2:
        left, right = (_ints(program, o) for o in value.operands)
        if left and right:
            return left[0] + right[0] if value.name == "Add" else left[0] - right[0]
        return None
    if value.__class__ is v.Item and value.base.__class__ is v.Attr and value.base.name == "shape":
        axis = value.index.value if value.index.__class__ is v.Const else None
        shape = kind_of(program, value.base.base).shape
        if shape is not None and type(axis) is int and -len(shape) <= axis < len(shape):
            return shape[axis]
    return None


def _sort_of_bound(program: Program, value: v.Value, depth: int = 0) -> str:
    value = _one(program, value)
    if value.__class__ is v.Item and value.base.__class__ is v.Attr and value.base.name == "shape":
        return "shape"
    if value.__class__ is v.Attr:
        if value.name in ("size", "ndim"):
            return "shape" if value.name == "size" else ""
        return "option" if program.tracing.tracer(value) is None else ""
    if value.__class__ is v.Call:
        name = c.known_name(program, value.func)
        if name == "builtins.len" and value.args:
            return "shape" if kind_of(program, value.args[0]).is_array else ""
        if name in ("builtins.int", "math.ceil", "math.floor", "builtins.round") and value.args:
            return _sort_of_bound(program, value.args[0], depth + 1) if depth < 5 else ""
        return ""
    if value.__class__ is v.Op and depth < 5:
        sorts = [_sort_of_bound(program, o, depth + 1) for o in value.operands if o.__class__ is not v.Const]
        return sorts[0] if sorts and all(sorts) else ""
    if value.__class__ is v.Param:
        return "" if program.tracing.tracer(value) is not None else "option"
    if value.__class__ is v.Free:
        return "option" if kind_of(program, value).what in ("int", "unknown") else ""
    return ""


def _turns_of_while(program: Program, loop: Loop) -> Turns:
    """`while i < n` with a counter that Python keeps."""
    test = loop.test
    if test is None or test.__class__ is not v.Op or program.tracing.tracer(test) is not None:
        return Turns(None, "")
    counter = next((o for o in test.operands if o.__class__ is v.Carried), None)
    if counter is None or test.name not in ("Lt", "LtE", "Gt", "GtE", "NotEq") or len(test.operands) != 2:
        return Turns(None, "")
    after = counter.after
    step = None
    if after.__class__ is v.Op and after.name in ("Add", "Sub") and after.operands[0] is counter:
        step = _ints(program, after.operands[1])
    if not step:
        return Turns(None, "")
    bound = next(o for o in test.operands if o is not counter)
    start, stop = _ints(program, counter.before) if counter.before is not None else [], _ints(program, bound)
    if start and stop:
        return Turns(max(abs(stop[0] - start[0]) // max(abs(step[0]), 1), 0), "known")
    return Turns(None, _sort_of_bound(program, bound) or "option")


# -- what one turn needs of another ------------------------------------------------------------------------------------


class Dependence(NamedTuple):
    """`carried`: names whose value of the turn before is used. `gathered`: names that only collect (`total += f(x)`,
    `out = out.at[i].set(f(x))`, `out.append(f(x))`), with how."""

    carried: tuple[str, ...]
    gathered: dict[str, str]


def dependence(program: Program, loop: Loop) -> Dependence:
    flow = loop.flow
    gathered: dict[str, str] = {}
    read: set[str] = set()
    lists: dict[int, str] = {}
    for name, carried in loop.carried.items():
        how = _gathers(program, carried)
        if how:
            gathered[name] = how
    collecting = {id(loop.carried[n].after) for n in gathered}
    for value in values_in(loop):
        if value.__class__ is v.Carried and value.loop is loop and value.name not in gathered:
            read.add(value.name)
        if id(value) in collecting:
            continue
        for part in value.parts():
            if part.__class__ is v.Carried and part.loop is loop and part.name in gathered:
                owner = loop.carried[part.name].after
                if value is not owner and not _inside(value, owner):
                    read.add(part.name)
    for call in flow.calls:
        if loop in call.loops and call.func.__class__ is v.Attr and call.func.name in ("append", "extend"):
            base = call.func.base
            lists[id(base)] = text(base.expr) if base.expr is not None else "the list"
    for use in flow.uses:
        if id(use.value) in lists and loop in use.loops and not _is_append(flow, use.value, use.expr):
            read.add(use.name)
    for store in flow.stores:
        if loop in store.loops and store.kind != "item":
            read.add(str(store.name))
    named = {lists[i]: "append" for i in lists}
    return Dependence(tuple(sorted(read)), {**{n: h for n, h in gathered.items() if n not in read}, **named})


def _is_append(flow: Flow, base: v.Value, expr: object) -> bool:
    return any(
        call.func.__class__ is v.Attr
        and call.func.name in ("append", "extend")
        and call.func.base is base
        and call.func.expr is not None
        and call.func.expr[1] is expr
        for call in flow.calls
    )


def _gathers(program: Program, carried: v.Carried) -> str:
    after = carried.after
    if after.__class__ is v.Op and after.name == "Add" and carried in after.operands:
        other = after.operands[1 - after.operands.index(carried)]
        return "" if _inside(carried, other) else "sum"
    if after.__class__ is v.Call and after.func.__class__ is v.Attr and after.func.name in ("set", "add"):
        at = after.func.base
        if (
            at.__class__ is v.Item
            and at.base.__class__ is v.Attr
            and at.base.name == "at"
            and at.base.base is carried
            and not any(_inside(carried, a) for a in (*after.args, at.index))
        ):
            return "set"
    return ""


def _inside(wanted: v.Value, value: v.Value | None, seen: set[int] | None = None) -> bool:
    seen = set() if seen is None else seen
    if value is None or id(value) in seen or len(seen) > 400:
        return False
    seen.add(id(value))
    return value is wanted or any(_inside(wanted, p, seen) for p in value.parts())


# -- whether the turns are alike ---------------------------------------------------------------------------------------


def turns_differ(program: Program, loop: Loop) -> str:
    """Why a turn's program differs from the next one's: "" when nothing seen says so, "maybe ..." for what may not."""
    maybe = ""
    for value in values_in(loop):
        if not _leans(value, loop):
            continue
        if value.__class__ is v.Text:
            return "the turn is part of a name"
        if value.__class__ is v.Item and _leans(value.index, loop) and not _leans(value.base, loop):
            base = kind_of(program, value.base)
            if value.base.__class__ is v.Attr and value.base.name == "at":
                continue
            if base.what in ("list", "tuple", "dict", "instance"):
                return f"each turn takes its own item of a {base.what}"
            if base.what == "unknown" and value.base.__class__ in (v.Attr, v.Param, v.Item, v.Free):
                maybe = maybe or "maybe a list"
            if _slices(value.index, loop):
                maybe = "maybe slices of several lengths"
        if value.__class__ is v.Call:
            name = c.known_name(program, value.func)
            if name in ("builtins.range", "builtins.getattr", "builtins.str") or decides_structure(
                program, value, loop
            ):
                return "the turn decides Python structure"
            if name is not None and name.startswith(("flax.linen.", "haiku.", "flax.nnx.")):
                return "each turn makes a layer"
    for test in loop.flow.tests:
        if (
            loop in test.loops
            and test.kind != "while"
            and _leans(test.value, loop)
            and program.tracing.tracer(test.value) is None
        ):
            return "Python branches on the turn"
    return maybe


def decides_structure(program: Program, call: v.Call, loop: Loop) -> bool:
    """Whether the turn is a shape or an axis in a call: `jnp.zeros(k)`, `x.sum(axis=k)`, `basis(x, order=k)`."""
    name = c.known_name(program, call.func)
    slots = STRUCTURE.get(name or "", ())
    if name is None and call.func.__class__ is v.Attr:
        slots = STRUCTURE_METHODS.get(call.func.name, ())
    for position, keyword, _ in slots:
        value = call.argument(position if position >= 0 else None, keyword or None)
        if value is not None and _leans(value, loop):
            return True
    if name is not None:
        return False
    return any(
        _leans(value, loop) and any(s.sort == "structure" for s in role(program, target.function, parameter).needs)
        for target in c.targets(program, call.func)[:1]
        for parameter, value in bind(call, target).items()
    )


def _slices(index: v.Value, loop: Loop) -> bool:
    parts = index.items if index.__class__ is v.Sequence and index.kind == "tuple" else (index,)
    return any(p.__class__ is v.Sequence and p.kind == "slice" and _leans(p, loop) for p in parts)


def _leans(value: v.Value, loop: Loop, depth: int = 0) -> bool:
    """Whether a value is made of the loop's own variable by names, items and arithmetic."""
    if value.__class__ is v.Elem:
        return value.loop is loop
    if value.__class__ is v.Carried:
        return loop.kind == "while" and value.loop is loop and value.after.__class__ is v.Op
    if depth > 6 or value.__class__ in (v.FunctionValue, v.Param, v.Free, v.Attr):
        return False
    return any(_leans(p, loop, depth + 1) for p in value.parts())


__all__ = [
    "LEAST_TURNS",
    "Dependence",
    "Turns",
    "Work",
    "compiled_context",
    "dependence",
    "turn_work",
    "turns_differ",
    "turns_of",
]
