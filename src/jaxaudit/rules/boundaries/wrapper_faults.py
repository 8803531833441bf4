"""What is wrong with a wrapper under jit, where it runs only while tracing, or above it, where it breaks or is slow."""

from typing import NamedTuple

from jaxaudit.rules.boundaries.effects import CLOCKS, LOGGERS, MUTATORS, is_keeper
from jaxaudit.rules.boundaries.wrapped_layers import Layer, Stack, wrapper_functions
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.provenance import single
from jaxaudit.source.scopes import Function


class Fault(NamedTuple):
    """What is wrong with one wrapper: in words, how sure, and what to do."""

    says: str
    confidence: float
    do: str


# -- under jit: it runs only while the function is traced --------------------------------------------------------------

SWAP = "Put `{jit}` under it: the wrapper then runs in every call."
CACHES = frozenset({"functools.lru_cache", "functools.cache", "joblib.Memory.cache", "cachetools.cached"})
DESCRIPTORS = {
    "builtins.staticmethod": "staticmethod",
    "builtins.classmethod": "classmethod",
    "builtins.property": "property",
}
PROFILERS = frozenset(
    {
        "jax.profiler.annotate_function",
        "line_profiler.profile",
        "memory_profiler.profile",
        "tenacity.retry",
        "timeit.timeit",
    }
)
RULES_OF_CUSTOM = frozenset({"defvjp", "defjvp", "defjvps", "def_vmap", "def_fwd", "def_bwd", "def_jvp"})


def fault_under(program: Program, stack: Stack, layer: Layer) -> Fault | None:
    swap = SWAP.format(jit=stack.use.short)
    if layer.name in CACHES:
        return Fault(
            "the cache is asked while the function is traced, with tracers, which can't be hashed (TypeError)", 0.9,
            "Drop the cache (jit keeps its programs itself), or cache a function outside jit.",
        )  # fmt: skip
    if layer.name in DESCRIPTORS and layer.call.decorator and stack.use.call.decorator:
        what = DESCRIPTORS[layer.name]
        return Fault(f"jit gets the {what} object instead of a function (TypeError)", 0.95, f"Put `@{what}` above jit.")
    if layer.name == "contextlib.contextmanager":
        return Fault("the jitted function returns a context manager, which is no array (TypeError)", 0.9,
                     "Enter the context outside, or inside the function by `with`.")  # fmt: skip
    if layer.name in PROFILERS:
        return Fault("it runs once, while the function is traced, and sees none of the later calls", 0.85, swap)
    if layer.name.startswith(("jax.custom_", "equinox.filter_custom_")) and sets_rule_on(program, stack):
        return Fault("the rule is then set on the jitted function, which has no such method (AttributeError)", 0.9,
                     f"Set the rule on the function first, and apply `{stack.use.short}` to the result.")  # fmt: skip
    if layer.name:
        return None
    return by_effect(program, layer, swap)


def by_effect(program: Program, layer: Layer, swap: str) -> Fault | None:
    """By what the wrapper of the project does besides calling the function."""
    for wrapper in wrapper_functions(program, layer):
        if any(word in (layer.spelled + wrapper.name).lower() for word in ("trace", "tracing", "compil")):
            continue
        what = effect_of(program, wrapper)
        if what:
            says, sure = SEEN_ONCE[what]
            return Fault(says, sure, swap)
    return None


SEEN_ONCE = {
    "clock": ("it times the tracing of the function once, and none of the calls", 0.9),
    "cache": ("it keeps what it sees while the function is traced, which are tracers", 0.85),
    "count": ("it counts how often the function is traced, not how often it is called", 0.9),
    "print": ("it prints while the function is traced, and not in later calls", 0.8),
    "log": ("it logs while the function is traced, and not in later calls", 0.8),
    "retry": ("what it catches happens while tracing only; the compiled program raises outside it", 0.5),
}


def effect_of(program: Program, wrapper: Function) -> str:
    """The kind of effect that a wrapper has on what lives longer than its call."""
    flow = wrapper.flow
    names = [c.known_name(program, call.func) or "" for call in flow.calls]
    if sum(name in CLOCKS for name in names) >= 2:
        return "clock"
    keeps = [
        store for store in flow.stores
        if store.kind == "item" and is_around(wrapper, store.base) and not is_function(program, store.value)
    ]  # fmt: skip
    if keeps:
        return "count" if keeps[0].augmented else "cache"
    if any(bind.name in flow.declared for bind in flow.binds):
        return "count"
    if any(store.kind == "attribute" and is_around(wrapper, store.base) for store in flow.stores):
        return "count"
    for call in flow.calls:
        func = call.func
        held = isinstance(func, v.Attr) and func.name in MUTATORS and is_keeper(program, func.base)
        if held and is_around(wrapper, func.base):  # type: ignore[attr-defined]
            return "count"
    if "builtins.print" in names:
        return "print"
    return "log" if any(name.startswith(LOGGERS) for name in names) else ""


def is_function(program: Program, value: v.Value | None) -> bool:
    """A jitted function, a partial, a lambda: the same whatever the arguments, so keeping one keeps no tracer."""
    return value is not None and kind_of(program, value).what in ("function", "transformed")


def is_around(wrapper: Function, value: v.Value | None) -> bool:
    """A name around the wrapper, or the decorator object itself."""
    while isinstance(value, v.Attr | v.Item):
        value = value.base
    if isinstance(value, v.Param):
        return wrapper.name == "__call__" and value.name == wrapper.self_name
    return isinstance(value, v.Free)


def sets_rule_on(program: Program, stack: Stack) -> bool:
    """`f.defvjp(...)` on the name that holds the jitted function."""
    flow = stack.use.flow
    for call in flow.calls:
        func = call.func
        if isinstance(func, v.Attr) and func.name in RULES_OF_CUSTOM and single(program, func.base) is stack.use.call:
            return True
    return False


# -- above jit ---------------------------------------------------------------------------------------------------------

TRACE_LIMITS = frozenset({"chex.assert_max_traces", "equinox.debug.assert_max_traces"})
CHECKERS = frozenset({"jaxtyping.jaxtyped", "beartype.beartype", "typeguard.typechecked"})


def fault_above(program: Program, stack: Stack, layer: Layer) -> Fault | None:
    if layer.name in TRACE_LIMITS:
        return Fault(
            "it must count traces, and above jit it sees the calls or refuses the jitted function", 0.9,
            f"Put `{stack.use.short}` above it.",
        )  # fmt: skip
    if layer.name in CACHES:
        given = takes_arrays(program, stack)
        return Fault(
            "the cache hashes the arguments, and JAX arrays can't be hashed (TypeError)", 0.9 if given else 0.4,
            "Drop the cache: jit keeps its programs itself. To keep results, use a key that is no array.",
        )  # fmt: skip
    if layer.name in CHECKERS:
        return Fault("it checks the arguments in every call, where under jit it would check once for each trace", 0.4,
                     f"Put `{stack.use.short}` above it.")  # fmt: skip
    use = c.transform_of(program, layer.call)
    if use is not None and use.spec.kind in ("vmap", "grad") and program.tracing.context(use.flow.function) is None:
        return Fault(
            "each call of the result is transformed by Python again (a `vmap` of a jitted function took 571 us, the "
            "jitted `vmap` 16 us)", 0.6 if is_called_in_loops(program, use) else 0.4,
            f"Swap them: `{stack.use.short}({use.short}(...))`.",
        )  # fmt: skip
    return None


def takes_arrays(program: Program, stack: Stack) -> bool:
    for edge in program.graph.callers(stack.function):
        values = (*edge.call.args, *[value for _, value in edge.call.kwargs])
        if any(kind_of(program, value).is_array or program.tracing.tracer(value) for value in values):
            return True
    return False


def is_called_in_loops(program: Program, outer: c.TransformUse) -> bool:
    """Whether eager code calls the transformed function in a loop, with no jit around it."""
    for value, _ in outer.functions:
        for target in c.targets(program, value):
            for edge in program.graph.callers(target.function):
                chain = edge.target.chain
                eager = program.tracing.context(edge.caller) is None
                if chain and chain[0].call is outer.call and eager and lifetime.repeats(edge.call.loops) is not None:
                    return True
    return False
