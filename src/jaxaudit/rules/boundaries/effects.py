"""Python effects inside functions that JAX traces: what they touch, and whether that outlives the trace."""

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.rules.captures.compiled_code import Compiled, compiled_functions, is_outside
from jaxaudit.source import calls as c
from jaxaudit.source import provenance
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.classes import classes_of, external_bases
from jaxaudit.source.facts import text
from jaxaudit.source.fields import class_facts
from jaxaudit.source.flow import Flow
from jaxaudit.source.knowledge.array_values import NUMPY_GENERATORS
from jaxaudit.source.knowledge.contexts import ONCE_PER_OBJECT
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import Site
from jaxaudit.source.tracing import Why

KEEPERS = frozenset(
    f"builtins.{name}" for name in ("list", "dict", "set")
) | frozenset(f"collections.{name}" for name in ("deque", "defaultdict", "OrderedDict", "Counter"))  # fmt: skip
MUTATORS = frozenset(
    "append extend insert update pop popitem clear remove setdefault add discard appendleft popleft".split()  # noqa: SIM905
)
_CLOCKS = "time.time time.perf_counter time.monotonic time.process_time time.time_ns time.perf_counter_ns"
CLOCKS = frozenset(
    [*_CLOCKS.split(), *[f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")], "datetime.date.today"]
)
NUMPY_DRAWS = frozenset(
    "normal uniform randn rand randint integers choice permutation shuffle random standard_normal poisson binomial "  # noqa: SIM905
    "exponential beta gamma random_sample multivariate_normal".split()
)
PYTHON_DRAWS = frozenset(
    f"random.{name}" for name in ("random", "randint", "uniform", "choice", "choices", "sample", "shuffle", "gauss")
) | frozenset({"uuid.uuid4", "secrets.token_hex", "os.urandom"})  # fmt: skip
RECORDERS = frozenset(
    "wandb.log mlflow.log_metric mlflow.log_metrics numpy.save numpy.savez numpy.savetxt jax.numpy.save pickle.dump "  # noqa: SIM905
    "json.dump matplotlib.pyplot.plot matplotlib.pyplot.show matplotlib.pyplot.savefig time.sleep".split()
)
LOGGERS = ("logging.", "loguru.logger.", "absl.logging.", "structlog.")


class Effect(NamedTuple):
    """One effect in a traced function.

    `what`: "attribute", "name", "item", "container", "print", "clock", "draw", "next", "record", "log". `target` is what it
    touches as written, `value` what is assigned. `leaks` tells why the value is a tracer, where it is one.
    `counts`: an augmented assignment, `seen["calls"] += 1`.
    """

    what: str
    target: str
    expr: object
    flow: Flow
    leaks: Why | None
    path: v.Path
    value: v.Value | None = None
    counts: bool = False


def effects(program: Program, compiled: Compiled) -> Iterator[Effect]:
    """The effects of one compiled function on things that live longer than its trace."""
    function = compiled.function
    yield from _stores(program, compiled, function.flow)
    for call in function.flow.calls:
        if not call.decorator:
            yield from _of_call(program, compiled, call)


def _stores(program: Program, compiled: Compiled, flow: Flow) -> Iterator[Effect]:
    function = flow.function
    tracer = program.tracing.tracer
    for bound in flow.binds:
        home = flow.home_of(bound.name) if bound.name in flow.declared else None
        if home is not None and is_outside(program, home):
            yield Effect("name", bound.name, bound.expr, flow, tracer(bound.value), bound.path)
    for store in flow.stores:
        if store.base is None or store.expr is None:
            continue
        if store.kind == "attribute":
            if function.name in ONCE_PER_OBJECT or is_state_of_library(program, store.base):
                continue
            if outlives(program, compiled, store.base):
                why = tracer(store.value)
                yield Effect("attribute", text(store.expr), store.expr, flow, why, store.path, store.value)
        elif store.kind == "item" and outlives(program, compiled, store.base) and holds_things(program, store.base):
            written = store.expr if store.expr[0] == "[" and store.expr[2][0] == "k" else store.base.expr
            why = tracer(store.value)
            yield Effect("item", text(written), store.expr, flow, why, store.path, store.value, store.augmented)


def _of_call(program: Program, compiled: Compiled, call: v.Call) -> Iterator[Effect]:
    flow, func = call.flow, call.func
    assert flow is not None
    name = c.known_name(program, func)
    arguments = (*call.args, *[value for _, value in call.kwargs])
    if name is None:
        if not isinstance(func, v.Attr):
            return
        if func.name in MUTATORS and outlives(program, compiled, func.base) and is_keeper(program, func.base):
            leaks = first_tracer(program, arguments, compiled)
            yield Effect("container", text(func.base.expr), call.expr, flow, leaks, call.path)
        elif func.name in NUMPY_DRAWS and outlives(program, compiled, func.base) and is_generator(program, func.base):
            yield Effect("draw", text(call.expr), call.expr, flow, None, call.path)
        elif func.name in ("info", "debug", "warning") and is_logger(program, func.base):
            yield Effect(
                "log", text(call.expr[1]), call.expr, flow, first_tracer(program, arguments, compiled), call.path
            )
        return
    if name == "builtins.print":
        yield Effect("print", text(call.expr), call.expr, flow, first_tracer(program, arguments, compiled), call.path)
    elif name in CLOCKS:
        yield Effect("clock", text(call.expr), call.expr, flow, None, call.path)
    elif name == "builtins.next":
        if call.args and outlives(program, compiled, call.args[0]):
            yield Effect("next", text(call.expr), call.expr, flow, None, call.path, call.args[0])
    elif name in PYTHON_DRAWS or (name.startswith("numpy.random.") and name.rpartition(".")[2] in NUMPY_DRAWS):
        yield Effect("draw", text(call.expr), call.expr, flow, None, call.path)
    elif name in RECORDERS:
        yield Effect(
            "record", text(call.expr[1]), call.expr, flow, first_tracer(program, arguments, compiled), call.path
        )
    elif name.startswith(LOGGERS):
        yield Effect("log", text(call.expr[1]), call.expr, flow, first_tracer(program, arguments, compiled), call.path)


def first_tracer(program: Program, values: tuple[v.Value, ...], compiled: Compiled | None = None) -> Why | None:
    for value in values:
        parts = value.parts() if value.__class__ is v.Text else (value,)
        for part in parts:
            why = program.tracing.tracer(part)
            if why is None and compiled is not None:
                why = _forwarded_tracer(program, part, compiled)
            if why is not None:
                return why
    return None


def _forwarded_tracer(program: Program, value: v.Value, compiled: Compiled, depth: int = 0) -> Why | None:
    """`log(**metrics)`: what a parameter of a helper, or its `*args` and `**kwargs`, get from the traced call."""
    function = compiled.function
    value = v.settle(value)
    if value.__class__ is v.Op and depth < 3:
        found = (_forwarded_tracer(program, part, compiled, depth + 1) for part in value.parts())
        return next((why for why in found if why is not None), None)
    if not isinstance(value, v.Param) or value.function is not function or not compiled.calls:
        return None
    parameter = function.parameter(value.name)
    if parameter is None:
        return None
    call = compiled.calls[-1]
    if parameter.kind not in ("*", "**"):
        targets = [target for target in c.targets(program, call.func) if target.function is function]
        handed = [bind(call, target).get(value.name) for target in targets]
        return first_tracer(program, tuple(one for one in handed if one is not None))
    return first_tracer(program, call.args if parameter.kind == "*" else tuple(one for _, one in call.kwargs))


def outlives(program: Program, compiled: Compiled, value: v.Value, depth: int = 0) -> bool:
    """Whether an object was there before the trace and stays after it: not made inside, no copy that JAX hands in."""
    if depth > 6:
        return False
    if isinstance(value, v.Free):
        if is_outside(program, value.home):
            return True
        found = value.values()
        return len(found) == 1 and isinstance(found[0], v.Param) and outlives(program, compiled, found[0], depth + 1)
    if isinstance(value, v.Attr | v.Item):
        return outlives(program, compiled, value.base, depth + 1)
    if isinstance(value, v.Param):
        return _parameter_outlives(program, value, depth)
    return False


def _parameter_outlives(program: Program, param: v.Param, depth: int) -> bool:
    """`self` of a jitted method that is no argument of the program, or of a method that such a function calls."""
    function = param.function
    known = compiled_functions(program)
    here = known.get(function)
    if function.owner is None or param.name != function.self_name or here is None:
        return False
    if function is here.site.function:
        return self_stays(program, here.site)
    for edge in program.graph.callers(function):
        caller = known.get(edge.caller)
        receiver = edge.target.receiver
        if caller is not None and receiver is not None and outlives(program, caller, receiver, depth + 1):
            return True
    return _written_receiver_outlives(program, here, depth)


def _written_receiver_outlives(program: Program, here: Compiled, depth: int) -> bool:
    """`sampler.leapfrog(q)` or `policy(key)`: the object as the traced caller writes it, a name of a scope outside."""
    if not here.calls:
        return False
    call = here.calls[-1]
    func = call.func
    caller = compiled_functions(program).get(call.flow.function) if call.flow is not None else None
    written = func.base if isinstance(func, v.Attr) and func.name == here.function.name else func
    if caller is None or not (isinstance(func, v.Attr) or here.function.name == "__call__"):
        return False
    return isinstance(written, v.Free) and outlives(program, caller, written, depth + 1)


def self_stays(program: Program, site: Site) -> bool:
    """Whether the object is the very one that the caller holds: bound before the jit, or static."""
    function = site.function
    owner = function.owner
    if owner is None or class_facts(program, owner).pytree == "all":
        return False
    if site.target.receiver is not None:
        return True
    if function.self_name in site.static:
        return True
    return site.filtered and class_facts(program, owner).pytree == ""


def is_state_of_library(program: Program, base: v.Value) -> bool:
    """State that a library looks after: nnx variables, linen and haiku modules, frozen modules that raise anyway."""
    while True:
        for cls in classes_of(program, base):
            facts = class_facts(program, cls)
            if facts.pytree == "all" or facts.frozen:
                return True
            if any(name.startswith(MANAGED) for name in external_bases(program, cls)):
                return True
        if not isinstance(base, v.Attr | v.Item):
            return False
        base = base.base


MANAGED = ("flax.", "haiku.", "brainstate.", "brainpy.", "penzai.", "torch.", "equinox.", "objax.", "ninjax.")


def holds_things(program: Program, base: v.Value) -> bool:
    """A list, dict or NumPy array, not a JAX array (which raises) and not an object of unknown kind."""
    from jaxaudit.source.kinds import kind_of

    kind = kind_of(program, base)
    return kind.what in ("list", "dict") or (kind.is_array and kind.library == "numpy") or is_keeper(program, base)


def is_keeper(program: Program, value: v.Value, depth: int = 0) -> bool:
    """A list, dict, set or deque by all that is known of it."""
    roots = provenance.roots(program, value)
    return bool(roots) and all(_keeps(program, root, depth) for root in roots)


def _keeps(program: Program, root: v.Value, depth: int) -> bool:
    if isinstance(root, v.Param):
        handed = program.sources(root) if depth < 3 else ()
        return bool(handed) and all(is_keeper(program, one, depth + 1) for _, one in handed)
    if isinstance(root, v.Sequence):
        return root.kind in ("list", "set")
    if root.__class__ in (v.Mapping, v.Comprehension):
        return True
    return isinstance(root, v.Call) and c.known_name(program, root.func) in KEEPERS


def is_generator(program: Program, value: v.Value) -> bool:
    return any(
        isinstance(root, v.Call) and c.known_name(program, root.func) in NUMPY_GENERATORS
        for root in provenance.roots(program, value)
    )


def is_logger(program: Program, value: v.Value) -> bool:
    return any(
        isinstance(root, v.Call) and c.known_name(program, root.func) == "logging.getLogger"
        for root in provenance.roots(program, value)
    )


def has_eager_callers(program: Program, function: Function) -> bool:
    return bool(program.tracing.eager_callers(function))
