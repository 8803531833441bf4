"""A wrapper on the wrong side of jit: under it, where it runs only while tracing, or above it, where it breaks."""

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.boundaries.wrapped_layers import Layer, Stack, stacks
from jaxaudit.rules.boundaries.wrapper_faults import Fault, fault_above, fault_under
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source.program import Program


def match(program: Program) -> Iterator[Finding]:
    for stack in stacks(program):
        for layer in stack.under:
            fault = fault_under(program, stack, layer)
            if fault is not None:
                yield told(program, stack, layer, fault, "under")
        for layer in stack.above:
            fault = fault_above(program, stack, layer)
            if fault is not None:
                yield told(program, stack, layer, fault, "above")


def told(program: Program, stack: Stack, layer: Layer, fault: Fault, side: str) -> Finding:
    name = stack.function.name
    flow = layer.call.flow
    assert flow is not None
    place = program.place(flow, layer.call.expr)
    jitted = program.place(stack.use.flow, stack.use.call.expr)
    return RULE.found(
        place._replace(function=stack.function.qualname) if layer.call.decorator else place,
        f"`{layer.spelled}` stands {side} `{stack.use.short}` on `{name}`: {fault.says}",
        fault.confidence,
        facts={"function": name, "wrapper": layer.spelled, "side": side},
        notes=[Note(jitted, f"`{name}` is jitted here")] if jitted.line != place.line else [],
        help=fault.do,
    )


RULE = Rule(
    name="wrapper-order",
    title="wrapper on the wrong side of jit",
    severity="warning",
    dont="Put a timer, a counter, a cache or another Python wrapper under `jit`, or `vmap` and trace limits above it.",
    do="Put `jit` next to the function, and wrappers that must run in every call above it.",
    why="What stands under `jit` is part of the function that is traced: a counter under jit stayed at 1 after 10 "
    "calls, `lru_cache` there fails with unhashable tracers. `vmap(jit(f))` took 571 us a call and `jit(vmap(f))` "
    "16 us, `grad(jit(f))` 1416 us and `jit(grad(f))` 18 us (JAX 0.10.2, CPU).",
    allowed="Wrappers meant for tracing, such as counters of traces, and shape checkers (`jaxtyped`): they belong "
    "under jit.",
    may_break="The wrapper then runs in every call, with the values of that call.",
    sees=("source",),
    needs=("compile_count",),
    examples=(
        Example(
            "counter under jit",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


def counted(f):
    @functools.wraps(f)
    def wrapper(*args):
        wrapper.calls += 1
        return f(*args)

    wrapper.calls = 0
    return wrapper


@jax.jit
@counted  # fault
def energy(x):
    return jnp.sum(x**2)


for _ in range(10):
    value = energy(jnp.ones(3))
""",
                shows="energy.__wrapped__.calls == 1",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


def counted(f):
    @functools.wraps(f)
    def wrapper(*args):
        wrapper.calls += 1
        return f(*args)

    wrapper.calls = 0
    return wrapper


@counted
@jax.jit
def energy(x):
    return jnp.sum(x**2)


for _ in range(10):
    value = energy(jnp.ones(3))
""",
                shows="energy.calls == 10",
            ),
        ),
        Example(
            "timer under jit, by a call",
            dont=Sample(
                """import time

import jax
import jax.numpy as jnp

took = []


def timed(f):
    def wrapper(*args):
        began = time.perf_counter()
        out = f(*args)
        took.append(time.perf_counter() - began)
        return out

    return wrapper


def energy(x):
    return jnp.sum(x**2)


fast = jax.jit(timed(energy))  # fault
for _ in range(10):
    value = fast(jnp.ones(3))
""",
                shows="len(took) == 1",
            ),
            do=Sample(
                """import time

import jax
import jax.numpy as jnp

took = []


def timed(f):
    def wrapper(*args):
        began = time.perf_counter()
        out = jax.block_until_ready(f(*args))
        took.append(time.perf_counter() - began)
        return out

    return wrapper


def energy(x):
    return jnp.sum(x**2)


fast = timed(jax.jit(energy))
for _ in range(10):
    value = fast(jnp.ones(3))
""",
                shows="len(took) == 10",
            ),
        ),
        Example(
            "cache under jit",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@jax.jit
@functools.lru_cache  # fault
def energy(x):
    return jnp.sum(x**2)


value = energy(jnp.ones(3))
""",
                shows="'unhashable' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def energy(x):
    return jnp.sum(x**2)


value = energy(jnp.ones(3))
""",
                shows="not raised",
            ),
        ),
        Example(
            "static method under jit",
            dont=Sample(
                """import jax


class Model:
    @jax.jit
    @staticmethod  # fault
    def energy(x):
        return x**2


value = Model.energy(3.0)
""",
                shows="'staticmethod' in raised",
            ),
            do=Sample(
                """import jax


class Model:
    @staticmethod
    @jax.jit
    def energy(x):
        return x**2


value = Model.energy(3.0)
""",
                shows="value == 9.0",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import functools

import jax
import jax.numpy as jnp


def scaled(f):
    @functools.wraps(f)
    def wrapper(x):
        return 2.0 * f(x)

    return wrapper


@jax.jit
@scaled
def energy(x):
    return jnp.sum(x**2)


value = energy(jnp.ones(3))
""",
            shows="value == 6.0",
        ),
    ),
    match=match,
)
