"""Whether a value changes from call to call: by a loop's turn, a counter, a clock, a number read from the device."""

from __future__ import annotations

from typing import NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.classes import classes_of, lineage, stores_on_self
from jaxaudit.source.events import Loop
from jaxaudit.source.facts import text
from jaxaudit.source.flow import Flow
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.knowledge.array_values import HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.knowledge.contexts import ONCE_PER_OBJECT
from jaxaudit.source.knowledge.host import CLOCKS, HOST_GENERATORS, HOST_RANDOM_MODULES, HOST_RANDOM_SEEDS
from jaxaudit.source.numbers import length_of, number
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import expand, single
from jaxaudit.source.structure import Role

TWO_VALUES = frozenset({"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE", "Chain", "Is", "IsNot", "In", "NotIn", "Not"})
FEW = 4
REPLACERS = frozenset({"dataclasses.replace", "copy.replace"})
_TWO_VALUED = frozenset({"builtins.bool", "builtins.isinstance", "builtins.hasattr", "builtins.callable"})


class Change(NamedTuple):
    """How a value changes: `why` in words that follow the value's name, `values` how many it takes (None: not known,
    many), `loop` what repeats, `source` the value that changes. `sure` is False where only the whole of which the value
    is a part is seen to change."""

    why: str
    values: int | None
    loop: Loop | None
    source: v.Value
    flow: Flow | None
    sure: bool = True

    def words(self, path: str) -> str:
        """Why, with the loop's line, as it is told in a file."""
        if self.loop is None or not self.why.endswith("the loop"):
            return self.why
        return f"{self.why} in {self.loop.seen_from(path)}"

    @property
    def many(self) -> bool:
        return self.values is None or self.values > FEW


def change(program: Program, value: v.Value, loops: tuple[Loop, ...], repeated: bool = False) -> Change | None:
    """How a value changes while these loops turn (`repeated`: the call is repeated in some other way too)."""
    return _Search(program, repeated).ask(value, loops, 0)


class _Search:
    def __init__(self, program: Program, repeated: bool) -> None:
        self.program = program
        self.repeated = repeated
        self.asked: set[tuple[int, int, int]] = set()
        self.objects = 0
        self.fields: list[str] = []

    def ask(self, value: v.Value, loops: tuple[Loop, ...], depth: int) -> Change | None:
        key = (id(value), len(loops), self.objects)
        if depth > 14 or key in self.asked:
            return None
        self.asked.add(key)
        kind = value.__class__
        if kind in _STEADY:
            return None
        if kind is v.Param:
            return self.parameter(value, loops, depth)  # type: ignore[arg-type]
        if kind is v.Elem:
            return self.element(value, value, None, loops, depth)  # type: ignore[arg-type]
        if kind is v.Item:
            return self.item(value, loops, depth)  # type: ignore[arg-type]
        if kind is v.Carried:
            return self.carried(value, loops, depth)  # type: ignore[arg-type]
        if kind is v.Op:
            found = self.first(value.operands, loops, depth)  # type: ignore[attr-defined]
            if found is not None and value.name in TWO_VALUES:  # type: ignore[attr-defined]
                return found._replace(values=2)
            if found is not None and value.name == "Mod":  # type: ignore[attr-defined]
                turns = number(self.program, value.operands[1])  # type: ignore[attr-defined]
                return found._replace(values=turns if isinstance(turns, int) else found.values)
            return found
        if kind is v.Call:
            return self.call(value, loops, depth)  # type: ignore[arg-type]
        if kind is v.Attr:
            return self.attribute(value, loops, depth)  # type: ignore[arg-type]
        if kind is v.Phi:
            return self.first(value.options, loops, depth)  # type: ignore[attr-defined]
        return self.first(value.parts(), loops, depth)

    def first(self, parts: tuple[v.Value, ...], loops: tuple[Loop, ...], depth: int) -> Change | None:
        best: Change | None = None
        for part in parts:
            found = self.ask(part, loops, depth + 1)
            if found is not None and (best is None or more(found, best)):
                best = found
        return best

    def parameter(self, param: v.Param, loops: tuple[Loop, ...], depth: int) -> Change | None:
        best: Change | None = None
        written: dict[str, v.Value] = {}
        for call, source in self.program.sources(param)[:16]:
            if source.__class__ is v.Const:
                written.setdefault(f"{type(source.value).__name__} {source.value!r}", source)
            found = self.ask(source, (*loops, *(call.loops if call is not None else ())), depth + 1)
            if found is not None and (best is None or more(found, best)):
                best = found
        if best is None and len(written) > 1:
            values = ", ".join([text(x.expr) for x in list(written.values())[:4]])
            return Change(f"is {values} at different calls", len(written), None, param, param.flow)
        return best

    def element(
        self, elem: v.Elem, value: v.Value, picked: tuple[v.Value, ...] | None, loops: tuple[Loop, ...], depth: int
    ) -> Change | None:
        """One turn's element: as many values as the loop has turns, or as the written elements differ."""
        loop = elem.loop
        if loop not in loops:
            return self.ask(elem.iterable, loops, depth + 1)
        options = picked if picked is not None else expand(self.program, elem)
        if options and all(o.__class__ is v.Const for o in options):
            different = {f"{type(o.value).__name__} {o.value!r}" for o in options}  # type: ignore[attr-defined]
            if len(different) < 2:
                return None
            shown = ", ".join([text(o.expr) for o in options[:4]]) + (", ..." if len(options) > 4 else "")
            return Change(f"takes the values {shown} in the loop", len(different), loop, value, elem.flow)
        count = length_of(self.program, elem.iterable)
        if count is not None and count < 2:
            return None
        return Change("changes in each turn of the loop", count, loop, value, elem.flow)

    def item(self, item: v.Item, loops: tuple[Loop, ...], depth: int) -> Change | None:
        base = item.base
        if base.__class__ is v.Elem:
            options = expand(self.program, item)
            if len(options) == 1 and options[0].__class__ is v.Elem:
                return self.ask(options[0], loops, depth + 1)
            plain = options and all(o.__class__ is v.Const for o in options)
            found = self.element(base, item, options if plain else (), loops, depth)
            named = item.index.__class__ is v.Const and isinstance(item.index.value, str)
            return found._replace(sure=False) if found is not None and named and not plain else found
        found = self.first((base, item.index), loops, depth)
        if found is not None and item.index.__class__ is v.Const and self.is_part(base):
            return found._replace(sure=False)
        return found

    def is_part(self, base: v.Value) -> bool:
        """Whether an item is one of several that a call returns, or a named one of a record that a loop goes over."""
        settled = v.settle(base)
        if settled.__class__ is v.Call:
            return c.known_name(self.program, settled.func) is None
        return settled.__class__ is v.Elem or (settled.__class__ is v.Item and settled.base.__class__ is v.Elem)

    def carried(self, carried: v.Carried, loops: tuple[Loop, ...], depth: int) -> Change | None:
        loop = carried.loop
        if loop not in loops or carried.after is None:
            return self.first(carried.parts(), loops, depth)
        after = carried.after
        if after.__class__ is v.Const:
            return Change("changes in the loop", 2, loop, carried, carried.flow)
        if carried.before is not None and after is carried.before:
            return None
        count = length_of(self.program, loop.iterable) if loop.iterable is not None else None
        if count is not None and count < 2:
            return None
        return Change("is changed in each turn of the loop", count, loop, carried, carried.flow)

    def call(self, call: v.Call, loops: tuple[Loop, ...], depth: int) -> Change | None:
        name = c.known_name(self.program, call.func)
        if self.objects and name is None:
            return None  # which object it is matters, not what it was made of
        if self.objects and name in REPLACERS:
            given = [x for key, x in call.kwargs if key == self.fields[-1]]
            return self.first(tuple(given or call.args[:1]), loops, depth)
        loop = next((one for one in reversed(call.loops) if one in loops), None)
        if name is not None:
            if name in HOST_RESULTS or name == "builtins.len":
                return None
            again = loop is not None or self.repeated
            if name in CLOCKS:
                return (
                    Change(f"is read from a clock (`{text(call.expr, 40)}`)", None, loop, call, call.flow)
                    if again
                    else None
                )
            if name.startswith(HOST_RANDOM_MODULES) and name not in HOST_RANDOM_SEEDS:
                values = FEW if name.endswith(("choice", "choices", "sample")) else None
                return (
                    Change(f"is drawn anew (`{text(call.expr, 40)}`)", values, loop, call, call.flow) if again else None
                )
            if name == "builtins.next":
                return Change("is the next of an iterator", None, loop, call, call.flow) if again else None
            if name in ("builtins.float", "builtins.int") and call.args and self.from_device(call.args[0]):
                return self.read(call, loop, again)
        elif self.is_generator(call.func):
            again = loop is not None or self.repeated
            values = FEW if call.func.name in ("choice", "choices", "sample") else None  # type: ignore[attr-defined]
            return Change(f"is drawn anew (`{text(call.expr, 40)}`)", values, loop, call, call.flow) if again else None
        elif call.func.__class__ is v.Attr and call.func.name == "item" and self.from_device(call.func.base):
            return self.read(call, loop, loop is not None or self.repeated)
        found = self.first((*call.args, *[x for _, x in call.kwargs]), loops, depth)
        if found is None and name is None and call.func.__class__ is v.Attr:
            found = self.ask(call.func.base, loops, depth + 1)
            if found is not None and call.func.name == "get":
                found = found._replace(sure=False)
        if found is not None and name in _TWO_VALUED:
            return found._replace(values=2)
        if found is not None and name is None and not self.computes(call):
            found = found._replace(sure=False)
        if found is not None and kind_of(self.program, call).is_array:
            return None  # an array of that size: other rules' matter
        return found

    def computes(self, call: v.Call) -> bool:
        """`schedule(step)` of a function that gives back arithmetic; others may give the same for all they are handed."""
        found = c.targets(self.program, call.func)
        returns = found[0].function.flow.returns if len(found) == 1 else ()
        if len(returns) != 1:
            return False
        given = v.settle(returns[0].value)
        return given.__class__ is v.Op or (
            given.__class__ is v.Call and c.known_name(self.program, given.func) is not None
        )

    def is_generator(self, func: v.Value) -> bool:
        """A method of `rng = np.random.default_rng(0)`."""
        if not isinstance(func, v.Attr):
            return False
        made = single(self.program, func.base)
        return isinstance(made, v.Call) and c.known_name(self.program, made.func) in HOST_GENERATORS

    def from_device(self, value: v.Value) -> bool:
        """Whether a number comes out of a computation, rather than from a shape or a literal."""
        kind = kind_of(self.program, value)
        return kind.is_array and value.__class__ is not v.Const

    def read(self, call: v.Call, loop: Loop | None, again: bool) -> Change | None:
        if not again:
            return None
        return Change(f"is read from an array (`{text(call.expr, 40)}`)", None, loop, call, call.flow)

    def attribute(self, attr: v.Attr, loops: tuple[Loop, ...], depth: int) -> Change | None:
        if attr.name in STATIC_ATTRIBUTES:
            return None
        for cls in classes_of(self.program, attr.base):
            for part in lineage(self.program, cls):
                built = {id(store) for name in ONCE_PER_OBJECT if name in part.methods
                         for store in part.methods[name].flow.stores}  # fmt: skip
                for store in stores_on_self(part):
                    if store.name == attr.name and store.augmented and id(store) not in built:
                        return Change(f"is counted up (`{text(store.expr)}` is rebound)", None, None, attr, attr.flow)
        found = self.stored_in(attr, loops) or self.first(expand(self.program, attr), loops, depth)
        if found is None:
            self.objects += 1
            self.fields.append(attr.name)
            found = self.ask(attr.base, loops, depth + 1)
            self.fields.pop()
            self.objects -= 1
            if found is not None and not replaces(attr):
                found = found._replace(sure=False)
        return found

    def stored_in(self, attr: v.Attr, loops: tuple[Loop, ...]) -> Change | None:
        """`state.step += 1` in the very loop."""
        for flow in {loop.flow for loop in loops}:
            for store in flow.stores:
                if store.kind != "attribute" or store.name != attr.name or store.base is not attr.base:
                    continue
                loop = next((one for one in reversed(store.loops) if one in loops), None)
                if loop is not None and store.value.__class__ is not v.Const:
                    return Change("is changed in the loop", None, loop, attr, attr.flow)
        return None


def replaces(attr: v.Attr) -> bool:
    """`state = state.replace(step=...)` in a loop, of `state.step`: the very field gets another value."""
    base = attr.base
    after = v.settle(base.after) if isinstance(base, v.Carried) and base.after is not None else None
    return isinstance(after, v.Call) and any(key == attr.name for key, _ in after.kwargs)


def more(a: Change, b: Change) -> bool:
    return (a.values or 1 << 30) > (b.values or 1 << 30)


def certainty(found: Change, used: Role, is_float: bool, traced: bool) -> float:
    """Certain where many values are seen and no use needs the value while tracing; few values may be meant."""
    if traced:
        return 0.0  # an inner jit is compiled with the outer one
    if found.loop is None and found.values is not None and not is_float:
        return 0.0  # several values at different calls: what static arguments are for
    if not found.many:
        if used.only_computed:
            return 0.5
        return 0.3 if is_float or found.values != 2 else 0.0
    if used.needs:
        return 0.4
    if not found.sure or (found.loop is None and found.values is not None):
        return 0.6  # a part of something that changes; several calls written out
    return 0.9 if used.only_computed else 0.8 if is_float else 0.6


def counted(found: Change) -> dict[str, object]:
    return {"values": found.values} if found.values is not None else {}


_STEADY = frozenset({v.Const, v.External, v.ModuleValue, v.FunctionValue, v.ClassValue, v.Unknown, v.Imported})
