"""Which functions run under a trace, which of their values are then tracers, and through whom."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.callgraph import Edge, Handed
from jaxaudit.source.dependence import MOST, roots_of
from jaxaudit.source.provenance import roots

if TYPE_CHECKING:
    from jaxaudit.source.program import Program
    from jaxaudit.source.scopes import Function

ABSTRACT = frozenset(
    {"jit", "pmap", "vmap", "loop", "branch", "checkpoint", "shape", "export", "shard_map", "solver", "model", "check"}
)
"""Under these a tracer has no value that Python could test; under grad alone it has one."""


class Context(NamedTuple):
    """Why a function runs under a trace: the handover that starts it, and the calls that lead here from there."""

    handed: Handed
    calls: tuple[Edge, ...]

    @property
    def use(self) -> c.TransformUse:
        assert self.handed.use is not None
        return self.handed.use

    @property
    def kind(self) -> str:
        return self.use.spec.kind


class Why(NamedTuple):
    """Why a value is a tracer: the transformation that makes it one, where it enters, and the calls between."""

    use: c.TransformUse
    param: str
    function: Function
    calls: tuple[v.Call, ...] = ()
    sure: bool = True

    @property
    def abstract(self) -> bool:
        return self.use.spec.kind in ABSTRACT


class Tracing:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.contexts: dict[Function, list[Context]] = {}

    def spread(self) -> None:
        """Follows calls from every function handed to a transformation."""
        graph = self.program.graph
        waiting: deque[Function] = deque()
        for function, handovers in list(graph.handed.items()):
            for handed in handovers:
                if handed.use is not None and traces(handed):
                    self.enter(function, Context(handed, ()), waiting)
        while waiting:
            function = waiting.popleft()
            graph.link_unit(function.module, function.unit)
            for context in self.telling(function):
                self.pass_on(function, context, waiting)

    def telling(self, function: Function) -> list[Context]:
        """The contexts that are passed on to what a function calls: the first, and the first that hides values."""
        first = self.contexts[function][0]
        hiding = self.context(function, abstract=True)
        return [first] if hiding is None or hiding is first else [hiding, first]

    def pass_on(self, function: Function, context: Context, waiting: deque[Function]) -> None:
        graph = self.program.graph
        for call in function.flow.calls:
            use = c.transform_of(self.program, call)
            if use is not None:
                for value, slot in use.functions:
                    if slot.host or use.spec.traces == "none":
                        continue
                    for target in c.targets(self.program, value):
                        handed = Handed(call, target, use, slot, use.spec.feeds)
                        self.enter(target.function, Context(handed, ()), waiting)
                        if context.kind in ABSTRACT and use.spec.kind not in ABSTRACT:
                            self.enter(target.function, context, waiting)
                continue
            if call.decorator:
                continue
            if len(context.calls) < 8:
                for target in c.targets(self.program, call.func):
                    step = Context(context.handed, (*context.calls, Edge(call, target)))
                    self.enter(target.function, step, waiting)
            for value in call.args:
                if isinstance(value, v.FunctionValue):
                    for handed in graph.handed.get(value.function, ()):
                        if handed.call is call:
                            self.enter(value.function, context, waiting)

    def enter(self, function: Function, context: Context, waiting: deque[Function]) -> None:
        known = self.contexts.get(function)
        if known is None:
            self.contexts[function] = [context]
            waiting.append(function)
            return
        if any(k.handed.call is context.handed.call for k in known) or len(known) >= 6:
            return
        if context.kind in ABSTRACT and not any(k.kind in ABSTRACT for k in known):
            waiting.append(function)
        known.append(context)

    def context(self, function: Function, *, abstract: bool = False) -> Context | None:
        """Why a function runs under a trace, or None when nothing read says that it does."""
        for context in self.contexts.get(function, ()):
            if not abstract or context.kind in ABSTRACT:
                return context
        return None

    def jitted_context(self, function: Function) -> Context | None:
        for context in self.contexts.get(function, ()):
            if context.kind in ("jit", "pmap", "loop", "branch", "shard_map", "export", "solver", "checkpoint"):
                return context
        return None

    def eager_callers(self, function: Function) -> list[Edge]:
        """Calls from functions that nothing read puts under a trace."""
        return [e for e in self.program.graph.callers(function) if e.caller not in self.contexts]

    # -- values ----------------------------------------------------------------------------------------------------

    def tracer(self, value: v.Value) -> Why | None:
        """Why a value is a tracer where it is made, or None."""
        memo = value.memo
        if memo is None:
            memo = value.memo = {}
        key = self.program.keys["tracer"]
        if key not in memo:
            memo[key] = None
            memo[key] = self._tracer(value)
        return memo[key]

    def _tracer(self, value: v.Value) -> Why | None:
        maybe: Why | None = None
        for root in roots_of(self.program, value):
            why = self.param(root.function, root.name) if isinstance(root, v.Param) else self._inside(root)
            if why is not None and why.sure:
                return why
            maybe = maybe or why
        return maybe

    def _inside(self, made: v.Value) -> Why | None:
        """Under jit even `jnp.zeros(3)` is a tracer."""
        assert made.flow is not None
        function = made.flow.function
        context = self.jitted_context(function)
        if context is None:
            return None
        return Why(context.use, "", function, tuple([e.call for e in context.calls]))

    def param(self, function: Function, name: str) -> Why | None:
        """Why a parameter arrives as a tracer: handed over by a transformation, or by a caller that has one.

        Whatever is traced was followed when the program was linked, so nobody looks for further callers here.
        """
        key = (self.program.keys["tracer"], name)
        memo = function.memo
        if key not in memo:
            memo[key] = None
            memo[key] = self._param(function, name)
        return memo[key]

    def _param(self, function: Function, name: str) -> Why | None:
        """Searches breadth first, so that the shortest way from a transformation to the parameter is told."""
        waiting: deque[tuple[Function, str, tuple[v.Call, ...]]] = deque([(function, name, ())])
        seen = {(function, name)}
        maybe: Why | None = None
        while waiting and len(seen) < MOST:
            here, parameter, calls = waiting.popleft()
            why = self._handed(here, parameter)
            if why is not None:
                why = why._replace(calls=calls)
                if why.sure:
                    return why
                maybe = maybe or why
                continue
            for call, argument in self._arguments(here, parameter):
                for root in roots_of(self.program, argument):
                    if isinstance(root, v.Param):
                        if (root.function, root.name) not in seen:
                            seen.add((root.function, root.name))
                            waiting.append((root.function, root.name, (call, *calls)))
                        continue
                    inside = self._inside(root)
                    if inside is not None:
                        return inside._replace(calls=(*inside.calls, call, *calls))
        return maybe

    def _handed(self, function: Function, name: str) -> Why | None:
        """A transformation that hands a tracer straight to this parameter."""
        maybe: Why | None = None
        for handed in self.program.graph.handed.get(function, ()):
            if handed.use is None:
                continue
            how = entering(self.program, handed, name)
            if how == "sure":
                return Why(handed.use, name, function)
            if how and maybe is None:
                maybe = Why(handed.use, name, function, (), False)
        return maybe

    def _arguments(self, function: Function, name: str) -> list[tuple[v.Call, v.Value]]:
        """What functions under a trace hand to this parameter, and what helpers such as `jax.tree.map` pass on."""
        graph = self.program.graph
        out = []
        for edge in graph.edges.get(function, ()):
            if edge.caller in self.contexts:
                argument = bind(edge.call, edge.target).get(name)
                if argument is not None:
                    out.append((edge.call, argument))
        for handed in graph.handed.get(function, ()):
            if handed.use is not None and handed.use.spec.traces != "given":
                continue
            if handed.caller in self.contexts:
                out += [(handed.call, a) for a in handed.call.args if not isinstance(a, v.FunctionValue)]
        return out


def traces(handed: Handed) -> bool:
    return handed.use is not None and not handed.slot.host and handed.use.spec.traces != "none"


def entering(program: Program, handed: Handed, name: str) -> str:
    """Whether a transformation hands a tracer to this parameter: "sure", "maybe" (array leaves only) or ""."""
    use = handed.use
    if use is None or handed.slot.host:
        return ""
    spec = use.spec
    if spec.traces in ("none", "given"):
        return ""
    function = handed.target.function
    parameter = function.parameter(name)
    if parameter is None or name in fixed_names(handed):
        return ""
    if name in static_names(program, use, handed.target):
        return ""
    position = position_of(handed.target, name)
    if spec.traces == "differentiated":
        return "sure" if position is not None and position in _numbers(program, use, 0) else ""
    if spec.traces == "first":
        return "maybe" if position == 0 else ""
    if spec.traces == "arrays":
        return "maybe"
    by_default = parameter.default is not None and position is None
    if spec.traces == "mapped":
        how = _mapped(program, use, position)
        return "maybe" if how and by_default else how
    return "maybe" if by_default else "sure"


def fixed_names(handed: Handed) -> set[str]:
    """Parameters that are bound before the transformation: by partial, or self of a bound method."""
    target = handed.target
    if not target.partials and target.receiver is None:
        return set()
    empty = v.Call(v.Unknown(), (), (), None, handed.call.flow, (), (), 0)
    return set(bind(empty, target))


def position_of(target: c.Target, name: str) -> int | None:
    """The position at which the transformed callable takes a parameter."""
    shift = (1 if target.receiver is not None else 0) + sum([len(p.args) - 1 for p in target.partials])
    for parameter in target.function.all_parameters:
        if parameter.name == name:
            return parameter.index - shift if parameter.kind == "positional" else None
    return None


def static_names(program: Program, use: c.TransformUse, target: c.Target) -> set[str]:
    """Names of the parameters that a transformation treats as static."""
    return listed_names(program, use, target, use.spec.static_nums, use.spec.static_names)


def donated_names(program: Program, use: c.TransformUse, target: c.Target) -> set[str]:
    return listed_names(program, use, target, use.spec.donate_nums, use.spec.donate_names)


def listed_names(program: Program, use: c.TransformUse, target: c.Target, numbers: str, names: str) -> set[str]:
    out: set[str] = set()
    if names:
        value = use.option(names)
        if value is not None:
            out |= {t for t in constants(program, value) if isinstance(t, str)}
    if numbers:
        value = use.option(numbers)
        if value is not None:
            positional = [p.name for p in target.function.all_parameters if p.kind == "positional"]
            shift = (1 if target.receiver is not None else 0) + sum([len(p.args) - 1 for p in target.partials])
            positional = positional[shift:]
            for number in constants(program, value):
                if type(number) is int and -len(positional) <= number < len(positional):
                    out.add(positional[number])
    return out


def constants(program: Program, value: v.Value) -> list[Any]:
    """The literals that an option is made of: `0`, `(0, 1)`, `["a"]`, a name for one of these."""
    out: list[Any] = []
    for root in roots(program, value):
        if isinstance(root, v.Const):
            out.append(root.value)
        elif isinstance(root, v.Sequence) and root.kind != "slice":
            for item in root.items:
                out += constants(program, item)
        elif isinstance(root, v.Call):
            name = c.known_name(program, root.func)
            if name in ("builtins.tuple", "builtins.list", "builtins.range") and root.args:
                inner = [constants(program, a) for a in root.args]
                if name == "builtins.range" and all(len(i) == 1 and type(i[0]) is int for i in inner):
                    out += list(range(*[i[0] for i in inner]))[:64]
                elif name != "builtins.range":
                    out += inner[0]
        elif isinstance(root, v.Op) and root.name == "Add":
            for operand in root.operands:
                out += constants(program, operand)
    return out


def _numbers(program: Program, use: c.TransformUse, default: int) -> list[Any]:
    keyword, position, _ = use.spec.axes
    value = use.option(keyword)
    if value is None and position >= 0 and position < len(use.call.args) and use.call is use.options[0]:
        value = use.call.args[position]
    if value is None:
        return [default]
    return constants(program, value)


def _mapped(program: Program, use: c.TransformUse, position: int | None) -> str:
    """Whether vmap gives each run its own slice of an argument: "sure", "maybe" where the axes don't say, or ""."""
    keyword, at, _ = use.spec.axes
    value = use.option(keyword)
    if value is None and at >= 0 and at < len(use.call.args) and use.call is use.options[0]:
        value = use.call.args[at]
    if value is None:
        return "sure"
    if position is None:
        return "maybe"
    for root in roots(program, value):
        if isinstance(root, v.Sequence):
            if any(isinstance(item, v.Star) for item in root.items[: position + 1]):
                return "maybe"
            if position < len(root.items):
                entries = roots(program, root.items[position])
                plain = all(isinstance(entry, v.Const) for entry in entries)
                none = any(isinstance(entry, v.Const) and entry.value is None for entry in entries)
                return "maybe" if not plain or (none and len(entries) > 1) else "" if none else "sure"
        elif not (isinstance(root, v.Const) and type(root.value) is int):
            return "maybe"
    return "sure"
