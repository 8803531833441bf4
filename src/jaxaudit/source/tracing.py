"""Which functions run under a trace, which of their values are then tracers, and through whom."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.callgraph import Edge, Handed
from jaxaudit.source.knowledge.array_values import HOST_RESULTS, STATIC_ATTRIBUTES
from jaxaudit.source.fields import is_static_field

if TYPE_CHECKING:
    from jaxaudit.source.program import Function, Program

ABSTRACT = frozenset(
    {"jit", "pmap", "vmap", "loop", "branch", "checkpoint", "shape", "export", "shard_map", "solver", "model", "check"}
)
"""Under these a tracer has no value that Python could test; under grad alone it has one."""

JAX_PACKAGES = frozenset(
    "jax jaxlib equinox optax flax haiku distrax numpyro diffrax optimistix lineax jaxopt e3nn_jax einops blackjax "
    "chex interpax tensorflow_probability jax_md s2fft tinygp quax".split()
)
PASSING = frozenset(
    f"builtins.{n}" for n in "abs sum min max sorted list tuple zip enumerate reversed dict pow round divmod map".split()
)
NEVER_TRACED = frozenset({"Is", "IsNot", "In", "NotIn"})


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
    """Why a value is a tracer: the transformation that makes it one, the parameter it enters by, and the calls between."""

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
        self.asking: set[Any] = set()

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
                if value.__class__ is v.FunctionValue:
                    for handed in graph.handed.get(value.function, ()):  # type: ignore[attr-defined]
                        if handed.call is call:
                            self.enter(value.function, context, waiting)  # type: ignore[attr-defined]

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

    def tracer(self, value: v.Value, given: dict[Any, v.Value] | None = None, depth: int = 0) -> Why | None:
        """Why a value is a tracer where it is made, or None."""
        if depth > 24:
            return None
        key = (id(value), None if given is None else id(given))
        if key in self.asking:
            return None
        memo = value.memo
        if memo is None:
            memo = value.memo = {}
        if given is None and "tracer" in memo:
            return memo["tracer"]  # type: ignore[no-any-return]
        self.asking.add(key)
        try:
            found = self._tracer(value, given, depth)
        finally:
            self.asking.discard(key)
        if given is None and (found is not None or not self.asking):
            memo["tracer"] = found
        return found

    def _tracer(self, value: v.Value, given: dict[Any, v.Value] | None, depth: int) -> Why | None:
        kind = value.__class__
        if kind in _NEVER:
            return None
        if kind is v.Param:
            if given is not None:
                handed = given.get((value.function, value.name))  # type: ignore[attr-defined]
                if handed is not None:
                    return self.tracer(handed, None, depth + 1)
            return self.param(value.function, value.name, depth)  # type: ignore[attr-defined]
        if kind is v.Attr:
            if value.name in STATIC_ATTRIBUTES:  # type: ignore[attr-defined]
                return None
            if is_static_field(self.program, value):  # type: ignore[arg-type]
                return None
            return self.tracer(value.base, given, depth + 1)  # type: ignore[attr-defined]
        if kind is v.Op:
            if value.name in NEVER_TRACED:  # type: ignore[attr-defined]
                return None
            return self.first(value.operands, given, depth)  # type: ignore[attr-defined]
        if kind is v.Item:
            return self.first((value.base, value.index), given, depth)  # type: ignore[attr-defined]
        if kind is v.Elem:
            return self._element(value, given, depth)  # type: ignore[arg-type]
        if kind is v.Call:
            return self._call(value, given, depth)  # type: ignore[arg-type]
        if kind is v.Sequence and value.kind == "slice":  # type: ignore[attr-defined]
            return None
        return self.first(value.parts(), given, depth)

    def first(self, parts: tuple[v.Value, ...], given: dict[Any, v.Value] | None, depth: int) -> Why | None:
        for part in parts:
            why = self.tracer(part, given, depth + 1)
            if why is not None:
                return why
        return None

    def _element(self, elem: v.Elem, given: dict[Any, v.Value] | None, depth: int) -> Why | None:
        source = v.settle(elem.iterable)
        if source.__class__ is v.Call:
            name = c.known_name(self.program, source.func)  # type: ignore[attr-defined]
            if name == "builtins.range":
                return None
        return self.tracer(elem.iterable, given, depth + 1)

    def _call(self, call: v.Call, given: dict[Any, v.Value] | None, depth: int) -> Why | None:
        program = self.program
        name = c.known_name(program, call.func)
        arguments = (*call.args, *[x for _, x in call.kwargs])
        if name is not None:
            if name in HOST_RESULTS or name.startswith(("builtins.", "math.")) and name not in PASSING:
                return None
            if name in PASSING:
                return self.first(arguments, given, depth)
            package = name.partition(".")[0]
            use = c.transform_of(program, call)
            if use is not None and use.spec.wraps:
                return None
            if package in JAX_PACKAGES:
                why = self.first(arguments, given, depth)
                if why is not None:
                    return why
                if name.startswith(("jax.numpy.", "jax.random.", "jax.lax.", "jax.nn.")) and call.flow is not None:
                    return self._inside(call)
            return None
        func = call.func
        if func.__class__ is v.Attr:
            base = self.tracer(func.base, given, depth + 1)  # type: ignore[attr-defined]
            if base is not None:
                return None if func.name in ("item", "tolist") else base  # type: ignore[attr-defined]
        targets = c.targets(program, func)
        if targets:
            for target in targets:
                if any(u.spec.kind in ("jit", "pmap", "vmap", "grad", "checkpoint", "custom") for u in target.chain):
                    why = self.first(arguments, given, depth)
                    if why is not None:
                        return why
                    continue
                if target.function.name == "__init__":
                    why = self.first(arguments, given, depth)
                    if why is not None:
                        return why
                    continue
                handed = {(target.function, k): x for k, x in c.bind(call, target).items()}
                for returned in target.function.flow.returns:
                    why = self.tracer(returned.value, handed, depth + 1)
                    if why is not None:
                        return why
            return None
        use = None
        made = c.single(program, func)
        if made.__class__ is v.Call:
            use = c.transform_of(program, made)  # type: ignore[arg-type]
        if use is not None or func.__class__ in (v.Param, v.Attr, v.Free):
            return self.first(arguments, given, depth)
        return None

    def _inside(self, call: v.Call) -> Why | None:
        """Under jit even `jnp.zeros(3)` is a tracer."""
        function = call.flow.function  # type: ignore[union-attr]
        context = self.jitted_context(function)
        if context is None:
            return None
        return Why(context.use, "", function, tuple([e.call for e in context.calls]))

    def param(self, function: Function, name: str, depth: int = 0) -> Why | None:
        """Why a parameter arrives as a tracer: handed over by a transformation, or by a caller that has one."""
        for handed in self.program.graph.handovers(function):
            if handed.use is None:
                continue
            how = entering(self.program, handed, name)
            if how:
                return Why(handed.use, name, function, (), how == "sure")
        if depth > 16:
            return None
        for edge in self.program.graph.callers(function):
            if edge.caller not in self.contexts:
                continue
            argument = c.bind(edge.call, edge.target).get(name)
            if argument is None:
                continue
            why = self.tracer(argument, None, depth + 2)
            if why is not None:
                return why._replace(calls=(*why.calls, edge.call))
        for handed in self.program.graph.handovers(function):
            if handed.use is not None and handed.use.spec.traces not in ("given",):
                continue
            if handed.caller in self.contexts:
                for argument in handed.call.args:
                    if argument.__class__ is not v.FunctionValue:
                        why = self.tracer(argument, None, depth + 2)
                        if why is not None:
                            return why
        return None


_NEVER = frozenset({v.Const, v.External, v.ModuleValue, v.FunctionValue, v.ClassValue, v.Unknown, v.Text})


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
    if spec.traces == "mapped":
        return "sure" if _mapped(program, use, position) else ""
    return "sure"


def fixed_names(handed: Handed) -> set[str]:
    """Parameters that are bound before the transformation: by partial, or self of a bound method."""
    target = handed.target
    if not target.partials and target.receiver is None:
        return set()
    empty = v.Call(v.Unknown(), (), (), None, handed.call.flow, (), (), 0)  # type: ignore[arg-type]
    return set(c.bind(empty, target))


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
    for root in c.roots(program, value):
        if root.__class__ is v.Const:
            out.append(root.value)  # type: ignore[attr-defined]
        elif root.__class__ is v.Sequence and root.kind != "slice":  # type: ignore[attr-defined]
            for item in root.items:  # type: ignore[attr-defined]
                out += constants(program, item)
        elif root.__class__ is v.Call:
            name = c.known_name(program, root.func)  # type: ignore[attr-defined]
            if name in ("builtins.tuple", "builtins.list", "builtins.range") and root.args:  # type: ignore[attr-defined]
                inner = [constants(program, a) for a in root.args]  # type: ignore[attr-defined]
                if name == "builtins.range" and all(len(i) == 1 and type(i[0]) is int for i in inner):
                    out += list(range(*[i[0] for i in inner]))[:64]
                elif name != "builtins.range":
                    out += inner[0]
        elif root.__class__ is v.Op and root.name == "Add":  # type: ignore[attr-defined]
            for operand in root.operands:  # type: ignore[attr-defined]
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


def _mapped(program: Program, use: c.TransformUse, position: int | None) -> bool:
    keyword, at, _ = use.spec.axes
    value = use.option(keyword)
    if value is None and at >= 0 and at < len(use.call.args) and use.call is use.options[0]:
        value = use.call.args[at]
    if value is None or position is None:
        return True
    for root in c.roots(program, value):
        if root.__class__ is v.Sequence and position < len(root.items):  # type: ignore[attr-defined]
            entry = root.items[position]  # type: ignore[attr-defined]
            return not (entry.__class__ is v.Const and entry.value is None)
    return True
