"""Which key a value is: names, containers, objects, helper functions and unchanged loop carries looked through."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import all_fields, attribute_values, classes_of, method_of
from jaxaudit.source.events import Loop, Store
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.random_keys import KEY_MAKERS, KEY_NEUTRAL
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function

DEEPEST = 18
DERIVES = frozenset({"jax.random.split", "jax.random.fold_in"})
PASSING = frozenset({"jit", "pmap", "checkpoint", "custom", "name", "check", "grad"})
"""Wrappers whose result is what the function under them returns (grad: never asked for its items)."""
COPIES = frozenset({"replace", "_replace", "copy", "clone"})
REARRANGES = frozenset({"reshape", "squeeze", "ravel", "flatten", "astype", "copy"})


class Step(NamedTuple):
    """One step into a container: `mark` is what it is known by; an index that is no constant is kept to be asked."""

    mark: Hashable
    index: v.Value | None = None  # type: ignore[assignment]  # not tuple.index
    loop: Loop | None = None


Steps = tuple[Step, ...]


class Origin(NamedTuple):
    """Where a key comes from: a value that is its own, and the steps from there to the key."""

    root: v.Value
    steps: Steps = ()

    @property
    def mark(self) -> Hashable:
        """Equal marks are one key, however often it was read, indexed or passed through a container."""
        return (mark_of_root(self.root), tuple([step.mark for step in self.steps]))

    @property
    def home(self) -> Flow | None:
        return self.root.home if isinstance(self.root, v.Free) else self.root.flow


def mark_of_root(root: v.Value) -> Hashable:
    if isinstance(root, v.Free):
        return ("free", id(root.home), root.name)
    if isinstance(root, v.Const):
        return ("constant", type(root.value).__name__, repr(root.value))
    return id(root)


def mark_of(program: Program, value: v.Value) -> Hashable:
    return origin_of(program, value).mark


def attribute(name: str) -> Step:
    return Step(("." + name,))


def at(index: int | str) -> Step:
    return Step(("[]", repr(index)))


def origin_of(program: Program, value: v.Value, steps: Steps = (), depth: int = 0) -> Origin:
    memo = value.memo
    if memo is None:
        memo = value.memo = {}
    known: dict[Any, Origin] = memo.setdefault(program.keys["key origins"], {})
    marks = tuple([step.mark for step in steps])
    found = known.get(marks)
    if found is None:
        known[marks] = Origin(value, steps)
        if depth > DEEPEST:
            return known.pop(marks)
        found = known[marks] = _origin(program, value, steps, depth + 1)
    return found


def _origin(program: Program, value: v.Value, steps: Steps, depth: int) -> Origin:
    if isinstance(value, v.Imported):
        return origin_of(program, value.resolve(), steps, depth)
    if isinstance(value, v.Free):
        found = value.values()
        return origin_of(program, found[0], steps, depth) if len(found) == 1 else Origin(value, steps)
    if isinstance(value, v.Attr):
        if is_property(program, value):
            return Origin(value, steps)
        return origin_of(program, value.base, (attribute(value.name), *steps), depth)
    if isinstance(value, v.Item):
        return _of_item(program, value, steps, depth)
    if isinstance(value, v.Elem):
        ranged = is_range(program, value)
        step = Step("each" if not ranged else ("each", id(value.loop)), None, value.loop)
        return origin_of(program, value.iterable, (step, *steps), depth)
    if isinstance(value, v.Carried):
        return _of_carried(program, value, steps, depth)
    if isinstance(value, v.Phi):
        options = [origin_of(program, option, steps, depth) for option in value.options]
        return options[0] if len({option.mark for option in options}) == 1 else Origin(value, steps)
    if steps and isinstance(value, (v.Sequence, v.Mapping)):
        inner = written(value, steps[0])
        return origin_of(program, inner, steps[1:], depth) if inner is not None else Origin(value, steps)
    if isinstance(value, v.Call):
        return _of_call(program, value, steps, depth)
    return Origin(value, steps)


def written(whole: v.Value, step: Step) -> v.Value | None:
    """An item of a tuple or dict that is written out."""
    for index in range(len(whole.items) if isinstance(whole, v.Sequence) and whole.kind != "slice" else 0):
        items = whole.items  # type: ignore[attr-defined]
        if any(isinstance(item, v.Star) for item in items):
            return None
        if step.mark in (at(index).mark, at(index - len(items)).mark):
            return items[index]
    if isinstance(whole, v.Mapping):
        for key, value in whole.pairs:
            if isinstance(key, v.Const) and step.mark == at(key.value).mark:
                return value
    return None


def _of_item(program: Program, item: v.Item, steps: Steps, depth: int) -> Origin:
    element = zipped(program, item)
    if element is not None:
        return origin_of(program, element, (Step("each", None, item.base.loop), *steps), depth)  # type: ignore[attr-defined]
    index = item.index
    if isinstance(index, v.Const):
        step = at(index.value)
    elif isinstance(index, v.Sequence) and all(isinstance(part, v.Const) for part in index.items):
        step = Step(("[]", tuple([repr(part.value) for part in index.items if isinstance(part, v.Const)])))
    else:
        step = Step(("[]", origin_of(program, index, (), depth).mark), index)
    return origin_of(program, item.base, (step, *steps), depth)


def _of_carried(program: Program, carried: v.Carried, steps: Steps, depth: int) -> Origin:
    """What a loop hands on as it was is the key that came in."""
    here = Origin(carried, steps)
    if carried.before is None or carried.after is None:
        return here
    after = origin_of(program, carried.after, steps, depth)
    return origin_of(program, carried.before, steps, depth) if after.mark == here.mark else here


def _of_call(program: Program, call: v.Call, steps: Steps, depth: int) -> Origin:
    here = Origin(call, steps)
    name = c.known_name(program, call.func)
    if name in KEY_NEUTRAL and call.args:
        return origin_of(program, call.args[0], steps, depth)
    if isinstance(call.func, v.Attr) and call.func.name in REARRANGES and name is None and not steps:
        return origin_of(program, call.func.base, steps, depth)
    if name == "dataclasses.replace" and call.args and steps:
        return _of_copy(program, call, call.args[0], steps, depth)
    if name is not None or not steps:
        return _of_result(program, call, steps, depth) if name is None else here
    inner = field(program, call, steps[0])
    if inner is not None:
        return origin_of(program, inner, steps[1:], depth)
    if isinstance(call.func, v.Attr) and call.func.name in COPIES and not c.targets(program, call.func):
        return _of_copy(program, call, call.func.base, steps, depth)
    return _of_result(program, call, steps, depth)


def _of_copy(program: Program, call: v.Call, base: v.Value, steps: Steps, depth: int) -> Origin:
    """`state.replace(x=...)`: what is not named stays."""
    wanted = {steps[0].mark}
    if steps[0].mark[:1] == ("[]",):  # type: ignore[index]  # a NamedTuple's item, by number
        fields = [list(all_fields(program, cls)) for cls in classes_of(program, base)]
        wanted = {
            attribute(name).mark for names in fields for i, name in enumerate(names) if at(i).mark == steps[0].mark
        }
        if not wanted:
            return Origin(call, steps)
    for name, value in call.kwargs:
        if name is None or attribute(name).mark in wanted:
            return origin_of(program, value, steps[1:], depth) if name is not None else Origin(call, steps)
    return origin_of(program, base, steps, depth)


def field(program: Program, call: v.Call, step: Step) -> v.Value | None:
    """What the maker of a dataclass or NamedTuple passes for one of its fields."""
    names = field_names(program, call)
    for index, name in enumerate(names):
        if step.mark in (attribute(name).mark, at(index).mark):
            return call.argument(index, name)
    return None


def field_names(program: Program, call: v.Call) -> list[str]:
    """The fields that a call of a class fills, in order; [] where it is no such class."""
    made = v.settle(call.func)
    if isinstance(made, v.ClassValue):
        if method_of(program, made.cls, "__init__") is not None:
            return []
        return list(all_fields(program, made.cls))
    if isinstance(made, v.Call) and c.known_name(program, made.func) == "collections.namedtuple":
        listed = v.settle(made.args[1]) if len(made.args) > 1 else None
        if isinstance(listed, v.Const) and isinstance(listed.value, str):
            return listed.value.replace(",", " ").split()
        if isinstance(listed, v.Sequence):
            return [str(item.value) for item in listed.items if isinstance(item, v.Const)]
    return []


def _of_result(program: Program, call: v.Call, steps: Steps, depth: int) -> Origin:
    """A helper that hands back a key as it was given."""
    here = Origin(call, steps)
    found = c.targets(program, call.func)
    if len(found) != 1 or found[0].partials or any(use.spec.kind not in PASSING for use in found[0].chain):
        return here
    target = found[0]
    inner = returned_origin(program, target.function, steps, depth)
    if inner is None:
        return here
    given = bind(call, target).get(inner.root.name)  # type: ignore[attr-defined]
    return origin_of(program, given, inner.steps, depth) if given is not None else here


def returned_origin(program: Program, function: Function, steps: Steps, depth: int = 0) -> Origin | None:
    """The parameter (or a part of one) that a function returns at this place, whatever way it takes."""
    if function.is_async or function.name == "__init__" or function.flow.yields or not function.flow.returns:
        return None
    origins = [origin_of(program, returned.value, steps, depth) for returned in function.flow.returns]
    first = origins[0]
    same = len({origin.mark for origin in origins}) == 1
    return first if same and isinstance(first.root, v.Param) and first.root.function is function else None


def is_property(program: Program, attr: v.Attr) -> bool:
    """What a method works out at each reading may be another key each time."""
    return any(isinstance(found, v.Call) and found.decorator for found in attribute_values(program, attr))


def is_range(program: Program, elem: v.Elem) -> bool:
    source = v.settle(elem.iterable)
    return isinstance(source, v.Call) and c.known_name(program, source.func) == "builtins.range"


def zipped(program: Program, item: v.Item) -> v.Value | None:
    """`for key, x in zip(keys, xs)`: the list that this name runs over."""
    if not isinstance(item.base, v.Elem) or not isinstance(item.index, v.Const):
        return None
    source = v.settle(item.base.iterable)
    if not isinstance(source, v.Call):
        return None
    name, index = c.known_name(program, source.func), item.index.value
    if name == "builtins.zip" and type(index) is int and 0 <= index < len(source.args):
        return source.args[index]
    if name == "builtins.enumerate" and index == 1 and source.args:
        return source.args[0]
    return None


# -- in a loop ---------------------------------------------------------------------------------------------------------


def key_varies(program: Program, origin: Origin, loop: Loop) -> bool:
    """Whether a key may be another one in each turn of a loop."""
    for step in origin.steps:
        if step.loop is loop or (step.index is not None and varies(program, step.index, loop)):
            return True
    return varies(program, origin.root, loop) or renewed_in(program, origin, loop)


def varies(program: Program, value: v.Value, loop: Loop, depth: int = 0) -> bool:
    """Whether a value may be another one in each turn of a loop."""
    if depth > 16:
        return True
    below = depth + 1
    if isinstance(value, (v.Param, v.Const, v.External, v.FunctionValue)):
        return False
    if isinstance(value, v.Free):
        return any(varies(program, x, loop, below) for x in value.values())
    if isinstance(value, v.Elem):
        return value.loop is loop or varies(program, value.iterable, loop, below)
    if isinstance(value, v.Carried):
        return value.loop is loop or loop in value.loop.outer
    if isinstance(value, v.Call):
        if loop not in value.loops:
            return False
        name = c.known_name(program, value.func)
        if name in KEY_MAKERS or name in KEY_NEUTRAL or name in DERIVES:
            return any(
                key_varies(program, origin_of(program, argument), loop) or varies(program, argument, loop, below)
                for argument in value.args
            )
        return True
    if isinstance(value, (v.Attr, v.Item)):
        origin = origin_of(program, value)
        return True if origin.root is value else key_varies(program, origin, loop)
    if isinstance(value, v.Unknown):
        return True
    return any(varies(program, part, loop, below) for part in value.parts())


def renewed_in(program: Program, origin: Origin, loop: Loop) -> bool:
    """Whether a turn writes the attribute or item that holds the key, or lets its object do so."""
    if not origin.steps:
        return False
    last = loop.flow.order + 1
    return written_between(program, origin, loop.flow, 0, last, loop)


def written_between(program: Program, origin: Origin, flow: Flow, first: int, last: int, loop: Loop | None) -> bool:
    """Whether the place that holds a key is written between two moments (of a loop's body)."""
    for store in flow.stores:
        if not first < store.order < last or (loop is not None and loop not in store.loops) or store.base is None:
            continue
        base = origin_of(program, store.base)
        wanted = (*base.steps, store_step(store))
        if base.root is origin.root and [s.mark for s in wanted] == [s.mark for s in origin.steps[: len(wanted)]]:
            return True
    for call in flow.calls:
        if not first < call.order < last or (loop is not None and loop not in call.loops):
            continue
        if (
            isinstance(call.func, v.Attr)
            and _owns(program, call.func.base, origin)
            and _may_write(program, call, origin)
        ):
            return True
    return False


def store_step(store: Store) -> Step:
    """The step that a write goes to."""
    if store.kind == "attribute":
        return attribute(str(store.name))
    return at(store.name.value) if isinstance(store.name, v.Const) else Step(("[]", id(store.name)))


def _owns(program: Program, base: v.Value, origin: Origin) -> bool:
    """Whether the object of a method call is the one that holds the key."""
    if not origin.steps:
        return False
    owner = origin_of(program, base)
    steps = [step.mark for step in origin.steps]
    marks = [step.mark for step in owner.steps]
    return owner.root is origin.root and len(marks) < len(steps) and steps[: len(marks)] == marks


def _may_write(program: Program, call: v.Call, origin: Origin) -> bool:
    name = call.func.name  # type: ignore[attr-defined]
    if name in COPIES or name in REARRANGES:
        return False
    found = c.targets(program, call.func)
    if not found:
        return True
    words = {step.mark[0] for step in origin.steps if isinstance(step.mark, tuple) and len(step.mark) == 1}
    return any("." + str(store.name) in words for target in found for store in target.function.flow.stores)
