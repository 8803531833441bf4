"""A static argument that arrives as a tracer, because the caller is itself under jit, grad, vmap or scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jaxaudit.model import Finding, Note
from jaxaudit.rules.control_flow.in_sight import behind_try, sure_of
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.origins import argument_expr, starred, sure_calls
from jaxaudit.rules.static.static_options import static_place
from jaxaudit.rules.static.traced_static_seen import observe
from jaxaudit.source import calls as c
from jaxaudit.source import values as v
from jaxaudit.source.arguments import bind
from jaxaudit.source.callgraph import Edge, Handed
from jaxaudit.source.facts import text
from jaxaudit.source.kinds import kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.sites import Site, jit_sites
from jaxaudit.source.structure import parameters_in
from jaxaudit.source.tracing import Why, entering, position_of, static_names

MAKES_TRACERS = frozenset(
    {"jit", "pmap", "vmap", "loop", "branch", "checkpoint", "shard_map", "grad", "linearize", "shape"}
)


class Arrival(NamedTuple):
    """A tracer in a static position: by which transformation, at which call, and how sure."""

    why: Why
    confidence: float

    @property
    def use(self) -> c.TransformUse:
        return self.why.use


def match(program: Program) -> Iterator[Finding]:
    for site in jit_sites(program):
        if not site.static or site.flow.function.module.context:
            continue
        told: set[str] = set()
        for name in sorted(site.static):
            found = called(program, site, name)
            if found is not None:
                told.add(name)
                yield found
        yield from handed_over(program, site, told)


# -- called with a tracer ----------------------------------------------------------------------------------------------


def called(program: Program, site: Site, name: str) -> Finding | None:
    """A call through the wrapper, in traced code, whose argument is a tracer."""
    best: tuple[float, Edge, v.Value, Arrival] | None = None
    for edge in sure_calls(program, site):
        if program.tracing.context(edge.caller) is None:
            continue
        value = bind(edge.call, edge.target).get(name)
        if value is None or starred(value):
            continue
        arrival = arrives(program, value)
        if arrival is not None and (best is None or arrival.confidence > best[0]):
            best = (arrival.confidence, edge, value, arrival)
    if best is None:
        return None
    sure, edge, value, arrival = best
    call = edge.call
    assert call.flow is not None
    way = arrival.why._replace(calls=(*arrival.why.calls, call)) if call.path else arrival.why
    sure = sure_of(program, way, edge.caller, sure, plain=True)
    written = argument_expr(call, value)
    notes = [Note(static_place(program, site, name), f"`{name}` is static here")]
    if arrival.use.call.expr is not None:
        notes.append(
            Note(
                program.place(arrival.use.flow, arrival.use.call.expr), f"`{arrival.use.short}` makes it a tracer here"
            )
        )
    return RULE.found(
        program.place(call.flow, written),
        f"`{text(written, 40)}` is a tracer of `{arrival.use.short}`{of_parameter(arrival)}, and `{name}` of the "
        "jitted "
        f"`{site.function.name}` is static: a tracer can't be hashed, and the call raises an error",
        0.4 if behind_try(call) else sure,
        facts={"parameter": name, "function": site.function.name, "value": text(written, 40),
               "transformation": arrival.use.short, "caller": call.flow.function.name},
        notes=notes,
    )  # fmt: skip


def of_parameter(arrival: Arrival) -> str:
    why = arrival.why
    return f" (`{why.param}` of `{why.function.name}`)" if why.param else ""


def arrives(program: Program, value: v.Value) -> Arrival | None:
    """Why a value is a tracer; certain where names and arithmetic alone lead to a traced parameter."""
    kind = kind_of(program, value)
    for param in parameters_in(program, value):
        why = entry(program, param.function, param.name)
        if why is None:
            continue
        if is_number_of(program, value, param):
            return Arrival(why, 0.9 if why.sure else 0.5)
        if value.__class__ is v.Item and kind.what in ("unknown", "array"):
            return Arrival(why, 0.8 if kind.is_array and why.sure else 0.4)
    found = program.tracing.tracer(value) if kind.is_array else None
    if found is None or found.use.spec.kind not in MAKES_TRACERS or kind.library == "numpy":
        return None
    return Arrival(found, 0.85 if found.sure else 0.4)


def is_number_of(program: Program, value: v.Value, param: v.Value, depth: int = 0) -> bool:
    """The parameter itself, or arithmetic on it: no attribute, no item, no call in between."""
    kind = value.__class__
    if value is param or kind is v.Const:
        return True
    if depth > 8 or kind not in (v.Op, v.Free, v.Left, v.Carried):
        return False
    if kind is v.Op and value.name in ("Is", "IsNot", "In", "NotIn"):  # type: ignore[attr-defined]
        return False
    parts = [p for p in value.parts() if p is param or param in parameters_in(program, p)]
    return bool(parts) and any(is_number_of(program, p, param, depth + 1) for p in parts)


def entry(program: Program, function: Function, name: str, depth: int = 0) -> Why | None:
    """By which transformation a parameter is a tracer: handed over to it, or called with one."""
    key = ("tracer entry", name)
    if key not in function.memo:
        function.memo[key] = None
        function.memo[key] = _entry(program, function, name, depth)
    return function.memo[key]


def _entry(program: Program, function: Function, name: str, depth: int) -> Why | None:
    graph = program.graph
    maybe: Why | None = None
    for handed in list(graph.handed.get(function, ())):
        use = handed.use
        if use is None or use.spec.kind not in MAKES_TRACERS or use.name == "jax.numpy.vectorize":
            continue
        how = entering(program, handed, name)
        if how and handed_at_all(program, handed, name):
            if how == "sure" and is_number(program, handed, name):
                return Why(use, name, function)
            maybe = maybe or Why(use, name, function, (), False)
    for edge in list(graph.edges.get(function, ())) if depth <= 6 else ():
        if edge.caller not in program.tracing.contexts:
            continue
        argument = bind(edge.call, edge.target).get(name)
        if argument is None or any(name in static_names(program, use, edge.target) for use in edge.target.chain):
            continue
        for param in parameters_in(program, argument):
            if is_number_of(program, argument, param):
                why = entry(program, param.function, param.name, depth + 1)
                if why is not None and why.sure:
                    return why._replace(calls=(*why.calls, edge.call))
                maybe = maybe or why
    return maybe


def is_number(program: Program, handed: Handed, name: str) -> bool:
    """Whether an array or number comes in there, rather than an object that holds some."""
    function = handed.target.function
    if function.owner is not None and name == function.self_name:
        return False
    parameter = function.parameter(name)
    return parameter is not None and parameter.kind in ("positional", "keyword")


def handed_at_all(program: Program, handed: Handed, name: str) -> bool:
    """A parameter with a default is a tracer only where somebody passes it."""
    parameter = handed.target.function.parameter(name)
    if handed.feeds and handed.feeds[0].how == "operands":
        operands = handed.call.args[handed.feeds[0].position :]
        position = position_of(handed.target, name)
        return position is not None and (position < len(operands) or any(isinstance(o, v.Star) for o in operands))
    if parameter is None or parameter.default is None or handed.use is None or not handed.use.spec.wraps:
        return True
    calls = [
        edge
        for edge in program.graph.callers(handed.target.function)
        if any(use.call is handed.use.call for use in edge.target.chain)
    ]
    return any(name in bind(edge.call, edge.target) for edge in calls)


# -- transformed with it -----------------------------------------------------------------------------------------------


def handed_over(program: Program, site: Site, told: set[str]) -> Iterator[Finding]:
    """`vmap(f)`, `grad(f, argnums=1)`, `jit(grad(f))`, where f is jitted with these arguments static."""
    done: set[int] = set()
    for handed in list(program.graph.handed.get(site.function, ())):
        use = handed.use
        if use is None or use.call is site.call or use.spec.kind not in MAKES_TRACERS or handed.caller.module.context:
            continue
        if id(use.call) in done or not any(inner.call is site.call for inner in handed.target.chain):
            continue
        rated = {name: certainty(program, site, handed, name) for name in sorted(site.static - told)}
        names = [name for name, sure in rated.items() if sure]
        if not names:
            continue
        done.add(id(use.call))
        listed = ", ".join([f"`{name}`" for name in names])
        yield RULE.found(
            program.place(use.flow, use.call.expr),
            f"`{use.short}` hands a tracer to {listed} of `{site.function.name}`, which `{site.use.short}` holds "
            "static: a tracer can't be hashed, and the call raises an error",
            max(rated.values()),
            facts={"parameter": names[0], "parameters": names, "function": site.function.name,
                   "transformation": use.short},
            notes=[Note(static_place(program, site, name), f"`{name}` is static here") for name in names[:3]],
            help=f"Make {listed} static in the outer transformation too (`static_argnames`, `in_axes=None`, a closure "
            "over the plain value), or trace in both.",
        )  # fmt: skip


def certainty(program: Program, site: Site, handed: Handed, name: str) -> float:
    """How sure it is that a transformation hands a tracer to this parameter."""
    if entering(program, handed, name) != "sure":
        return 0.0
    if handed.feeds and not handed_at_all(program, handed, name):
        return 0.0
    parameter = site.function.parameter(name)
    if parameter is None or parameter.default is None:
        return 0.9
    passed, called = handed_at_all(program, handed, name), calls_through(program, handed)
    return 0.9 if passed and called else 0.0 if called else 0.5


def calls_through(program: Program, handed: Handed) -> bool:
    return any(
        any(use.call is handed.use.call for use in edge.target.chain)  # type: ignore[union-attr]
        for edge in program.graph.callers(handed.target.function)
    )


RULE = Rule(
    name="traced-static",
    title="static argument that arrives as a tracer",
    severity="error",
    dont="Call a function with a static argument from jitted, mapped or differentiated code that hands it a tracer.",
    do="Leave the argument traced, or keep it a plain value all the way: static in the outer `jit` too, "
    "`in_axes=None`, a closure.",
    why="A tracer can't be hashed: `ValueError: Non-hashable static arguments are not supported` at the first call. "
    "Of 16 arguments "
    "that an audit of one package wanted static, 11 arrived as tracers from a `jit`, `grad` or `hessian` of the same "
    "package, "
    "and the changed functions raised in 108 of 140 failing cases for that reason (JAX 0.10.2).",
    allowed="`vmap` with `in_axes=None` and `grad` over another argument hand the plain value through.",
    may_break="Traced, the value can no longer decide a shape or a Python branch; static, each value compiles once.",
    sees=("source", "run"),
    needs=("argument_values",),
    examples=(
        Example(
            "an outer jit hands it over",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("power",))
def model(x, power):
    return jnp.sum(x**power)


@jax.jit
def loss(x, power):
    return model(x, power) + 1.0  # fault


loss(jnp.ones(3), 2)
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@jax.jit
def model(x, power):
    return jnp.sum(x**power)


@jax.jit
def loss(x, power):
    return model(x, power) + 1.0


loss(jnp.ones(3), 2)
""",
                shows="compiles('loss') == 1",
            ),
        ),
        Example(
            "jit of a gradient",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def penalised(w, weight):
    return weight * jnp.sum(w**2)


objective = jax.jit(penalised, static_argnums=1)
slope = jax.jit(jax.grad(objective))  # fault
slope(jnp.ones(3), 0.5)
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def penalised(w, weight):
    return weight * jnp.sum(w**2)


objective = jax.jit(penalised, static_argnums=1)
slope = jax.jit(jax.grad(objective), static_argnums=1)
slope(jnp.ones(3), 0.5)
""",
                shows="not raised",
            ),
        ),
        Example(
            "vmap over a lambda",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames="turns")
def inductance(turns, length):
    return turns * length + jnp.sum(jnp.arange(1, turns))


jax.vmap(lambda n: inductance(turns=n, length=2.0))(jnp.arange(2, 5))  # fault
""",
                shows="'Non-hashable static arguments' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames="turns")
def inductance(turns, length):
    return turns * length + jnp.sum(jnp.arange(1, turns))


jnp.stack([inductance(turns=n, length=2.0) for n in range(2, 5)])
""",
                shows="not raised",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("n",))
def pad(x, n):
    return jnp.concatenate([x, jnp.zeros(n)])


@jax.jit
def outer(x):
    return pad(x, 2) + pad(x, x.shape[0] - 1)


outer(jnp.ones(3))
jax.vmap(pad, in_axes=(0, None))(jnp.ones((2, 3)), 4)
jax.grad(lambda x: pad(x, 2).sum())(jnp.ones(3))
""",
            shows="not raised",
        ),
    ),
    match=match,
    observe=observe,
)
