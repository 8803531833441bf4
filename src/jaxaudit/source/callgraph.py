"""Who calls whom, who hands what to which transformation: found unit by unit, as far as somebody asks.

Only units that mention a transformation, or a name by which an interesting function is known, are followed at all.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import forwarding, handing_on, own_transforms
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import all_fields, method_of
from jaxaudit.source.forgetting import forget
from jaxaudit.source.knowledge.higher_order import HIGHER_ORDER
from jaxaudit.source.knowledge.transforms import Feed, Slot
from jaxaudit.source.knowledge.transforms_of_libraries import TRANSFORMS

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Class, Function, Module


class Edge(NamedTuple):
    """A call that runs a function of the project."""

    call: v.Call
    target: c.Target
    through: tuple[Function, ...] = ()
    """The functions that handed their `*args` or `**kwargs` on to make this call of it."""

    @property
    def caller(self) -> Function:
        return self.call.flow.function


class Handed(NamedTuple):
    """A function handed to something that calls it: a transformation (`use`), or a helper such as `jax.tree.map`."""

    call: v.Call
    target: c.Target
    use: c.TransformUse | None
    slot: Slot
    feeds: tuple[Feed, ...]

    @property
    def caller(self) -> Function:
        return self.call.flow.function


UNFLATTENERS = ("tree_unflatten", "_tree_unflatten", "__jax_unflatten__")
"""Class methods that make an object anew of what JAX took out of it: nothing new is in it."""
LONGEST_CHAIN = 4
"""Functions, one behind the other, that hand on what they got."""
MOST_HANDED_ON = 1000
"""Calls of one function that are made so. Twenty functions that all hand on to each other would make 100,000."""
Sources = list[tuple[v.Call | None, v.Value]]
"""What a parameter gets: the call, or None for its default, and the value."""
COMMON = 60
"""A word written in more units than this is no way to find a function's callers."""
RARE = 5
"""The same in a large program, where each such search is paid for by everybody who asks for a quick answer."""
LARGE = 4000
"""Programs of more units than this are followed further only from the functions that are jitted."""
NESTED = 16
"""Finding callers follows units, whose calls may ask for callers: so deep, and no deeper."""


class CallGraph:
    """Edges between the functions of a program, grown on demand."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.edges: dict[Function, list[Edge]] = defaultdict(list)
        self.handed: dict[Function, list[Handed]] = defaultdict(list)
        self.forwards: dict[Function, list[Edge]] = defaultdict(list)
        self.made_of: defaultdict[Function, int] = defaultdict(int)
        self.constructions: dict[Class, list[v.Call]] = defaultdict(list)
        self.uses: list[c.TransformUse] = []
        self.words: dict[Function, set[str]] = defaultdict(set)
        self.linked: set[tuple[int, int]] = set()
        self.linked_functions: list[Function] = []
        self.unresolved: list[v.Call] = []
        self.complete: set[Function] = set()
        self.complete_classes: set[Class] = set()
        self.arguments_known: dict[Function, list[dict[str, v.Value]]] = defaultdict(list)
        self.sources_known: dict[tuple[Function, str], tuple[Sources, tuple[int, int] | None]] = {}
        """The answers to `sources`, with what was known of the function's callers where more may be found."""
        self.forwarding_known: dict[Function, tuple[tuple[int, int], list[Function]]] = {}
        self.first_pass = True
        self.growing = False
        self.large: bool | None = None
        self.nested = 0
        self.aliases: set[str] = set()
        self.waiting: list[Function] = []

    # -- growing ---------------------------------------------------------------------------------------------------

    def link_words(self, words: set[str]) -> None:
        """Links every unit that writes one of these words; a word that stands everywhere tells nothing."""
        index = self.program.index
        common = COMMON if not self.growing or not self.is_large else RARE
        for word in sorted(self.program.spellings(words)):
            found = index.get(word, ())
            if len(found) <= common:
                for module, unit in found:
                    self.link_unit(module, unit)

    def follow_aliases(self) -> None:
        """`jjit = partial(jax.jit, static_argnums=0)`: the project's own names for transformations, used elsewhere."""
        done: set[str] = set()
        while self.aliases - done or self.waiting:
            fresh = self.aliases - done
            done |= fresh
            self.link_words(fresh)
            self.link_waiting()

    def link_waiting(self) -> None:
        while self.waiting:
            function = self.waiting.pop()
            self.link_unit(function.module, function.unit)

    def link_unit(self, module: Module, unit: int) -> None:
        key = (id(module), unit)
        if key in self.linked:
            return
        self.linked.add(key)
        for function in self.program.functions_of_unit(module, unit):
            self.link_function(function)

    def link_function(self, function: Function) -> None:
        flow = function.flow
        self.linked_functions.append(function)
        for call in list(flow.calls):
            self.link_call(call)
        for store in flow.stores:
            if store.kind == "attribute" and store.value.__class__ in _MAY_CALL:
                self.note_words(store.value, str(store.name))
        if function.is_module:
            for name, bound in flow.bindings.items():
                for value in bound:
                    self.note_module_name(name, value)
        if own_transforms.makes_one(self.program, function):
            self.aliases.add((function.parent or function).name)
        for returned in flow.returns:  # a factory's name is a word for the function it makes
            parts = returned.value.parts() if returned.value.__class__ in _HOLDERS else (returned.value,)
            for part in parts:
                if self.may_be_made(part):
                    self.note_words(part, function.name)

    def note_module_name(self, name: str, value: v.Value) -> None:
        if isinstance(value, v.Call):
            if not value.decorator:
                self.note_words(value, name)
        elif isinstance(value, v.Mapping | v.Sequence):  # a table: whoever takes from it may call what it holds
            for part in value.parts():
                if self.is_function(part):
                    self.note_words(part, name)
        elif isinstance(value, v.External) and value.name in TRANSFORMS:
            if value.name.rpartition(".")[2] != name:
                self.aliases.add(name)

    def may_be_made(self, value: v.Value) -> bool:
        """Whether a returned value may be a function; in a large program only what says so at once."""
        if value.__class__ not in _MAY_CALL:
            return False
        return not self.is_large or self.is_function(value)

    def note_words(self, value: v.Value, word: str) -> None:
        """An attribute or name that holds a function is one more word by which callers may know it."""
        if isinstance(value, v.Call):
            use = c.transform_of(self.program, value)
            func = value.func
            if use is None and isinstance(func, v.External):
                if func.name != "functools.partial":
                    return
                if value.args and c.known_name(self.program, value.args[0]) in TRANSFORMS:
                    self.aliases.add(word)
            elif use is not None and use.spec.factory and not use.functions:
                self.aliases.add(word)
        for target in c.targets(self.program, value):
            if target.function.name != word:
                self.words[target.function].add(word)

    def link_call(self, call: v.Call) -> None:
        program = self.program
        use = c.transform_of(program, call)
        if use is not None:
            self.link_use(use)
            return
        func = call.func
        name = c.known_name(program, func)
        if name is not None:
            known = HIGHER_ORDER.get(name)
            if known is not None:
                slots, feeds = known
                for slot in slots:
                    handed = call.argument(slot.position if slot.position >= 0 else None, slot.keyword or None)
                    if handed is not None:
                        self.hand(call, handed, None, slot, feeds)
            if isinstance(func, v.External):
                return
        made = v.settle(func)
        if isinstance(made, v.ClassValue):
            self.constructions[made.cls].append(call)
        elif c.is_own_class(made) and made.function.owner is not None and made.function.name not in UNFLATTENERS:
            self.constructions[made.function.owner].append(call)
        if call.decorator:
            return
        targets = c.targets(program, func)
        if not targets and self.growing and not self.is_large and isinstance(func, v.Attr):
            if isinstance(func.base, v.Param):  # its callers may have been linked meanwhile, by this very question
                forget(func)
                targets = c.targets(program, func)
        for target in targets:
            self.add(Edge(call, target))
            if target.function.module is not call.flow.function.module or target.function.parent is None:
                if any([self.is_function(a) for a in call.args] + [self.is_function(a) for _, a in call.kwargs]):
                    self.waiting.append(target.function)  # it may call what it is handed
        if not targets and self.first_pass and not isinstance(func, v.Unknown):
            self.unresolved.append(call)

    def link_use(self, use: c.TransformUse) -> None:
        self.uses.append(use)
        for value, slot in use.functions:
            self.hand(use.call, value, use, slot, use.spec.feeds)
            if use.is_own and isinstance(value, v.Call):  # what `def batched(f): return jit(vmap(f))` puts below
                inner = c.transform_of(self.program, value)
                if inner is not None and inner is not use:
                    self.link_use(inner)

    def add(self, edge: Edge) -> None:
        """A call; one that hands on the `*args` of the function around it is also made by whoever calls that."""
        called = edge.target.function
        self.edges[called].append(edge)
        for inner in self.forwards.get(called, ()):
            self.add_forwarded(edge, inner)
        if (edge.call.kwargs or edge.call.args) and handing_on.hands_on(edge.call) and edge.caller is not called:
            self.forwards[edge.caller].append(edge)
            for outer in list(self.edges.get(edge.caller, ())):
                self.add_forwarded(outer, edge)

    def add_forwarded(self, outer: Edge, inner: Edge) -> None:
        """Functions that hand on to each other in a circle would make calls without end: each is gone through once."""
        through = (*outer.through, outer.target.function, *inner.through)
        if len(through) > LONGEST_CHAIN or len({*through, inner.target.function}) <= len(through):
            return
        called = inner.target.function
        if self.made_of[called] >= MOST_HANDED_ON:
            return
        found = forwarding.forwarded(self.program, outer.call, outer.target, inner.call)
        if found is None:
            return
        self.made_of[called] += 1
        call, func = found
        targets = (inner.target,) if func is inner.call.func else c.targets(self.program, func)
        for target in targets:
            if target.function is called:
                self.add(Edge(call, target, through))

    def is_function(self, value: v.Value) -> bool:
        """Whether a value is a function of the project, or one that a transformation made."""
        kind = value.__class__
        if kind is v.FunctionValue:
            return True
        if kind is v.Const or kind is v.Param or kind is v.External:
            return False
        if isinstance(value, v.Call):
            use = c.transform_of(self.program, value)
            made = v.settle(value.func)
            is_called = isinstance(made, v.ClassValue) and "__call__" in made.cls.methods
            return is_called or (use is not None and use.spec.wraps)
        if isinstance(value, v.Free):
            return any(self.is_function(x) for x in value.values() if not isinstance(x, v.Free))
        return isinstance(value, v.Attr) and not self.is_large and bool(c.targets(self.program, value))

    def hand(
        self, call: v.Call, value: v.Value, use: c.TransformUse | None, slot: Slot, feeds: tuple[Feed, ...]
    ) -> None:
        targets = c.targets(self.program, value)
        for target in targets:
            self.handed[target.function].append(Handed(call, target, use, slot, feeds))
            if use is not None:
                for inner in target.chain:  # jit(vmap(f)): f is handed to both; vmap's own call says so already
                    if inner.call is not call and use.spec.kind in ("jit", "pmap"):
                        break
        if not targets and self.first_pass and call not in self.unresolved:
            self.unresolved.append(call)

    def second_pass(self) -> None:
        """Calls of parameters can be resolved once the callers are known."""
        self.first_pass = False
        self.program.next_generation()
        waiting, self.unresolved = self.unresolved, []
        for call in waiting:
            forget(call)
            use = c.transform_of(self.program, call)
            if use is not None:
                for value, slot in use.functions:
                    forget(value)
                    self.hand(call, value, use, slot, use.spec.feeds)
                continue
            forget(call.func)
            for target in c.targets(self.program, call.func):
                self.add(Edge(call, target))

    def grow(self) -> None:
        """From here on, asking for a function's callers follows every unit that may hold one."""
        self.program.next_generation()
        self.growing = True
        self.sources_known.clear()

    # -- asking ----------------------------------------------------------------------------------------------------

    def reach(self, function: Function) -> None:
        """Follows every unit that may call a function."""
        if function in self.complete or not self.growing or self.nested >= NESTED or not self.worth_growing(function):
            return
        self.complete.add(function)
        self.nested += 1
        done: set[str] = set()
        while words := {self.word_of(function), *self.words[function]} - done:
            done |= words
            self.link_words(words)
            self.link_waiting()
        self.nested -= 1

    @property
    def is_large(self) -> bool:
        if self.large is None:
            self.large = sum([len(m.units) for m in self.program.by_path.values()]) > LARGE
        return self.large

    def worth_growing(self, function: Function) -> bool:
        """In a large program only the callers of what is jitted are looked for beyond the units already followed."""
        if not self.is_large:
            return True
        for handed in self.handed.get(function, ()):
            if handed.use is not None and handed.use.spec.kind in ("jit", "pmap"):
                return True
        return False

    @staticmethod
    def word_of(function: Function) -> str:
        if function.name == "<lambda>":
            return ""
        if function.name in ("__init__", "__call__", "__post_init__") and function.owner is not None:
            return function.owner.name
        return function.name

    def callers(self, function: Function) -> list[Edge]:
        self.reach(function)
        edges = self.edges.get(function, [])
        if self.forwards:
            for caller in self.forwarding(function, edges):
                self.reach(caller)
        return edges

    def forwarding(self, function: Function, edges: list[Edge]) -> list[Function]:
        """Those of its callers that hand on the `*args` that they are given; kept until more is known."""
        known_of = len(edges), len(self.forwards)
        known = self.forwarding_known.get(function)
        if known is None or known[0] != known_of:
            callers = [edge.call.flow.function for edge in edges]
            known = known_of, [one for one in callers if one in self.forwards and one is not function]
            self.forwarding_known[function] = known
        return known[1]

    def handovers(self, function: Function) -> list[Handed]:
        self.reach(function)
        return self.handed.get(function, [])

    def built(self, cls: Class) -> list[v.Call]:
        """The calls that make instances of a class."""
        if self.growing and not self.is_large and cls not in self.complete_classes and self.nested < NESTED:
            self.complete_classes.add(cls)
            self.nested += 1
            self.link_words({cls.name})
            for function in cls.methods.values():  # `return cls(...)` names no class
                if function.bound is not None and c.is_classmethod(function.bound):
                    self.link_unit(function.module, function.unit)
            self.nested -= 1
        return self.constructions.get(cls, [])

    def sources(self, function: Function, name: str) -> Sources:
        """What a parameter gets, call by call; the default (call None) where a call leaves it out."""
        if self.first_pass:
            return []
        key = (function, name)
        found, known_of = self.sources_known.get(key, (None, None))
        if found is None or (known_of is not None and known_of != self.known_of(function)):
            self.sources_known[key] = [], None
            known_of = self.known_of(function)
            found = self._sources(function, name)
            if not self.growing or function in self.complete:
                known_of = None
            self.sources_known[key] = found, known_of
        return found

    def known_of(self, function: Function) -> tuple[int, int]:
        """How many calls and handovers of a function were found, those that are looked for now among them."""
        return len(self.callers(function)), len(self.handovers(function))

    def _sources(self, function: Function, name: str) -> Sources:
        found: Sources = []
        left_out = False
        edges = self.callers(function)
        for edge, arguments in zip(edges, self.arguments_of(function, edges)):
            bound = arguments.get(name)
            if bound is None:
                left_out = True
            else:
                found.append((edge.call, bound))
        parameter = function.parameter(name)
        if parameter is not None and parameter.default is not None and (left_out or not found):
            outer = (function.parent or function.module.function).flow
            found.append((None, outer.detached(parameter.default)))
        for handed in self.handovers(function):
            partial = self._bound_by_partial(handed, name)
            if partial is not None:
                found.append((handed.call, partial))
        return found

    def arguments_of(self, function: Function, edges: list[Edge]) -> list[dict[str, v.Value]]:
        """Which argument each parameter gets, call by call; worked out once for all parameters."""
        known = self.arguments_known[function]
        known += [bind(edge.call, edge.target) for edge in edges[len(known) :]]
        return known

    @staticmethod
    def _bound_by_partial(handed: Handed, name: str) -> v.Value | None:
        if not handed.target.partials and handed.target.receiver is None:
            return None
        empty = v.Call(v.Unknown(), (), (), None, handed.call.flow, (), (), 0)
        return bind(empty, handed.target).get(name)

    def field_arguments(self, cls: Class, name: str) -> list[v.Value]:
        """What the makers of a dataclass-like object pass for a field."""
        if self.first_pass or method_of(self.program, cls, "__init__") is not None:
            return []
        fields = list(all_fields(self.program, cls))
        out = []
        for call in self.built(cls):
            if name in fields:
                value = call.argument(fields.index(name), name)
                if value is not None:
                    out.append(value)
        return out


_HOLDERS = frozenset({v.Sequence, v.Mapping})
_MAY_CALL = frozenset({v.Call, v.FunctionValue, v.Free, v.Attr, v.Phi, v.Param, v.Item})
