"""Where what a compiled function reads from around it is changed: bound again, written into, given an attribute."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Place
from jaxaudit.rules.captures.compiled_code import compiled_functions
from jaxaudit.rules.captures.moments import Moment, of_call
from jaxaudit.rules.captures.reads import Read
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of
from jaxaudit.source.events import Store
from jaxaudit.source.facts import REBINDS, WRITES_ATTRIBUTE, WRITES_ITEM
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.contexts import ONCE_PER_OBJECT
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Class, Function, Module


class Change(NamedTuple):
    """One change: when it happens, where it stands, and the words for it."""

    moment: Moment
    place: Place
    what: str
    function: Function
    writes: bool = False
    """It leaves the name alone and changes what it holds."""
    key: v.Value | None = None
    """Which item it writes, where it writes one."""
    attribute: str = ""
    """Which attribute it writes, of an object whose class is none of the project's."""


MUTATORS = frozenset(
    {"append", "extend", "insert", "update", "pop", "popitem", "clear", "remove", "setdefault", "add", "fill", "sort"}
)

CHANGES = MUTATORS | {WRITES_ATTRIBUTE, WRITES_ITEM, REBINDS}


def changes_of_name(program: Program, base: v.Free) -> list[Change]:
    """Assignments to the name in its own scope, by `global` or `nonlocal` in others, and writes into what it holds."""
    key = ("changes of name", id(base.home), base.name)
    found = program.memo.get(key)
    if found is None:
        found = program.memo[key] = list(_changes_of_name(program, base))
    return found


def _changes_of_name(program: Program, base: v.Free) -> Iterator[Change]:
    home = base.home
    for number, bind in enumerate([b for b in home.binds if b.name == base.name]):
        if number:
            moment = Moment(home, bind.order, bind.path, bind.loops, bind.expr)
            yield Change(moment, program.place(home, bind.expr), f"binds `{base.name}` again", home.function)
        elif bind.loops:
            moment = Moment(home, bind.order, bind.path, bind.loops, bind.expr)
            yield Change(moment, program.place(home, bind.expr), f"binds `{base.name}` in each turn", home.function)
    for flow in scopes_around(base):
        declared = flow.declared.get(base.name)
        if declared is not None and flow.home_of(base.name) is home and not is_compiled(program, flow.function):
            for bind in flow.binds:
                if bind.name == base.name and not is_lazy(bind.path):
                    moment = Moment(flow, bind.order, bind.path, bind.loops, bind.expr)
                    yield Change(moment, program.place(flow, bind.expr), f"binds `{base.name}` again", flow.function)
        yield from writes_into(program, flow, base)


def scopes_around(base: v.Free) -> Iterator[Flow]:
    """The name's own scope, and the functions of the module that use the name and change something that is not theirs."""
    home = base.home
    yield home
    for function, used in changing_functions(home.function.module):
        if base.name in used and function.flow_ is not home:
            yield function.flow


def changing_functions(module: Module) -> list[tuple[Function, frozenset[str]]]:
    """The module's functions that change something that is not theirs, with the words of their units."""
    found = module.function.memo.get("changing functions")
    if found is None:
        words = [frozenset(used) for _, used in module.units]
        found = [(f, words[f.unit]) for f in module.functions if not CHANGES.isdisjoint(words[f.unit])]
        module.function.memo["changing functions"] = found
    return found


def writes_into(program: Program, flow: Flow, base: v.Free) -> Iterator[Change]:
    """`table[0] = x` and `names.append(x)` on what the name holds."""
    if is_compiled(program, flow.function):
        return
    values = base.values()

    def is_it(value: v.Value | None) -> bool:
        if value.__class__ is v.Free:
            return value.home is base.home and value.name == base.name
        return flow is base.home and any(value is one for one in values)

    for store in flow.stores:
        if store.kind == "item" and is_it(store.base) and store.expr is not None:
            yield Change(
                moment_of(flow, store),
                program.place(flow, store.expr),
                f"writes into `{base.name}`",
                flow.function,
                True,
                store.name if isinstance(store.name, v.Value) else None,
            )
        elif store.kind == "attribute" and is_it(store.base) and store.expr is not None:
            if store.base is not None and not classes_of(program, store.base):
                moment, name = moment_of(flow, store), str(store.name)
                place = program.place(flow, store.expr)
                yield Change(moment, place, f"assigns `{base.name}.{name}`", flow.function, True, None, name)
    for call in flow.calls:
        func = call.func
        if func.__class__ is v.Attr and func.name in MUTATORS and is_it(func.base):
            what = f"changes `{base.name}` by `.{func.name}()`"
            yield Change(of_call(call), program.place(flow, call.expr), what, flow.function, True)


def changes_of_attribute(program: Program, read: Read, spelled: str) -> Iterator[Change]:
    """Assignments to the attribute that is read, on objects of the same class, outside the class's construction."""
    first = read.steps[0]
    if not isinstance(first, v.Attr):
        return
    for cls in classes_of(program, read.base):
        for flow, store in stores_of(program, cls, first.name):
            function = flow.function
            if is_construction(program, function) or is_compiled(program, function) or is_lazy(store.path):
                continue
            yield Change(moment_of(flow, store), program.place(flow, store.expr), f"assigns `{spelled}`", function)


def is_construction(program: Program, function: Function) -> bool:
    """`__init__`, or a method that only `__init__` calls."""
    if function.name in ONCE_PER_OBJECT:
        return True
    callers = program.graph.callers(function)
    return bool(callers) and all(edge.caller.name in ONCE_PER_OBJECT for edge in callers)


def stores_of(program: Program, cls: Class, name: str) -> Iterator[tuple[Flow, Store]]:
    """Writes to one attribute of a class's instances, by its methods and from outside."""
    for method in cls.methods.values():
        if WRITES_ATTRIBUTE + name not in cls.module.units[method.unit][1]:
            continue
        for store in method.flow.stores:
            if store.kind == "attribute" and store.name == name and store.expr is not None:
                base = store.base
                if base.__class__ is v.Param and base.name == method.self_name:
                    yield method.flow, store
    for flow, store in attribute_stores(program).get(name, ()):
        if flow.function.owner is not cls and store.base is not None and cls in classes_of(program, store.base):
            yield flow, store


def attribute_stores(program: Program) -> dict[str, list[tuple[Flow, Store]]]:
    """Every write to an attribute in the functions that were followed, by the attribute's name."""
    known = program.memo.get("attribute stores")
    if known is None:
        known = program.memo["attribute stores"] = {}
        for function in list(program.graph.linked_functions):
            for store in function.flow.stores:
                if store.kind == "attribute" and store.expr is not None:
                    known.setdefault(str(store.name), []).append((function.flow, store))
    return known


def moment_of(flow: Flow, store: Store) -> Moment:
    return Moment(flow, store.order, store.path, store.loops, store.expr)


def is_compiled(program: Program, function: Function) -> bool:
    return function in compiled_functions(program)


def is_lazy(path: v.Path) -> bool:
    """Under `if x is None` or `if key not in cache`: made once, when first asked for."""
    return any(
        branch.test.__class__ is v.Op and branch.test.name in ("Is", "NotIn", "Not") and arm == 0
        for branch, arm in path
        if branch.test is not None
    )
