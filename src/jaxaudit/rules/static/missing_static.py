"""A traced argument that Python must know: a shape, an axis, a branch, a mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxaudit.model import Finding, Fix, Note, Place
from jaxaudit.rules.control_flow.in_sight import sure_of
from jaxaudit.rules.rule import Example, Rule, Sample
from jaxaudit.rules.static.host_values import HostEvidence, host_evidence
from jaxaudit.rules.static.made_static import propose
from jaxaudit.rules.static.missing_static_seen import observe
from jaxaudit.rules.static.no_array import Untraceable, certainty_of_object, untraceable_arguments
from jaxaudit.rules.static.origins import argument_expr
from jaxaudit.rules.static.plain_way import asks_parameters, entry, guarded, is_plain
from jaxaudit.source import calls as c
from jaxaudit.source.facts import text
from jaxaudit.source.kinds import Kind, kind_of
from jaxaudit.source.program import Program
from jaxaudit.source.scopes import Function
from jaxaudit.source.structure import Sink, parameters_in, sinks
from jaxaudit.source.tracing import Why

if TYPE_CHECKING:
    from jaxaudit.edits import Edit, SourceText


class Fault(NamedTuple):
    """One traced parameter (`why`), a place that needs its value, and whether only a part of it gets there."""

    why: Why
    sink: Sink
    part: bool


def match(program: Program) -> Iterator[Finding]:
    found: dict[tuple[Function, str], list[Fault]] = {}
    doubted: dict[tuple[Function, str], Finding] = {}
    for function in list(program.graph.linked_functions):
        if function.module.context or program.tracing.context(function, abstract=True) is None:
            continue
        for sink in sinks(program, function):
            for param in parameters_in(program, sink.value):
                if not is_plain(program, sink.value, param, True):
                    continue
                why = entry(program, param.function, param.name)
                if why is None or (sink.method is not None and c.targets(program, sink.method)):
                    continue
                part = not is_plain(program, sink.value, param)
                found.setdefault((why.function, why.param), []).append(Fault(why, sink, part))
    known = set()
    for key, faults in found.items():
        finding = judge(program, faults)
        if finding is not None and finding.confidence >= 0.8:
            known.add(key)
            yield finding
        elif finding is not None:
            doubted[key] = finding
    for argument in untraceable_arguments(program, known):
        doubted.pop((argument.site.function, argument.name), None)
        yield finding_of_object(program, argument)
    yield from doubted.values()


def judge(program: Program, faults: list[Fault]) -> Finding | None:
    """What the places that need one parameter's value amount to, with what its callers hand it."""
    open_faults = [f for f in faults if not guarded(program, f.sink)]
    if not open_faults:
        return None
    evidence = host_evidence(program, faults[0].why.function, faults[0].why.param, faults[0].why.use)
    if evidence.never_handed:
        return None  # a default is no tracer
    structural = [f for f in open_faults if f.sink.sort == "structure"]
    others = [
        f for f in open_faults if f.sink.sort != "structure" and f.why.use.spec.kind in ("jit", "pmap", "checkpoint")
    ]
    if evidence.arrays or not (evidence.is_host or evidence.named):
        others = []  # a branch on an array is branch-on-tracer's
    others = [f for f in others if not stands_beside_an_array(program, f)]
    rated = [
        (sure_of(program, f.why, f.sink.flow.function, certainty(f, evidence), plain=True), f)
        for f in [*structural, *others][:24]
    ]
    rated = [(r if f.sink.sort == "structure" or evidence.is_host else min(r, 0.4), f) for r, f in rated]
    best = max((r for r, _ in rated), default=0.0)
    if best == 0.0:
        return None
    return finding_of(program, next(f for r, f in rated if r == best), evidence, best)


def stands_beside_an_array(program: Program, fault: Fault) -> bool:
    """Whether what is asked for is made of a traced array as well, so that a static number would not help."""
    others = [p for p in parameters_in(program, fault.sink.value) if p.name != fault.why.param]
    return any(kind_of(program, p).is_array and program.tracing.tracer(p) is not None for p in others)


def certainty(fault: Fault, evidence: HostEvidence) -> float:
    """Certain when the value comes straight from the parameter, and some call is seen to hand it over (or must)."""
    parameter = fault.why.function.parameter(fault.why.param)
    if parameter is None or parameter.kind in ("*", "**") or any(branch.kind == "try" for branch, _ in fault.sink.path):
        return 0.4
    if fault.part:
        return 0.5
    if fault.sink.path and (fault.why.calls or not all(asks_parameters(branch.test) for branch, _ in fault.sink.path)):
        return 0.6  # a branch that may never be taken
    if parameter.default is not None and not evidence.handed:
        return 0.6
    if fault.why.use.spec.kind not in ("jit", "pmap", "checkpoint"):
        return 0.6 if fault.why.calls else 0.85
    return 0.85 if fault.why.calls else 0.9


def finding_of(program: Program, fault: Fault, evidence: HostEvidence, confidence: float) -> Finding:
    why, sink = fault.why, fault.sink
    function = why.function
    parameter = function.parameter(why.param)
    assert parameter is not None
    here = sink.flow.function is function
    signature = program.place(function.flow, parameter.expr)
    needed = program.place(sink.flow, sink.expr) if sink.expr is not None else signature
    notes = (
        [Note(signature, f"`{why.param}` comes in here")] if here else [Note(needed, f"here it decides {sink.what}")]
    )
    handed = next(iter(evidence.handed), None)
    if handed is not None and handed[0].flow is not None:
        call, value = handed
        notes.append(
            Note(
                program.place(call.flow, argument_expr(call, value)),
                f"`{text(argument_expr(call, value), 40)}` is handed in here",
            )
        )
    notes.append(Note(program.place(why.use.flow, why.use.call.expr), f"`{why.use.short}` traces it"))
    where = "" if here else f" (in `{sink.flow.function.name}`)"
    static = why.use.spec.static_names or why.use.spec.static_nums
    kind = why.use.spec.kind
    advice = (
        f"Name it in `{static}` of the `{why.use.short}`, where its callers hold a plain Python value; if it must "
        "stay an array, use a fixed size with a mask, `lax.cond`, or `lax.dynamic_slice`."
        if static and kind in ("jit", "pmap", "checkpoint")
        else f"Under `{why.use.short}` each parameter is a tracer: close over the plain value instead (a lambda, "
        "`functools.partial`), or use a fixed size with a mask, `lax.dynamic_slice`, `lax.cond`."
    )
    mendable = (
        kind == "jit" and not evidence.arrays and bool(why.use.spec.static_names) and unhashable(evidence) is None
    ) and not why.use.is_own
    return RULE.found(
        needed if here else signature,
        f"`{why.param}` of `{function.name}` decides {sink.what}{where}, but `{why.use.short}` makes it a tracer: "
        "tracing it raises an error",
        confidence,
        facts={
            "parameter": why.param,
            "function": function.name,
            "decides": sink.what,
            "transformation": why.use.short,
            "made_static": why.param if static else "",
        },
        notes=notes,
        help=advice,
        fix=Fix("unsafe", f"make `{why.param}` static")
        if mendable and notes[-1].place.path == signature.path
        else None,
    )


def unhashable(evidence: HostEvidence) -> Kind | None:
    return next((k for _, _, k in evidence.host if k.what in ("list", "dict", "set")), None)


def finding_of_object(program: Program, found: Untraceable) -> Finding:
    site, name, call, value, what, _ = found
    assert call.flow is not None
    parameter = site.function.parameter(name)
    assert parameter is not None
    is_receiver = name == site.function.self_name and not any(value is one for one in call.args)
    place = program.place(call.flow, call.expr if is_receiver else argument_expr(call, value))
    notes = [
        Note(program.place(site.function.flow, parameter.expr), f"`{name}` is traced: nothing makes it static"),
        Note(program.place(site.flow, site.call.expr), f"`{site.use.short}` is put here"),
    ]
    value_text = text(argument_expr(call, value), 40)
    return RULE.found(
        place,
        f"`{value_text}` is {what}, and `{name}` of the jitted `{site.function.name}` is not static: it can't be "
        "traced and the call raises an error",
        certainty_of_object(program, found) if parameter.kind in ("positional", "keyword") else 0.5,
        facts={"parameter": name, "function": site.function.name, "value": value_text, "made_static": name},
        notes=notes,
        help=f"Name `{name}` in `static_argnames`, or close over it.",
        fix=Fix("unsafe", f"make `{name}` static")
        if notes[1].place.path == place.path and site.use.spec.static_names and not site.use.is_own
        else None,
    )


def mend(finding: Finding, source: SourceText) -> tuple[Edit, ...]:
    """Adds the parameter to `static_argnames` of the jit that the last note shows."""
    from jaxaudit.edits import CannotEdit, add_static_name, jit_site

    place: Place = finding.notes[-1].place
    if place.path != finding.place.path:
        raise CannotEdit("the jit stands in another file")
    return add_static_name(source, jit_site(source, place), str(finding.facts["parameter"]))


RULE = Rule(
    name="missing-static",
    title="traced argument that Python must know",
    severity="error",
    dont="Trace an argument that decides a shape, an axis, a Python branch or the number of turns of a Python loop.",
    do="Name it in `static_argnames` if it is a plain Python value; if it is an array on purpose, use `lax` control "
    "flow, "
    "masks or `lax.dynamic_slice`.",
    why="Under `jit`, `vmap` and `scan` an argument is a tracer without a value. 34 kinds of use were run on JAX "
    "0.10.2 and "
    "0.12.0.1 with a Python number for the argument: `jnp.zeros(n)`, `reshape`, `arange`, `range(n)`, `x[:n]`, "
    "`axis=n`, "
    "`top_k`, `if flag` and 23 others raised at the first call; `x[n]`, `jnp.roll(x, n)` and `fori_loop(0, n, ...)` "
    "work traced.",
    allowed="A default that no call overrides stays a plain value. `is None`, `isinstance`, shapes and dtypes are "
    "known while tracing.",
    may_break="A static argument must be hashable, compiles once per value, and may not arrive as a tracer from an "
    "outer transformation.",
    sees=("source", "run"),
    needs=("argument_values",),
    examples=(
        Example(
            "the size of an array",
            dont=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("clip",))
def histogram(values, n_bins, clip):
    counts = jnp.zeros(n_bins)  # fault
    index = (values * n_bins).astype(int)
    return counts.at[index].add(1.0, mode="clip" if clip else "drop")


histogram(jnp.array([0.1, 0.7]), 4, clip=True)
""",
                shows="'Shapes must be 1D sequences of concrete values' in raised",
            ),
            do=Sample(
                """import functools

import jax
import jax.numpy as jnp


@functools.partial(jax.jit, static_argnames=("clip", "n_bins"))
def histogram(values, n_bins, clip):
    counts = jnp.zeros(n_bins)
    index = (values * n_bins).astype(int)
    return counts.at[index].add(1.0, mode="clip" if clip else "drop")


histogram(jnp.array([0.1, 0.7]), 4, clip=True)
""",
                shows="compiles('histogram') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a flag and a bare decorator",
            dont=Sample(
                """import jax
import jax.numpy as jnp


@jax.jit
def layer(x, train):
    if train:  # fault
        return 0.5 * x
    return x


layer(jnp.ones(3), True)
""",
                shows="'boolean conversion of traced array' in raised",
            ),
            do=Sample(
                """from functools import partial

import jax
import jax.numpy as jnp


@partial(jax.jit, static_argnames=("train",))
def layer(x, train):
    if train:
        return 0.5 * x
    return x


layer(jnp.ones(3), True)
""",
                shows="compiles('layer') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a mode that a caller hands over",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def pool(x, reduction):
    if reduction == "mean":  # fault
        return jnp.mean(x)
    return jnp.max(x)


fast_pool = jax.jit(pool)
fast_pool(jnp.ones(3), "mean")
""",
                shows="'mean' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp


def pool(x, reduction):
    if reduction == "mean":
        return jnp.mean(x)
    return jnp.max(x)


fast_pool = jax.jit(pool, static_argnames=("reduction",))
fast_pool(jnp.ones(3), "mean")
""",
                shows="compiles('pool') == 1",
            ),
            fixed_by_us=True,
        ),
        Example(
            "a size that vmap maps over",
            dont=Sample(
                """import jax
import jax.numpy as jnp


def harmonics(count):
    return jnp.sum(1.0 / jnp.arange(1, count))  # fault


jax.vmap(harmonics)(jnp.arange(2, 6))
""",
                shows="'concrete value is expected' in raised",
            ),
            do=Sample(
                """import jax
import jax.numpy as jnp

MOST = 8


def harmonics(count):
    order = jnp.arange(1, MOST)
    return jnp.sum(jnp.where(order < count, 1.0 / order, 0.0))


jax.vmap(harmonics)(jnp.arange(2, 6))
""",
                shows="not raised",
            ),
        ),
    ),
    allowed_samples=(
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def window(x, length=3):
    return jnp.ones(length) * x


window(2.0)
""",
            shows="compiles('window') == 1",
        ),
        Sample(
            """import jax
import jax.numpy as jnp


@jax.jit
def pick(x, row, turns):
    padded = jnp.zeros(x.shape[0] + 1)
    return jax.lax.fori_loop(0, turns, lambda i, c: c + x[row], padded[row])


pick(jnp.ones(4), 2, 3)
""",
            shows="compiles('pick') == 1",
        ),
    ),
    match=match,
    observe=observe,
    mend=mend,
    propose=propose,
    knows_better=True,
)
