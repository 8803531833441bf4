"""`pmap`, the old way of running on several devices."""

from __future__ import annotations

from collections.abc import Iterator

from jaxaudit.model import Finding, Note
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.source import calls as c
from jaxaudit.source import lifetime
from jaxaudit.source import values as v
from jaxaudit.source.program import Program
from jaxaudit.source.tracing import Context

COLLECTIVES = frozenset(
    f"jax.lax.{name}"
    for name in "psum pmean pmax pmin all_gather psum_scatter ppermute all_to_all axis_index pshuffle pswapaxes".split()
)


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
    fresh = lifetime.identity(program, value)
    often = lifetime.frequency(program, function)
    again = fresh.how == "fresh" and (lifetime.repeats(use.call.loops) is not None or often.how == "many")
    notes = []
    severity = "info"
    if traced is not None:
        severity = "warning"
        said = f"`{use.short}` of `{name}` runs inside `{traced.use.short}`: each call nests a sharded program, and its arguments are copied to the devices and back"
        notes.append(Note(program.place(traced.use.flow, traced.use.call.expr), f"`{traced.use.short}` is here"))
    elif again:
        severity = "warning"
        said = f"`{use.short}` wraps {fresh.what} anew each time `{function.name}` runs: it is compiled again every time"
    else:
        said = f"`{use.short}` of `{name}` is the old way of running on several devices: JAX implements it by `jit` and `shard_map`"
    on_purpose = uses_collectives(program, use)
    return RULE.found(
        program.place(use.flow, use.call.expr),
        said,
        0.9 if again else 0.8 if traced is not None else 0.7 if on_purpose else 0.85,
        facts={"function": function.name, "wrapper": use.short, "callee": name, "collectives": on_purpose},
        notes=notes,
        severity=severity,  # type: ignore[arg-type]
        help="Use `jax.jit` (or `eqx.filter_jit`) with sharded arguments (`jax.device_put(x, NamedSharding(mesh, P(\"batch\")))`); "
        "where the function names its axis in collectives, `jax.shard_map` over a mesh with that axis.",
    )  # fmt: skip


def jitted(program: Program, use: c.TransformUse) -> Context | None:
    """A jit around the pmap: one that traces the function in which it stands, or whose call is handed to it."""
    context = program.tracing.context(use.flow.function)
    return context if context is not None and context.kind == "jit" else None


def uses_collectives(program: Program, use: c.TransformUse) -> bool:
    """Whether the axis is named: the function (or what it calls) then speaks to the other devices."""
    return use.option("axis_name") is not None or len(use.call.args) > 1 and isinstance(getattr(use.call.args[1], "value", None), str)


RULE = Rule(
    name="pmap",
    title="pmap instead of jit with sharding",
    severity="info",
    dont="Run on several devices with `pmap`.",
    do="Shard the arguments and use `jit`; `jax.shard_map` where the function speaks to the other devices by `axis_name`.",
    why="",
    allowed="Collectives over `axis_name` that are kept on purpose (reported as a suspicion only).",
    may_break="`pmap` wants a leading axis as long as the number of devices and gives it back; `jit` works on the whole array.",
    sees=("source",),
    needs=("equations",),
    examples=(),
    allowed_samples=(),
    match=match,
)
__all__ = ["COLLECTIVES", "RULE", "v"]
