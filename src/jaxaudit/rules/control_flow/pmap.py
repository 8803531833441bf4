"""`pmap`, the old way of running on several devices."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note, Severity
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source.program import Program
from jaxaudit.source.tracing import Context

NEAR = 1
"""A loop that is more calls away than this is a loop over whole runs, more often than not."""


def match(program: Program) -> Iterator[Finding]:
    for use in list(program.graph.uses):
        if use.spec.kind != "pmap" or not use.spec.wraps or not use.functions:
            continue
        flow = use.call.flow
        assert flow is not None
        if flow.function.module.context:
            continue
        yield finding(program, use)


def finding(program: Program, use: c.TransformUse) -> Finding:
    function = use.flow.function
    value = use.functions[0][0]
    target = next((t.function for t in c.targets(program, value)), None)
    name = target.name if target is not None and target.name != "<lambda>" else "a function"
    traced = jitted(program, use)
    fresh = lifetime.identity(program, value, function)
    often = lifetime.frequency(program, function)
    near = lifetime.repeats(use.call.loops) is not None or (often.how == "many" and len(often.through) <= NEAR)
    again = fresh.how == "fresh" and near
    notes = []
    severity: Severity = "info"
    if traced is not None:
        severity = "warning"
        said = (
            f"`{use.short}` of `{name}` runs inside `{traced.use.short}`: each call nests a sharded program, and its "
            "arguments are copied to the devices and back"
        )
        notes.append(Note(program.place(traced.use.flow, traced.use.call.expr), f"`{traced.use.short}` is here"))
    elif again:
        severity = "warning"
        said = (
            f"`{use.short}` wraps {fresh.what} anew each time `{function.name}` runs: it is compiled again every time"
        )
    else:
        said = (
            f"`{use.short}` of `{name}` is the old way of running on several devices: JAX implements it by `jit` and "
            "`shard_map`"
        )
    on_purpose = uses_collectives(program, use)
    return RULE.found(
        program.place(use.flow, use.call.expr),
        said,
        0.9 if again else 0.8 if traced is not None else 0.5 if on_purpose else 0.7,
        facts={"function": function.name, "wrapper": use.short, "callee": name, "collectives": on_purpose},
        notes=notes,
        severity=severity,
        help="Use `jax.jit` (or `eqx.filter_jit`) with sharded arguments (`jax.device_put` with a `NamedSharding`); "
        "where the function names its axis in collectives, `jax.shard_map` over a mesh with that axis.",
    )  # fmt: skip


def jitted(program: Program, use: c.TransformUse) -> Context | None:
    """A jit around the pmap: one that traces the function in which it stands, or whose call is handed to it."""
    context = program.tracing.context(use.flow.function)
    return context if context is not None and context.kind == "jit" else None


def uses_collectives(program: Program, use: c.TransformUse) -> bool:
    """Whether the axis is named: the function (or what it calls) then speaks to the other devices."""
    return use.option("axis_name") is not None or (
        len(use.call.args) > 1 and isinstance(getattr(use.call.args[1], "value", None), str)
    )


RULE = Rule(
    name="pmap",
    title="pmap instead of jit with sharding",
    severity="info",
    dont="Run on several devices with `pmap`.",
    do="Shard the arguments and use `jit`; `jax.shard_map` where the function speaks to the other devices by "
    "`axis_name`.",
    why="JAX 0.10.2 and 0.12.0.1 call `pmap` the old way and build it of `jit` and `shard_map`; a call cost 46 "
    "to 48 us against "
    "20 to 23 us under `jit` (1 CPU device, 1000 calls), it wants a leading axis as long as the number of "
    "devices, and `pmap` of a "
    "new lambda compiled 5 times in 5 calls.",
    allowed="Collectives over `axis_name` that are kept on purpose (reported as a suspicion only).",
    may_break="`pmap` wants a leading axis as long as the number of devices and gives it back; `jit` works on "
    "the whole array.",
    sees=("source",),
    needs=("equations",),
    examples=(
        Example(
            "a mapped function",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def scaled(x):
    return 2.0 * x


run = jax.pmap(scaled)  # fault
run(jnp.ones((1, 8)))
""",
                shows="'shard_map' in str(jax.make_jaxpr(run)(jnp.ones((1, 8))))",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec


@jax.jit
def scaled(x):
    return 2.0 * x


mesh = jax.make_mesh((1,), ("batch",))
scaled(jax.device_put(jnp.ones((1, 8)), NamedSharding(mesh, PartitionSpec("batch"))))
""",
                shows="compiles('scaled') == 1",
            ),
        ),
        Example(
            "a new function in each step",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def step(x, rate):
    return jax.pmap(lambda x: x - rate * x)(x)  # fault


x = jnp.ones((1, 8))
for k in range(3):
    x = step(x, 0.1 * k)
""",
                shows="compiles('_fun') == 3",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def step(x, rate):
    return x - rate * x


x = jnp.ones((1, 8))
for k in range(3):
    x = step(x, 0.1 * k)
""",
                shows="compiles('step') == 1",
            ),
        ),
    ),
    allowed_samples=(),
    match=match,
)
