"""The arrays that a compiled program takes from around it, and how each gets in: closure, partial, default or self."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.rules.captures.bound_before import bound_values, is_self, spelled_in_partial, spelled_receiver
from jaxaudit.rules.captures.compiled_code import Compiled, bodies, compiled_functions, is_outside
from jaxaudit.rules.captures.held_arrays import Held, Steps, held_arrays, unique
from jaxaudit.rules.captures.reads import Read, reads
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.facts import text
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.knowledge.array_values import HOST_RESULTS
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import Site, jit_sites

DEEPEST = 6


class Captured(NamedTuple):
    """One name (or `self`, or a bound argument) with the arrays that are read of it inside a compiled program.

    `how`: "closure", "partial", "default", "self" (a closure over self), "method" (a bound method), "static self".
    """

    compiled: Compiled
    name: str
    base: v.Value
    arrays: list[Held]
    place: Place
    how: str
    parameter: str = ""
    """The parameter that a partial or a default fills."""

    @property
    def site(self) -> Site:
        return self.compiled.site

    @property
    def filled(self) -> str:
        return f", the default of `{self.parameter}`" if self.how == "default" else ""

    def spelled(self, held: Held) -> str:
        return self.name + "".join(held.steps)


def captured_values(program: Program) -> list[Captured]:
    """Every capture of the program; each array once for each jitted function."""
    found = program.memo.get("captured_values")
    if found is None:
        found = program.memo["captured_values"] = list(_each_once(_all(program)))
    return found


def of_one_program(program: Program, captured: Captured) -> list[Captured]:
    """All captures of the jitted function that this one belongs to."""
    table = program.memo.get("captured_by_site")
    if table is None:
        table = program.memo["captured_by_site"] = {}
        for one in captured_values(program):
            table.setdefault(id(one.site.function), []).append(one)
    return table[id(captured.site.function)]


def by_function(program: Program) -> list[list[Captured]]:
    """The captures that one function has in one way, together: the largest first."""
    groups: dict[tuple[int, int, str], list[Captured]] = {}
    for one in captured_values(program):
        groups.setdefault((id(one.compiled.function), id(one.site.function), one.how), []).append(one)
    return [sorted(group, key=weight, reverse=True) for group in groups.values()]


def weight(captured: Captured) -> int:
    return sum([held.bytes or 0 for held in captured.arrays])


def _each_once(captures: Iterator[Captured]) -> Iterator[Captured]:
    seen: set[tuple[int, str, Steps]] = set()
    for one in captures:
        key = (id(one.site.function), one.name)
        fresh = [held for held in one.arrays if (*key, held.steps) not in seen]
        seen.update([(*key, held.steps) for held in fresh])
        if fresh:
            yield one._replace(arrays=fresh)


def _all(program: Program) -> Iterator[Captured]:
    """What stands in the files that are checked, whichever file jits it."""
    for compiled in (*compiled_functions(program).values(), *bodies(program, ("model",))):
        if not compiled.function.module.context:
            yield from _by_closure(program, compiled)
    for site in jit_sites(program):
        home = site.flow.function.module
        yield from (one for one in _by_binding(program, site) if not home.context or one.place.path != home.path)


# -- closures ----------------------------------------------------------------------------------------------------------


def _by_closure(program: Program, compiled: Compiled) -> Iterator[Captured]:
    byname: dict[str, tuple[Read, list[Held]]] = {}
    for read in reads(compiled.function):
        base = read.base
        if not comes_from_outside(program, base):
            continue
        arrays = arrays_read(program, read)
        if arrays:
            known = byname.setdefault(name_of(base), (read, []))
            known[1].extend(arrays)
    flow = compiled.function.flow
    for name, (read, arrays) in byname.items():
        expr = next((step.expr for step in (*read.steps, read.base) if step.expr is not None), None)
        how = "self" if is_self(read.base) else "closure"
        place = program.place(flow, expr) if expr is not None else program.place_of_function(compiled.function)
        yield Captured(compiled, name, read.base, unique(arrays), place, how)


def comes_from_outside(program: Program, base: v.Value) -> bool:
    if isinstance(base, v.ClassValue):
        return True
    return isinstance(base, v.Free) and is_outside(program, base.home)


def name_of(base: v.Value) -> str:
    return base.cls.name if isinstance(base, v.ClassValue) else str(getattr(base, "name", ""))


# -- what is bound before the jit --------------------------------------------------------------------------------------


def _by_binding(program: Program, site: Site) -> Iterator[Captured]:
    compiled = compiled_functions(program).get(site.function)
    if compiled is None:
        return
    compiled = compiled._replace(site=site)
    flow = site.function.flow
    if flow.function.module.context:
        return
    at_jit = program.place(site.flow, site.value.expr or site.call.expr)
    for name, value, how in bound_values(program, site):
        base = flow.bindings.get(name, [v.Unknown()])[0]
        if how in ("partial", "default"):
            arrays = held_arrays(program, value)
            if not arrays or not is_read(site.function, name):
                continue
            parameter = site.function.parameter(name)
            if how == "partial":
                yield Captured(compiled, spelled_in_partial(site, value) or name, value, arrays, at_jit, how, name)
            elif parameter is not None:
                spelled = text(parameter.default, 40)
                yield Captured(compiled, spelled, value, arrays, program.place(flow, parameter.expr), how, name)
            continue
        arrays = []
        first: Read | None = None
        for read, held in arrays_of_parameter(program, site.function, name, base, (), 0, set()):
            arrays.append(held)
            first = first or read
        if not arrays or first is None:
            continue
        receiver = site.target.receiver
        if receiver is not None and not is_self(receiver):
            spelled = spelled_receiver(site) or name
            yield Captured(compiled, spelled, receiver, unique(arrays), at_jit, how)
            continue
        place = place_of_read(program, first)
        yield Captured(compiled, name, base, unique(arrays), place, how)


# -- which arrays a read takes -----------------------------------------------------------------------------------------


def arrays_read(
    program: Program, read: Read, actual: v.Value | None = None, before: Steps = (), depth: int = 0,
    seen: set[tuple[int, str]] | None = None,
) -> list[Held]:  # fmt: skip
    """The arrays that one read takes, named from the base on. `actual` is what the base stands for, where known."""
    chain = [actual if actual is not None else read.base, *read.steps]
    steps = before
    for index, value in enumerate(chain):
        if index:
            steps = (*steps, spelled_step(value))
        kind = kind_of(program, value)
        if kind.what == "unknown" and value.__class__ is v.Free:
            kind = next((k for k in (kind_of(program, one) for one in value.values()) if k.is_array), kind)
        if kind.is_array:
            return _array(program, chain, index, steps, read)
        if kind.what in NOTHING and value.__class__ is not v.ClassValue:
            return []
    seen = set() if seen is None else seen
    whole = chain[-1]
    if read.how != "operand" and read.call is not None:
        inside = _handed_on(program, read, whole, steps, depth, seen)
        if inside is not None:
            return inside
    return held_arrays(program, whole, steps)


def _array(program: Program, chain: list[v.Value], index: int, steps: Steps, read: Read) -> list[Held]:
    """An array, or the part of a NumPy array that is taken before JAX sees it."""
    value = chain[index]
    kind = kind_of(program, value)
    if not kind.is_array:
        kind = next(k for k in (kind_of(program, one) for one in value.values()) if k.is_array)  # type: ignore[attr-defined]
    while kind.library == "numpy" and index + 1 < len(chain) and chain[index + 1].__class__ is v.Item:
        part = kind_of(program, chain[index + 1])
        if not part.is_array:
            return []
        index += 1
        kind = part
        steps = (*steps, spelled_step(chain[index]))
    if kind.library == "numpy" and index >= len(chain) - 2 and (done := done_by_numpy(program, read)) is not None:
        if not done.is_array or done.shape == ():
            return []
        kind = done
    found = held_arrays(program, chain[index], steps)
    return [found[0]._replace(kind=kind)] if found else [Held(steps, kind, chain[index])]


def done_by_numpy(program: Program, read: Read) -> Kind | None:
    """What NumPy makes of its array before JAX sees it, None where JAX gets the array itself."""
    call = read.call
    if call is None or read.how == "operand":
        return None
    name = c.known_name(program, call.func)
    if read.how == "argument" and (name is None or not name.startswith(("numpy.", "builtins."))):
        return None
    if read.how == "called" and name is None and call.func is not read.whole:
        return None
    return kind_of(program, call)


def _handed_on(
    program: Program, read: Read, whole: v.Value, steps: Steps, depth: int, seen: set[tuple[int, str]]
) -> list[Held] | None:
    """What the project's function that takes the object reads of it; None when a library takes it whole."""
    call = read.call
    assert call is not None
    if depth > DEEPEST:
        return []
    called = read.how == "called"
    methods = [
        t for t in c.targets(program, call.func if called else whole) if not (called and t.function.name == "__init__")
    ]
    if methods:
        out: list[Held] = []
        for target in methods:
            name = target.function.self_name
            if target.receiver is None or name is None:
                continue
            is_method = whole.__class__ is v.Attr and target.receiver is whole.base
            above = steps[:-1] if is_method else steps
            out += [h for _, h in arrays_of_parameter(program, target.function, name, None, above, depth + 1, seen)]
        return out
    if called:
        return None if whole.__class__ is not v.Attr else []
    name = c.known_name(program, call.func)
    if name in HOST_RESULTS or (name or "").startswith(HARMLESS):
        return []
    use = c.transform_of(program, call)
    if use is not None and any(value is whole for value, _ in use.functions):
        return None if held_arrays(program, whole) else []
    targets = [] if use is not None else c.targets(program, call.func)
    if not targets or any(whole in call.args[: t.skipped] for t in targets):
        return None
    out = []
    for target in targets:
        for parameter, value in bind(call, target).items():
            if value is whole:
                out += [
                    h for _, h in
                    arrays_of_parameter(program, target.function, parameter, whole, steps, depth + 1, seen)
                ]  # fmt: skip
    return out


def arrays_of_parameter(
    program: Program, function: Function, name: str, actual: v.Value | None, before: Steps, depth: int,
    seen: set[tuple[int, str]],
) -> Iterator[tuple[Read, Held]]:  # fmt: skip
    """The arrays that a function reads of one of its parameters, nested functions included."""
    if depth > DEEPEST or (id(function), name) in seen:
        return
    seen.add((id(function), name))
    for read in reads_of(function, name):
        for held in arrays_read(program, read, actual, before, depth, seen):
            yield read, held


def reads_of(function: Function, name: str) -> Iterator[Read]:
    for read in reads(function):
        if read.base.__class__ is v.Param and read.base.name == name and read.base.function is function:
            yield read
    for inner in nested_in(function):
        for read in reads(inner):
            base = read.base
            if base.__class__ is v.Free and base.name == name and base.home is function.flow:
                yield read


def is_read(function: Function, name: str) -> bool:
    return any(True for _ in reads_of(function, name))


def nested_in(function: Function) -> list[Function]:
    """The functions and lambdas inside a function, at any depth."""
    found = function.memo.get("captures.nested")
    if found is None:
        found = function.memo["captures.nested"] = []
        for other in function.module.program.functions_of_unit(function.module, function.unit):
            above = other.parent
            while above is not None and above is not function:
                above = above.parent
            if above is function:
                found.append(other)
    return found


def place_of_read(program: Program, read: Read) -> Place:
    expr = next(step.expr for step in (*read.steps, read.base) if step.expr is not None)
    flow = read.base.flow
    assert flow is not None
    return program.place(flow, expr)


def spelled_step(value: v.Value) -> str:
    if isinstance(value, v.Attr):
        return f".{value.name}"
    if not isinstance(value, v.Item):
        return ""
    index = value.index
    return f"[{index.value!r}]" if isinstance(index, v.Const) else f"[{text(index.expr, 20)}]"


NOTHING = frozenset({"int", "float", "bool", "complex", "str", "none", "class", "module", "shape", "dtype"})
HARMLESS = (
    "builtins.isinstance", "builtins.len", "builtins.hasattr", "builtins.type", "builtins.id", "builtins.print",
    "builtins.callable", "builtins.repr", "builtins.str", "numpy.shape", "jax.tree.structure", "warnings.", "logging.",
    "builtins.getattr", "builtins.range", "builtins.super",
)  # fmt: skip
