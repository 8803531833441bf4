"""A static value that equals only itself, made anew: each one compiles again."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.fresh_fields import static_attributes
from jaxaudit.rules.static.fresh_objects import fresh_by_identity, making
from jaxaudit.rules.static.identity_seen import observe
from jaxaudit.rules.static.library_states import FreshState, fresh_states
from jaxaudit.rules.static.made_once import propose
from jaxaudit.rules.static.origins import argument_expr, function_of, handed_statics, origins
from jaxaudit.rules.static.pytree_arguments import pytree_arguments
from jaxaudit.rules.static.static_options import static_place
from jaxaudit.source import values as v
from jaxaudit.source.facts import text
from jaxaudit.source.program import Program


def match(program: Program) -> Iterator[Finding]:
    yield from static_arguments(program)
    for argument in pytree_arguments(program):
        yield from static_attributes(RULE, program, argument)
    for state in fresh_states(program):
        yield finding_of_state(program, state)


def finding_of_state(program: Program, state: FreshState) -> Finding:
    """A Flax `TrainState` holds its optimiser and `apply_fn` in static fields."""
    function = state.site.function
    assert state.call.flow is not None
    return RULE.found(
        program.place(state.call.flow, state.call.expr),
        f"`{state.name}` of this `{state.cls}` is {state.made}: it is no leaf and equals no other, so "
        f"`{function.name}` compiles again for each new `{state.cls}`{state.how.again}",
        state.confidence,
        facts={"attribute": state.name, "class": state.cls, "function": function.name, "made": state.made},
        notes=[Note(program.place_of_function(function), f"`{state.site.use.short}` takes a `{state.cls}` here")],
        help=f"Make `{text(argument_expr(state.call, state.value), 40)}` once, outside, for all states.",
    )


def static_arguments(program: Program) -> Iterator[Finding]:
    best: dict[tuple[int, str], Finding] = {}
    for handed in handed_statics(program):
        caller = function_of(handed.call)
        for origin in origins(program, handed.value, (handed.call,)):
            found = fresh_by_identity(program, origin.value)
            if found is None or found[1].flow is None:
                continue
            what, maker = found
            how = making(program, origin.value if origin.value.__class__ is not v.Attr else maker)
            sure = how.confidence
            if maker.flow is not None and maker.flow.function not in {function_of(call) for call in origin.calls}:
                sure = min(sure, 0.4)  # made elsewhere, and kept
            if program.tracing.context(caller, abstract=True) is not None:
                sure = min(sure, 0.3)
            key = (id(handed.site.call), handed.name)
            if not sure or (key in best and best[key].confidence >= sure):
                continue
            written = argument_expr(handed.call, handed.value)
            site = handed.site
            notes = [Note(static_place(program, site, handed.name), f"`{handed.name}` is static here")]
            made_at = program.place(maker.flow, maker.expr) if maker.expr is not None else None  # type: ignore[arg-type]
            if made_at is None and maker.__class__ is v.FunctionValue:
                made_at = program.place_of_function(maker.function)
            if made_at is not None:
                notes.insert(0, Note(made_at, f"it is made here{how.again}"))
            best[key] = RULE.found(
                program.place(handed.call.flow, written),
                f"`{text(written, 40)}` for the static `{handed.name}` of `{site.function.name}` is {what}: it is "
                "hashed by "
                f"identity and equals no other, so `{site.function.name}` compiles again for each one{how.again}",
                sure,
                facts={
                    "parameter": handed.name,
                    "function": site.function.name,
                    "value": text(written, 40),
                    "made": what,
                },
                notes=notes,
            )
    yield from best.values()


RULE = Rule(
    name="identity-hashed-static",
    title="static value that equals only itself, made anew",
    severity="error",
    dont="Hand a new lambda, nested function, `functools.partial`, optimiser or plain object to a static argument "
    "each time.",
    do="Make it once (at module level, or before the loop), or give its class a value to compare by: a frozen "
    "dataclass.",
    why="A static argument is found in the cache by `==` and `hash`. A lambda, a partial, an `optax` optimiser or an "
    "object "
    "without `__eq__` equals only itself: three equal ones compiled three times, one module-level function or frozen "
    "dataclass once (JAX 0.10.2, CPU; 69 ms each for a one-line function).",
    allowed="One object for the whole run; a bound method of one object (bound methods compare by value).",
    may_break="Objects that compare by value are one to the cache: what is changed on them later is not seen.",
    sees=("source", "run"),
    needs=("compile_count",),
    examples=(
        Example(
            "a partial in the loop",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


def ridge(w, penalty):
    return jnp.sum(w**2) * penalty


@functools.partial(jax.jit, static_argnums=0)
def descend(loss, w):
    return w - 0.1 * jax.grad(loss)(w)


w = jnp.ones(3)
for _ in range(4):
    w = descend(functools.partial(ridge, penalty=0.1), w)  # fault
""",
                shows="compiles('descend') == 4",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


def ridge(w, penalty):
    return jnp.sum(w**2) * penalty


@functools.partial(jax.jit, static_argnums=0)
def descend(loss, w):
    return w - 0.1 * jax.grad(loss)(w)


w = jnp.ones(3)
loss = functools.partial(ridge, penalty=0.1)
for _ in range(4):
    w = descend(loss, w)
""",
                shows="compiles('descend') == 1",
            ),
        ),
        Example(
            "equal settings, made anew",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


class Settings:
    def __init__(self, order):
        self.order = order


@functools.partial(jax.jit, static_argnames=("settings",))
def fit(x, settings):
    return x**settings.order


for _ in range(4):
    fit(jnp.ones(3), settings=Settings(2))  # fault
""",
                shows="compiles('fit') == 4",
            ),
            do=Sample(
                """import dataclasses
import functools

import jax
import jax.numpy as jnp


@dataclasses.dataclass(frozen=True)
class Settings:
    order: int


@functools.partial(jax.jit, static_argnames=("settings",))
def fit(x, settings):
    return x**settings.order


for _ in range(4):
    fit(jnp.ones(3), settings=Settings(2))
""",
                shows="compiles('fit') == 1",
            ),
        ),
        Example(
            "a loss defined in a function that is called again",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("loss",))
def descend(w, loss):
    return w - 0.1 * jax.grad(loss)(w)


def refine(w):
    def loss(v):
        return jnp.sum(v**2)

    return descend(w, loss)  # fault


w = jnp.ones(3)
for _ in range(4):
    w = refine(w)
""",
                shows="compiles('descend') == 4",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("loss",))
def descend(w, loss):
    return w - 0.1 * jax.grad(loss)(w)


def loss(v):
    return jnp.sum(v**2)


def refine(w):
    return descend(w, loss)


w = jnp.ones(3)
for _ in range(4):
    w = refine(w)
""",
                shows="compiles('descend') == 1",
            ),
        ),
        Example(
            "a lambda inside a module",
            dont=Sample(
                """import jax.numpy as jnp
from flax import nnx


class Net(nnx.Module):
    def __init__(self, rngs):
        self.linear = nnx.Linear(2, 2, rngs=rngs)
        self.activation = lambda x: jnp.maximum(x, 0.1 * x)  # fault


@nnx.jit
def loss(net, x):
    return net.activation(net.linear(x)).sum()


for seed in range(3):
    loss(Net(nnx.Rngs(seed)), jnp.ones((1, 2)))
""",
                shows="compiles('loss') == 3",
            ),
            do=Sample(
                """import jax.numpy as jnp
from flax import nnx


def leaky(x):
    return jnp.maximum(x, 0.1 * x)


class Net(nnx.Module):
    def __init__(self, rngs):
        self.linear = nnx.Linear(2, 2, rngs=rngs)
        self.activation = leaky


@nnx.jit
def loss(net, x):
    return net.activation(net.linear(x)).sum()


for seed in range(3):
    loss(Net(nnx.Rngs(seed)), jnp.ones((1, 2)))
""",
                shows="compiles('loss') == 1",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp


class Problem:
    def loss(self, w):
        return jnp.sum(w**2)


@functools.partial(jax.jit, static_argnames=("loss",))
def descend(w, loss):
    return w - 0.1 * jax.grad(loss)(w)


problem = Problem()
w = jnp.ones(3)
for _ in range(4):
    w = descend(w, problem.loss)
""",
            shows="compiles('descend') == 1",
        ),
    ),
    match=match,
    observe=observe,
    propose=propose,
)
